import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import llmring.batch.journal.open_job as open_job_module
from batch_outcomes import bad, ok, request
from llmring import ConfigurationError
from llmring.batch.input.row_source import InputFingerprint
from llmring.batch.journal.job_description import JobDescription
from llmring.batch.journal.job_file import read_job
from llmring.batch.journal.job_folder import JobFolder
from llmring.batch.journal.open_job import Requests, open_job
from llmring.batch.row import RowProblem, RowRequest

INPUT = InputFingerprint(name="in.csv", size=4, digest="1", covers="whole")
CHANGED_INPUT = InputFingerprint(name="in.csv", size=5, digest="2", covers="whole")
STREAM = InputFingerprint(name="-")
DESCRIPTION = JobDescription(inputs=(INPUT,), parts={"prompt": "a"})
PROMPT_B = JobDescription(inputs=(INPUT,), parts={"prompt": "b"})


def asking(*digests: str, ids: Sequence[str] = ()) -> Requests:
    def requests() -> Iterator[RowRequest | RowProblem]:
        for at, digest in enumerate(digests):
            yield request(at, digest, ids[at] if ids else None)

    return requests


def opened(
    folder: Path,
    description: JobDescription = DESCRIPTION,
    requests: Requests | None = None,
    **options: Any,
) -> JobFolder:
    return open_job(folder, description, requests or asking("d0", "d1", "x"), **options)


