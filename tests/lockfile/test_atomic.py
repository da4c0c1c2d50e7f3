import os
from pathlib import Path

import pytest

from llmring.lockfile import atomic


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    folder = tmp_path / "cwd"
    (folder / "f").write_bytes(b"old")

    atomic.replace(folder / "f", b"new")

    assert {each.name: each.read_bytes() for each in folder.iterdir()} == {"f": b"new"}


def test_what_a_crash_left_behind_is_cleared_away(tmp_path: Path) -> None:
    folder = tmp_path / "cwd"
    (folder / ".f.tmp").write_bytes(b"half")

    atomic.replace(folder / "f", b"new")

    assert [each.name for each in folder.iterdir()] == ["f"]


def test_a_file_that_can_not_take_the_place_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "f" / "full").mkdir(parents=True)

    with pytest.raises(OSError, match="directory"):
        atomic.replace(tmp_path / "f", b"new")

    assert (tmp_path / "f" / "full").is_dir()
    assert not (tmp_path / ".f.tmp").exists()


def test_one_enters_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "_PATIENCE_SECONDS", 0.02)
    first, second = (atomic.open_turnstile(tmp_path / "f") for _ in range(2))
    atomic.enter(first)

    with pytest.raises(TimeoutError):
        atomic.enter(second)

    os.close(first)
    atomic.enter(second)
    os.close(second)
