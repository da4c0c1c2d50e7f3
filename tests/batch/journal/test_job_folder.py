import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from batch_outcomes import bad, ok
from llmring.batch.journal.job_description import JobDescription
from llmring.batch.journal.job_folder import JobFolder, MemoryJob
from llmring.batch.journal.journal_file import FULL
from llmring.batch.journal.open_job import open_job


def opened(folder: Path) -> JobFolder:
    return open_job(folder, JobDescription(), lambda: iter([]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl.llmring"


def test_b26_an_outcome_is_on_the_disk_when_it_counts(folder: Path) -> None:
    job = opened(folder)

    job.add(ok(4, "yes"))

    [results] = job.result_paths()
    assert results.read_bytes().endswith(b"\n")
    assert (job.is_done(4), job.counts.ok, job.spent) == (True, 1, Decimal("0.001"))
    assert [each.text for each in job.outcomes()] == ["yes"]
    job.close()


def test_b42_what_is_synced_is_read_while_the_job_is_open(folder: Path) -> None:
    job = opened(folder)
    job.add(ok(0))

    job.sync()

    [results] = job.result_paths()
    assert results.read_bytes().count(b"\n") == 1
    job.close()


def test_b24_a_job_can_be_closed_twice(folder: Path) -> None:
    job = opened(folder)
    job.close()

    job.close()

    opened(folder).close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("needs mount")
    command = [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    yield disk
    subprocess.run([umount, str(disk)], check=True)


def test_b30_a_full_disk_harms_nothing_and_the_job_goes_on_with_room(small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 1_500_000)
    job = opened(small_disk / "job")
    added = 0
    with pytest.raises(OSError, match="space") as caught:  # noqa: PT012 -- until it is full
        while True:
            job.add(ok(added, "y" * 1000))
            added += 1

    assert caught.value.errno in FULL
    assert 100 < added < 600
    assert (job.is_done(added), job.counts.ok) == (False, added)
    [results] = job.result_paths()
    assert results.read_bytes().endswith(b"\n")
    filler.unlink()
    job.add(ok(added, "y" * 1000))
    job.close()
    again = opened(small_disk / "job")
    assert [each.ordinal for each in again.outcomes()] == list(range(added + 1))
    again.close()


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from batch_outcomes import ok
from llmring.batch.journal.job_description import JobDescription
from llmring.batch.journal.open_job import open_job
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
job = open_job(Path(sys.argv[1]), JobDescription(), lambda: iter([]))
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
added = 0
try:
    while True:
        job.add(ok(added, "y" * 300))
        added += 1
except OSError:
    print(added)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
job.add(ok(added))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_b30_a_row_that_fits_only_in_part_is_cut_back(folder: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _LIMITED, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)

    added = int(ended.stdout)
    job = opened(folder)
    assert [each.ordinal for each in job.outcomes()] == list(range(added + 1))
    job.close()


def test_b37_a_job_in_memory_counts_and_holds_no_outcomes() -> None:
    job = MemoryJob()
    job.add(ok(0))
    job.add(bad(1))

    assert [job.is_done(at) for at in range(3)] == [True, True, False]
    assert (job.counts.ok, job.counts.failed) == (1, 1)
    assert job.spent == Decimal("0.001")
    assert list(job.outcomes()) == []
    job.close()


def test_b37_a_job_in_memory_can_hold_its_outcomes_in_order() -> None:
    job = MemoryJob(keeps_outcomes=True)
    job.add(ok(1))
    job.add(ok(0))

    assert [each.ordinal for each in job.outcomes()] == [0, 1]
