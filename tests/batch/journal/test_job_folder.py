import errno
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from batch_outcomes import bad, ok, request
from llmring import ConfigurationError
from llmring.batch.input.row_source import InputFingerprint
from llmring.batch.journal.job_description import JobDescription
from llmring.batch.journal.job_folder import JobFolder, MemoryJob, all_outcomes, open_job, read_job
from llmring.batch.row import RowProblem, RowRequest

INPUT = InputFingerprint(name="in.csv", size=4, digest="1")
DESCRIPTION = JobDescription(inputs=(INPUT,), parts={"prompt": "a"})


def requests() -> Iterator[RowRequest | RowProblem]:
    return iter([request(at, digest) for at, digest in enumerate(["d0", "d1", "x"])])


def opened(folder: Path, description: JobDescription = DESCRIPTION, **options: Any) -> JobFolder:
    return open_job(folder, description, requests, **options)


def no_room(line: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl.llmring"


def test_b27_the_same_job_goes_on(folder: Path) -> None:
    job = opened(folder)
    job.add(ok(0))
    job.add(bad(1))
    job.close()

    again = opened(folder)

    assert again.job.id == job.job.id
    assert [again.is_done(at) for at in range(3)] == [True, True, False]
    assert again.spent == Decimal("0.001")
    again.close()


def test_b24_each_run_has_a_file_of_results_of_its_own(folder: Path) -> None:
    for at in range(3):
        job = opened(folder)
        job.add(ok(at))
        job.close()

    names = [path.name for path in sorted(folder.glob("results-*"))]
    assert names == ["results-0001.jsonl", "results-0002.jsonl", "results-0003.jsonl"]
    job = opened(folder)
    assert job.counts.ok == 3
    job.close()


def test_b31_a_run_in_progress_is_not_joined(folder: Path) -> None:
    job = opened(folder)

    with pytest.raises(ConfigurationError, match="another run of this job"):
        opened(folder)

    job.close()


def test_b28_a_changed_job_is_refused_with_what_differs(folder: Path) -> None:
    job = opened(folder)
    job.add(ok(0))
    job.add(ok(1, digest="other"))
    job.close()

    with pytest.raises(ConfigurationError) as caught:
        opened(folder, JobDescription(inputs=(INPUT,), parts={"prompt": "b"}))

    assert "prompt differs" in str(caught.value)
    assert "1 of its 2 rows have the same request" in str(caught.value)
    opened(folder).close()


def test_b28_kept_answers_of_the_same_input_stay_where_they_are(folder: Path) -> None:
    job = opened(folder)
    job.add(ok(1, digest="other"))
    job.close()
    changed = JobDescription(inputs=(INPUT,), parts={"prompt": "b"})

    again = opened(folder, changed, changed="keep")

    assert [again.is_done(at) for at in range(2)] == [False, True]
    again.close()
    stored = read_job(folder)
    assert stored is not None
    assert stored.description == changed


def test_b28_rerun_asks_again_what_is_asked_differently_and_keeps_count(folder: Path) -> None:
    job = opened(folder)
    job.add(ok(0))
    job.add(ok(1, digest="other"))
    job.close()

    again = opened(folder, JobDescription(parts={"prompt": "a"}), changed="rerun")

    assert [again.is_done(at) for at in range(3)] == [True, False, False]
    assert again.spent == Decimal("0.002")
    again.close()
    stored = read_job(folder)
    assert stored is not None
    assert [each.ordinal for each in all_outcomes(folder, stored)] == [0]


def test_b27_restart_starts_over(folder: Path) -> None:
    job = opened(folder)
    job.add(ok(0))
    job.close()

    again = opened(folder, restart=True)

    assert not again.is_done(0)
    assert again.job.id != job.job.id
    assert again.spent == 0
    again.close()


def test_b24_a_damaged_description_is_an_error_with_the_fix(folder: Path) -> None:
    opened(folder).close()
    (folder / "job.json").write_text("{")

    with pytest.raises(ConfigurationError, match="--restart"):
        opened(folder)


def test_b30_outcomes_wait_for_room_on_the_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = opened(folder)
    job.add(ok(0))
    with monkeypatch.context() as full:
        full.setattr(job._file, "write", no_room)
        job.add(ok(1))
        job.add(ok(2))
        job.write_waiting()
        waited = (job.is_full, job.counts.ok)

    job.write_waiting()

    assert waited == (True, 1)
    assert not job.is_full
    job.close()
    again = opened(folder)
    assert [again.is_done(at) for at in range(4)] == [True, True, True, False]
    again.close()


def test_b30_a_disk_that_stays_full_ends_the_run_with_the_number_of_rows(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = opened(folder)
    job._full_seconds = -1.0
    monkeypatch.setattr(job._file, "write", no_room)
    job.add(ok(1))

    with pytest.raises(ConfigurationError, match="1 outcomes could not be written"):
        job.write_waiting()
    job.close()


def test_b37_a_job_in_memory_asks_every_row() -> None:
    job = MemoryJob()
    job.add(ok(0))
    job.write_waiting()

    assert not job.is_done(0)
    assert not job.is_full
    assert job.counts.ok == 1
    assert job.spent == Decimal("0.001")
    job.close()
