import os
import subprocess
import sys
from pathlib import Path

import pytest

from llmring import ConfigurationError
from llmring.batch.journal.job_lock import JobLock, holder_of


def test_b31_a_second_run_is_refused_with_the_first_one_s_process(tmp_path: Path) -> None:
    lock = JobLock(tmp_path / "lock")

    with pytest.raises(ConfigurationError, match=f"process {os.getpid()} on "):
        JobLock(tmp_path / "lock")
    lock.release()
    JobLock(tmp_path / "lock").release()


_HOLDER = """
import sys
from pathlib import Path
from llmring.batch.journal.job_lock import JobLock
lock = JobLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_b31_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    command = [sys.executable, "-c", _HOLDER, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(ConfigurationError, match=f"process {process.pid} on "):
            JobLock(path)
        process.kill()
        process.wait()

    JobLock(path).release()


def test_b33_the_process_that_holds_a_lock_is_named_without_disturbing_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    before = holder_of(path)
    lock = JobLock(path)
    during = holder_of(path)
    lock.release()

    assert (before, holder_of(path)) == (None, None)
    assert during is not None
    assert during.startswith(f"process {os.getpid()} on ")
    JobLock(path).release()
