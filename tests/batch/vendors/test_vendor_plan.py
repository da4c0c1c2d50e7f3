"""The plan of a job at a vendor, and what its folder keeps of it."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from llmring import LLMRing
from llmring.batch.engine.job_options import JobOptions, plan_of
from llmring.batch.journal.job_description import JobDescription, JobFile
from llmring.batch.journal.job_file import write_job
from llmring.batch.vendors.vendor_plan import (
    RowRequests,
    kept_options,
    most_usd,
    require_same,
    target_of,
    vendor_plan,
)
from llmring.batch.vendors.vendor_progress import BatchPart, VendorProgress
from llmring.client.batches.ring_batch_calls import RingBatchCalls
from llmring.exceptions import ConfigurationError, ValidationError
from rings import MODEL, TODAY

ENVIRON = {"OPENAI_API_KEY": "sk-first-0123456789abcdef", "LLMRING_TODAY": TODAY}


@pytest.fixture
def calls() -> RingBatchCalls:
    return RingBatchCalls(LLMRing(environ=ENVIRON))


def options(folder: Path, **more: Any) -> JobOptions:
    source = folder / "in.csv"
    source.write_text('text\none\n""\nthree\n')
    return JobOptions(rows=[str(source)], alias=MODEL, prompt="{text}", job=folder / "job", **more)


def test_b39_the_requests_are_those_of_all_rows_that_can_be_asked_each_time(
    calls: RingBatchCalls, tmp_path: Path
) -> None:
    requests = RowRequests(plan_of(options(tmp_path), calls))

    assert [each.row.ordinal for each in requests] == [0, 2]
    assert [each.row.ordinal for each in requests] == [0, 2]


@pytest.mark.parametrize(
    "more", [{"dedupe": True}, {"shuffle": True}, {"cache_system": True}], ids=str
)
def test_b39_options_that_batches_lack_are_refused(
    calls: RingBatchCalls, tmp_path: Path, more: dict[str, Any]
) -> None:
    given = options(tmp_path, **more)

    with pytest.raises(ValidationError, match="leave out"):
        vendor_plan(plan_of(given, calls), given)


def test_b40_another_process_makes_the_same_requests_by_the_folder(
    calls: RingBatchCalls, tmp_path: Path
) -> None:
    given = options(tmp_path, system="Be {text}", fields={"max_tokens": 7}, limit=1)
    plan = vendor_plan(plan_of(given, calls), given)

    again = plan_of(kept_options(tmp_path / "job", plan.kept or {}), calls)

    assert [*RowRequests(again)] == [*RowRequests(plan)]


def test_b41_the_most_that_batches_cost_is_known_at_the_batch_rate(
    calls: RingBatchCalls, tmp_path: Path
) -> None:
    def most(tokens: int) -> Any:
        plan = plan_of(options(tmp_path, fields={"max_tokens": tokens}), calls)
        return most_usd(plan, target_of(plan), iter(plan.source))

    # Two rows can be asked; an output token of this model costs $0.60 a million.
    assert most(2_000) - most(1_000) == Decimal("0.0006")


@pytest.mark.parametrize(
    ("part", "is_cancelled", "is_refused"),
    [
        (BatchPart(number=1, rows=1, size=1, path="/x", api_model="m", batch="b"), False, True),
        (BatchPart(number=1, rows=1, size=1, path="/x", api_model="m"), False, True),
        (BatchPart(number=1, rows=1, size=1, path="/x", api_model="m"), True, False),
        (
            BatchPart(number=1, rows=1, size=1, path="/x", api_model="m", is_collected=True),
            False,
            False,
        ),
    ],
)
def test_b40_batches_at_work_must_ask_what_the_job_asks(
    tmp_path: Path, part: BatchPart, is_cancelled: bool, is_refused: bool
) -> None:
    write_job(tmp_path, JobFile(id="1", description=JobDescription(parts={"prompt": "a"})))
    progress = VendorProgress(is_split=True, is_cancelled=is_cancelled, parts={1: part})
    require_same(tmp_path, JobDescription(parts={"prompt": "a"}), progress)
    other = JobDescription(parts={"prompt": "b"})

    if is_refused:
        with pytest.raises(ConfigurationError, match="prompt"):
            require_same(tmp_path, other, progress)
    else:
        require_same(tmp_path, other, progress)
