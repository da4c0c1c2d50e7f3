import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmring.batch.journal.journal_file import FULL, JournalFile, cut_torn_line, lines_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results-0001.jsonl"


def test_b26_each_line_is_in_the_file_when_write_returns(path: Path) -> None:
    file = JournalFile(path)

    file.write(b"one\n")
    first = path.read_bytes()
    file.write(b"two\n")

    assert (first, path.read_bytes()) == (b"one\n", b"one\ntwo\n")
    file.close()


@pytest.mark.parametrize(
    ("torn", "whole"),
    [
        (b"one\ntw", b"one\n"),
        (b"tw", b""),
        (b"", b""),
        (b"one\n", b"one\n"),
        (b"one\n" + b"x" * 3_000_000, b"one\n"),
    ],
    ids=["last line", "only line", "empty", "whole", "long"],
)
def test_b26_a_torn_last_line_is_cut(path: Path, torn: bytes, whole: bytes) -> None:
    path.write_bytes(torn)

    cut_torn_line(path)

    assert path.read_bytes() == whole


def test_b26_a_journal_goes_on_behind_its_whole_lines(path: Path) -> None:
    path.write_bytes(b"one\ntw")

    file = JournalFile(path)
    file.write(b"three\n")
    file.close()

    assert list(lines_of(path)) == [(0, b"one\n"), (4, b"three\n")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_b30_a_full_disk_is_an_error_that_says_so() -> None:
    file = JournalFile(Path("/dev/full"))

    with pytest.raises(OSError, match="space") as caught:
        file.write(b"one\n")

    assert caught.value.errno in FULL
    file.close()


_WRITER = """
import sys
from pathlib import Path
from llmring.batch.journal.journal_file import JournalFile
file = JournalFile(Path(sys.argv[1]))
at = int(sys.argv[2])
while True:
    file.write(b"%d %s\\n" % (at, b"x" * 400))
    sys.stdout.write(f"{at}\\n"); sys.stdout.flush()
    at += 1
"""


def test_b26_a_kill_at_any_moment_loses_no_line_that_was_counted(path: Path) -> None:
    counted = -1
    for nth in range(6):
        command = [sys.executable, "-c", _WRITER, str(path), str(counted + 1)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.01 * nth)
        process.send_signal(signal.SIGKILL)
        seen = [int(line) for line in process.stdout.read().split("\n")[:-1]]
        process.wait()
        process.stdout.close()
        cut_torn_line(path)
        numbers = [int(line.split()[0]) for _, line in lines_of(path)]
        assert set(range(max([counted, *seen]) + 1)) <= set(numbers)
        counted = max(numbers)


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from llmring.batch.journal.journal_file import JournalFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = JournalFile(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1020, resource.RLIM_INFINITY))
written = 0
try:
    while True:
        file.write(b"x" * 99 + b"\\n")
        written += 1
except OSError as error:
    print(written)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
file.write(b"last\\n")
file.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of a process")
def test_b30_what_fits_only_in_part_is_cut_back(path: Path) -> None:
    command = [sys.executable, "-c", _LIMITED, str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)

    lines = [line for _, line in lines_of(path)]
    assert (ended.stdout.strip(), len(lines)) == ("10", 11)
    assert lines[-1] == b"last\n"
    assert path.stat().st_size == 1005