def done(job: JobFolder, rows: int = 5) -> list[int]:
    return [at for at in range(rows) if job.is_done(at)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl.llmring"


@pytest.fixture
def two_done(folder: Path) -> Path:
    job = opened(folder)
    job.add(ok(0, "zero"))
    job.add(ok(1, "one", digest="other"))
    job.close()
    return folder


def test_b27_the_same_job_goes_on(folder: Path) -> None:
    job = opened(folder)
    job.add(ok(0))
    job.add(bad(1))
    job.close()

    again = opened(folder)

    assert again.job.id == job.job.id
    assert done(again) == [0, 1]
    assert again.spent == Decimal("0.001")
    again.close()


def test_b24_each_run_has_a_file_of_results_of_its_own(folder: Path) -> None:
    for at in range(3):
        job = opened(folder)
        job.add(ok(at))
        job.close()
    opened(folder).close()

    names = [path.name for path in sorted(folder.glob("results-*"))]
    assert names == ["results-0001.jsonl", "results-0002.jsonl", "results-0003.jsonl"]


def test_b31_a_run_in_progress_is_not_joined(folder: Path) -> None:
    job = opened(folder)

    with pytest.raises(ConfigurationError, match=f"process {os.getpid()} on "):
        opened(folder)

    job.close()
    opened(folder).close()


def test_b28_a_changed_job_is_refused_with_what_differs(two_done: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        opened(two_done, PROMPT_B)

    assert "prompt differs" in str(caught.value)
    assert "of its 2 answers, 1 are to requests that are no longer asked" in str(caught.value)
    opened(two_done).close()


def test_b28_without_answers_a_changed_job_is_simply_another_one(folder: Path) -> None:
    opened(folder).close()

    opened(folder, PROMPT_B).close()

    stored = read_job(folder)
    assert stored is not None
    assert stored.description == PROMPT_B


def test_b28_kept_answers_of_the_same_input_stay_where_they_are(two_done: Path) -> None:
    again = opened(two_done, PROMPT_B, asking("n0", "n1", "n2"), changed="keep")

    assert done(again) == [0, 1]
    assert [(each.text, each.digest) for each in again.outcomes()] == [
        ("zero", "n0"),
        ("one", "n1"),
    ]
    assert again.spent == Decimal("0.002")
    again.close()
    opened(two_done, PROMPT_B).close()


def test_b28_rerun_asks_again_what_is_asked_differently_and_keeps_count(two_done: Path) -> None:
    again = opened(two_done, PROMPT_B, changed="rerun")

    assert done(again) == [0]
    assert again.spent == Decimal("0.002")
    again.add(ok(1, cost=Decimal(1)))
    again.close()
    once_more = opened(two_done, PROMPT_B)
    assert done(once_more) == [0, 1]
    assert once_more.spent == Decimal("1.002")
    once_more.close()


def test_b28_rows_inserted_in_the_middle_move_the_answers_with_them(two_done: Path) -> None:
    changed = JobDescription(inputs=(CHANGED_INPUT,), parts={"prompt": "a"})

    again = opened(two_done, changed, asking("new", "d0", "new", "other"), changed="keep")

    assert [(each.ordinal, each.text) for each in again.outcomes()] == [(1, "zero"), (3, "one")]
    again.close()


def test_b28_rows_with_ids_keep_their_answers_in_a_changed_input(folder: Path) -> None:
    job = opened(folder, JobDescription(inputs=(INPUT,), ids=True))
    job.add(ok(0, "zero", id="ann"))
    job.close()
    changed = JobDescription(inputs=(CHANGED_INPUT,), ids=True)

    again = opened(folder, changed, asking("n0", "n1", ids=["bob", "ann"]), changed="keep")

    assert [(each.ordinal, each.text) for each in again.outcomes()] == [(1, "zero")]
    again.close()


@pytest.mark.parametrize("inputs", [(), (STREAM,)], ids=["none", "a stream"])
def test_b28_rows_of_an_unknown_input_are_compared(
    folder: Path, inputs: tuple[InputFingerprint, ...]
) -> None:
    description = JobDescription(inputs=inputs)
    job = opened(folder, description)
    job.add(ok(0))
    job.close()
    opened(folder, description, asking("d0", "new")).close()

    with pytest.raises(ConfigurationError, match="the input differs"):
        opened(folder, description, asking("new", "d0"))

    again = opened(folder, description, asking("new", "d0"), changed="rerun")
    assert done(again) == [1]
    again.close()


def test_b28_rows_that_can_t_be_compared_are_refused(folder: Path) -> None:
    description = JobDescription(inputs=(STREAM,))
    job = open_job(folder, description, None)
    job.add(ok(0))
    job.close()

    with pytest.raises(ConfigurationError, match="write it to a file"):
        open_job(folder, description, None)


def test_b28_a_crash_before_the_description_is_replaced_changes_nothing(
    two_done: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(open_job_module, "write_job", crash)
        with pytest.raises(KeyboardInterrupt):
            opened(two_done, PROMPT_B, changed="rerun")

    again = opened(two_done)
    assert [each.text for each in again.outcomes()] == ["zero", "one"]
    assert again.spent == Decimal("0.002")
    again.close()


def test_b27_restart_starts_over(two_done: Path) -> None:
    before = read_job(two_done)

    again = opened(two_done, restart=True)

    assert before is not None
    assert done(again) == []
    assert again.job.id != before.id
    assert again.spent == 0
    again.close()


def test_b24_a_damaged_description_is_an_error_with_the_fix(folder: Path) -> None:
    opened(folder).close()
    (folder / "job.json").write_text("{")

    with pytest.raises(ConfigurationError, match="--restart"):
        opened(folder)
    opened(folder, restart=True).close()


def test_b24_results_without_a_description_are_not_taken_for_a_new_job(two_done: Path) -> None:
    (two_done / "job.json").unlink()

    with pytest.raises(ConfigurationError, match=r"job\.json is missing"):
        opened(two_done)


def test_b24_settings_are_kept_for_the_commands(folder: Path) -> None:
    opened(folder, settings={"inputs": ["in.csv"]}).close()
    opened(folder).close()
    kept = read_job(folder)
    opened(folder, settings={"inputs": ["moved.csv"]}).close()
    changed = read_job(folder)

    assert kept is not None
    assert kept.settings == {"inputs": ["in.csv"]}
    assert changed is not None
    assert changed.settings == {"inputs": ["moved.csv"]}


def test_b32_a_retry_runs_the_failed_rows_alone_and_the_answer_wins(folder: Path) -> None:
    job = opened(folder)
    for outcome in (ok(0), bad(1, cost=Decimal("0.5")), bad(2, passing=True)):
        job.add(outcome)
    job.close()
    (folder / "failed.jsonl").write_text("{}\n")
    plain = opened(folder)
    assert done(plain) == [0, 1]
    plain.close()

    retry = opened(folder, retry_failed=True)

    assert done(retry) == [0]
    assert not (folder / "failed.jsonl").exists()
    retry.add(ok(1))
    retry.close()
    again = opened(folder)
    assert [(each.ordinal, each.status) for each in again.outcomes()] == [
        (0, "ok"),
        (1, "ok"),
        (2, "failed"),
    ]
    assert again.spent == Decimal("0.502")
    again.close()


_RUN = """
import sys
from pathlib import Path
from batch_outcomes import ok
from llmring.batch.input.row_source import InputFingerprint
from llmring.batch.journal.job_description import JobDescription
from llmring.batch.journal.open_job import open_job
known = InputFingerprint(name="in", size=1, digest="1", covers="whole")
job = open_job(Path(sys.argv[1]), JobDescription(inputs=(known,)), None)
for at in range(100_000):
    if not job.is_done(at):
        job.add(ok(at, "x" * 500))
        sys.stdout.write(f"{at}\\n")
        sys.stdout.flush()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_b26_ten_kills_lose_no_row_and_repeat_only_the_one_in_flight(folder: Path) -> None:
    seen: list[int] = []
    pause = random.Random(1)
    for _ in range(10):
        command = [sys.executable, "-c", _RUN, str(folder)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as process:
            assert process.stdout is not None
            seen.append(int(process.stdout.readline()))
            time.sleep(pause.random() * 0.03)
            process.send_signal(signal.SIGKILL)
            seen += [int(line) for line in process.stdout.read().split("\n")[:-1] if line]

    known = InputFingerprint(name="in", size=1, digest="1", covers="whole")
    job = open_job(folder, JobDescription(inputs=(known,)), None)
    found = [each.ordinal for each in job.outcomes()]
    assert found == list(range(len(found)))
    assert len(seen) == len(set(seen))
    assert set(seen) <= set(found)
    assert len(found) - len(seen) <= 10
    assert job.counts.ok == len(found)
    assert job.spent == len(found) * Decimal("0.001")
    job.close()
