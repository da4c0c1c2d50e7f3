from pathlib import Path
from typing import Any

from batch_outcomes import ok
from llmring import LLMRing
from llmring.batch.engine.batch_settings import BatchSettings
from llmring.batch.engine.job_plan import JobPlan, OpenJob
from llmring.batch.input.open_rows import open_rows
from llmring.batch.input.request_builder import RequestBuilder
from llmring.batch.input.row_choice import ChosenRows, RowChoice
from llmring.batch.input.template import Template
from llmring.batch.journal.job_description import JobDescription
from llmring.client.batches.ring_batch_calls import RingBatchCalls


def plan(tmp_path: Path, prompt: str, choice: RowChoice, **options: Any) -> JobPlan:
    source = open_rows(tmp_path / "in.txt", format="text")
    return JobPlan(
        calls=RingBatchCalls(LLMRing()),
        source=source if choice.takes_all else ChosenRows(source, choice),
        builder=RequestBuilder("openai:m", prompt=Template(prompt)),
        settings=BatchSettings(),
        folder=tmp_path / "job",
        description=JobDescription(inputs=tuple(source.fingerprint()), parts={"prompt": prompt}),
        **options,
    )


def test_b28_answers_of_rows_that_a_run_leaves_out_are_kept_too(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a\nb\nc\n")
    first = OpenJob(plan(tmp_path, "{text}", RowChoice()))
    assert first.folder is not None
    for ordinal in range(3):
        first.folder.add(ok(ordinal))
    first.close()

    again = OpenJob(plan(tmp_path, "Why {text}?", RowChoice(limit=1), changed="keep"))

    assert again.folder is not None
    assert [again.folder.is_done(ordinal) for ordinal in range(3)] == [True, True, True]
    again.close()
