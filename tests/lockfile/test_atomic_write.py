import os
import stat
from pathlib import Path

import pytest

from llmring.lockfile import atomic_write


def test_replacing_a_file_leaves_no_other_file_behind(tmp_path: Path) -> None:
    folder = tmp_path / "cwd"
    (folder / "f").write_bytes(b"old")

    atomic_write.replace(folder / "f", b"new")

    assert {each.name: each.read_bytes() for each in folder.iterdir()} == {"f": b"new"}


def test_a_temporary_file_left_by_a_crash_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "cwd"
    (folder / ".f.tmp").write_bytes(b"half")

    atomic_write.replace(folder / "f", b"new")

    assert [each.name for each in folder.iterdir()] == ["f"]


def test_a_failed_replacement_keeps_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "f" / "full").mkdir(parents=True)

    with pytest.raises(OSError, match="directory"):
        atomic_write.replace(tmp_path / "f", b"new")

    assert (tmp_path / "f" / "full").is_dir()
    assert not (tmp_path / ".f.tmp").exists()


def test_only_one_writer_enters_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic_write, "_PATIENCE_SECONDS", 0.02)
    first, second = (atomic_write.turn(tmp_path / "f") for _ in range(2))

    with first, pytest.raises(TimeoutError), second:
        pass

    with atomic_write.turn(tmp_path / "f"):
        pass


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_the_mode_of_a_link_is_not_passed_on(tmp_path: Path) -> None:
    (tmp_path / "f").symlink_to(tmp_path / "away")

    atomic_write.replace(tmp_path / "f", b"new", mode=0o640)

    assert stat.S_IMODE((tmp_path / "f").lstat().st_mode) == 0o640
