from __future__ import annotations

from pathlib import Path

import pytest

from llmring.batch.input.file_fingerprint import WHOLE_BYTES, file_fingerprint
from llmring.batch.input.input_file import InputFile
from llmring.batch.input.row_source import InputFingerprint
from llmring.exceptions import ValidationError


def mark(path: Path) -> InputFingerprint:
    return file_fingerprint(InputFile(path=str(path), label=path.name, format="jsonl"))


def test_b28_a_small_file_is_known_by_all_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"one two three")
    before = mark(path)
    path.write_bytes(b"one TWO three")

    assert mark(path).digest != before.digest
    assert (before.name, before.size, before.covers) == ("a.jsonl", 13, "whole")


@pytest.mark.parametrize("place", [0, WHOLE_BYTES])
def test_b28_a_large_file_is_known_by_its_head_and_tail(tmp_path: Path, place: int) -> None:
    path = tmp_path / "a.jsonl"
    content = bytearray(WHOLE_BYTES + 1)
    path.write_bytes(content)
    before = mark(path)
    content[place] = 1
    path.write_bytes(content)

    assert before.covers == "pieces"
    assert mark(path).digest != before.digest


def test_b28_a_file_that_grew_has_another_size(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n")
    before = mark(path)
    path.write_bytes(b"{}\n{}\n")

    assert mark(path).size > before.size


def test_a_file_without_bytes_has_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch()

    assert mark(path).size == 0


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"gone\.jsonl"):
        mark(tmp_path / "gone.jsonl")
