"""The file by which processes learn that kept answers are to be removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmring.answer_cache.clear_mark import ClearMark
from llmring.exceptions import ConfigurationError


def test_each_mark_is_another_one(tmp_path: Path) -> None:
    mark, other = ClearMark(tmp_path / "state"), ClearMark(tmp_path / "state")
    found = [mark.now()]
    for _ in range(3):
        other.set()
        found.append(mark.now())
        assert mark.now() == found[-1]

    assert len({*found}) == 4
    assert found[0] is None


def test_without_a_home_folder_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    mark = ClearMark(Path("~/.local/state/llmring"))

    assert mark.now() is None
    with pytest.raises(ConfigurationError, match="HOME"):
        mark.set()
    assert [*folder.iterdir()] == []
