from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmring.batch.input.open_rows import open_rows, open_values
from llmring.batch.row import InputRow
from llmring.exceptions import MissingFileError, ValidationError


def test_b1_several_inputs_are_one_source(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("text\nx\n")

    assert len(list(open_rows([tmp_path / "a.csv", tmp_path / "b.csv"]))) == 2


def test_an_input_that_is_missing_is_refused_when_it_is_opened(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError):
        open_rows(tmp_path / "absent.csv")


def test_b1_standard_input_is_read_while_it_comes_and_again(tmp_path: Path) -> None:
    stream = io.BytesIO(b'{"a": 1}\n{"a": 2}\n')

    rows = open_rows("-", stdin=stream)

    assert [row.id for row in rows if isinstance(row, InputRow)] == ["stdin:1", "stdin:2"]
    assert list(rows) == list(rows)
    assert rows.columns == ("a",)


def test_b1_standard_input_can_be_text() -> None:
    (row,) = open_rows("-", format="text", stdin=io.BytesIO(b"a line\n"))

    assert isinstance(row, InputRow)
    assert (row.values, row.place) == ({"text": "a line"}, "stdin, line 1")


def test_the_fingerprint_of_standard_input_is_of_all_that_came() -> None:
    first, second = (
        open_rows("-", stdin=io.BytesIO(each)).fingerprint()[0]
        for each in (b'{"a": 1}\n', b'{"a": 2}\n')
    )

    assert (first.size, first.covers) == (9, "whole")
    assert first.digest != second.digest


@pytest.mark.parametrize("more", ['"body": {}', '"params": {}'])
def test_b3_lines_of_a_batch_file_have_their_own_ids(tmp_path: Path, more: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"custom_id": "x-1", {more}}}\n')

    rows = open_rows(tmp_path / "a.jsonl")

    (row,) = rows
    assert rows.has_own_ids
    assert isinstance(row, InputRow)
    assert row.id == "x-1"


def test_b1_parquet_is_opened_with_its_number_of_rows(tmp_path: Path) -> None:
    for name in ("a", "b"):
        pq.write_table(pa.table({"t": [{"x": 1}, {"x": 2}]}), tmp_path / f"{name}.parquet")

    rows = open_rows(str(tmp_path / "*.parquet"))

    assert (rows.count(), set(rows.paths)) == (4, {"t", "t.x"})
    assert [row.place for row in rows if isinstance(row, InputRow)][1:3] == [
        "a.parquet, row 2",
        "b.parquet, row 1",
    ]


def test_rows_of_a_program_are_checked_for_the_column_of_ids() -> None:
    with pytest.raises(ValidationError, match="--id: unknown column 'key'"):
        open_values([{"id": 1}], id_column="key")
