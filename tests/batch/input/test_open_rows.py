from __future__ import annotations

from pathlib import Path

import pytest

from llmring.batch.input.open_rows import open_rows
from llmring.exceptions import MissingFileError


def test_b1_several_inputs_are_one_source(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("text\nx\n")

    assert len(list(open_rows([tmp_path / "a.csv", tmp_path / "b.csv"]))) == 2


def test_an_input_that_is_missing_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        open_rows(tmp_path / "absent.csv")
