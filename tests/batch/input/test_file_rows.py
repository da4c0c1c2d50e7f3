from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from llmring.batch.input.open_rows import open_rows
from llmring.batch.row import InputRow, RowProblem
from llmring.exceptions import ValidationError


def test_b25_a_row_is_known_by_its_file_and_its_place_in_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\none\ntwo\n")
    (tmp_path / "b.jsonl").write_text('\n{"text": "three"}\n')

    rows = list(open_rows([tmp_path / "a.csv", tmp_path / "b.jsonl"]))

    folder = str(tmp_path)
    assert rows == [
        InputRow(0, "a.csv:1", {"text": "one"}, "a.csv, line 2", folder),
        InputRow(1, "a.csv:2", {"text": "two"}, "a.csv, line 3", folder),
        InputRow(2, "b.jsonl:1", {"text": "three"}, "b.jsonl, line 2", folder),
    ]


def test_b25_a_column_can_hold_the_ids(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"key": {"no": 7}}\n{"key": {"no": "x"}}\n')

    rows = open_rows(tmp_path / "a.jsonl", id_column="key.no")

    assert [row.id for row in rows if isinstance(row, InputRow)] == ["7", "x"]


def test_b25_a_row_without_an_id_is_a_problem_of_that_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("key,text\n1,a\n,b\n")

    first, second = open_rows(tmp_path / "a.csv", id_column="key")

    assert isinstance(first, InputRow)
    assert isinstance(second, RowProblem)
    assert second.reason == "a.csv, line 3: column 'key' holds no ID; fill it in"


def test_an_unknown_column_of_ids_is_refused_with_the_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("key,text\n1,a\n")

    with pytest.raises(ValidationError, match=r"--id: unknown column 'kye'.*key, text"):
        open_rows(tmp_path / "a.csv", id_column="kye")


def test_a_line_that_cannot_be_read_is_a_row_with_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": 1}\noops\n{"a": 2}\n')

    rows = list(open_rows(tmp_path / "a.jsonl"))

    assert [row.row.ordinal for row in rows if isinstance(row, RowProblem)] == [1]
    assert [row.ordinal for row in rows if isinstance(row, InputRow)] == [0, 2]


def test_the_columns_are_those_of_the_first_rows_of_each_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"a": {"b": 1}}\n{"c": 2}\n')
    (tmp_path / "d.csv").write_text("d,a\n1,2\n")

    rows = open_rows([tmp_path / "a.jsonl", tmp_path / "d.csv"])

    assert rows.columns == ("a", "c", "d")
    assert set(rows.paths) == {"a", "a.b", "c", "d"}


def test_rows_can_be_read_again_and_asynchronously(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    rows = open_rows(tmp_path / "a.txt")

    async def streamed() -> list[object]:
        return [row async for row in rows.stream()]

    assert list(rows) == list(rows) == asyncio.run(streamed())


def test_each_file_has_a_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "b.txt").write_text("two\n")

    marks = open_rows(str(tmp_path / "*.txt")).fingerprint()

    assert [mark.name for mark in marks] == ["a.txt", "b.txt"]
