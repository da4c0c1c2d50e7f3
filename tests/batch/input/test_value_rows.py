from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from llmring.batch.input.open_rows import open_rows, open_values
from llmring.batch.input.row_source import Row, RowSource
from llmring.batch.input.value_rows import value_record
from llmring.batch.row import InputRow, RowProblem
from llmring.exceptions import ValidationError

ROWS = [{"text": "a", "n": 1}, {"text": "b", "n": 2}]


def values(rows: RowSource) -> list[Any]:
    return [dict(row.values) for row in rows if isinstance(row, InputRow)]


def streamed(rows: RowSource) -> list[Row]:
    async def read() -> list[Row]:
        return [row async for row in rows.stream()]

    return asyncio.run(read())


async def asynchronous(given: list[Any]) -> AsyncIterator[Any]:
    for each in given:
        yield each


@pytest.mark.parametrize(
    "given",
    [ROWS, tuple(ROWS), pd.DataFrame(ROWS), pl.DataFrame(ROWS), pa.Table.from_pylist(ROWS)],
    ids=["list", "tuple", "pandas", "polars", "pyarrow"],
)
def test_b36_rows_are_dictionaries_or_tables_and_can_be_read_again(given: Any) -> None:
    rows = open_rows(given)

    assert values(rows) == values(rows) == ROWS
    assert (list(rows.columns), rows.count(), rows.is_repeatable) == (["text", "n"], 2, True)
    assert [row.id for row in rows if isinstance(row, InputRow)] == ["row:1", "row:2"]


@pytest.mark.parametrize(
    "given", [iter(ROWS), pa.Table.from_pylist(ROWS).to_reader()], ids=["iterator", "reader"]
)
def test_b36_an_iterator_is_read_once(given: Any) -> None:
    rows = open_rows(given)

    assert not rows.is_repeatable
    assert values(rows) == ROWS
    with pytest.raises(ValidationError, match="can be read once"):
        list(rows)


def test_b36_an_asynchronous_iterable_is_streamed() -> None:
    rows = open_rows(asynchronous([*ROWS, "c", 5]))

    found = streamed(rows)

    assert [dict(row.values) for row in found if isinstance(row, InputRow)] == [
        *ROWS,
        {"text": "c"},
    ]
    assert isinstance(found[3], RowProblem)
    assert (rows.columns, rows.count(), rows.is_repeatable) == ((), None, False)
    with pytest.raises(ValidationError, match="asynchronously"):
        list(rows)


def test_b37_an_iterator_is_not_read_ahead() -> None:
    taken: list[int] = []

    def given() -> Iterator[dict[str, int]]:
        for number in range(5):
            taken.append(number)
            yield {"n": number}

    rows = iter(open_rows(given()))
    next(rows)

    assert taken == [0]


def test_b37_an_error_of_the_source_goes_to_the_caller() -> None:
    def given() -> Iterator[dict[str, int]]:
        yield {"n": 1}
        raise OSError("the database is gone")

    rows = iter(open_rows(given()))
    next(rows)

    with pytest.raises(OSError, match="the database is gone"):
        next(rows)


def test_texts_are_rows_with_the_column_text() -> None:
    assert values(open_values(["a", "b"])) == [{"text": "a"}, {"text": "b"}]


def test_a_value_that_is_not_a_row_is_a_problem() -> None:
    assert value_record(1, [1])[2] == "a row is a dictionary or a text, not list"


@pytest.mark.parametrize("given", [5, b"bytes", {"a": 1}, None])
def test_what_has_no_rows_is_refused(given: Any) -> None:
    with pytest.raises(ValidationError, match="rows are a path"):
        open_rows(given)


@pytest.mark.parametrize("is_async", [True, False])
def test_b25_an_id_that_comes_again_in_rows_that_are_read_once_is_a_problem(
    is_async: bool,
) -> None:
    given = [{"id": "a"}, {"id": "b"}, {"id": "a"}]
    rows = open_rows(asynchronous(given) if is_async else iter(given), id_column="id")

    found = streamed(rows)

    assert rows.has_own_ids
    assert [isinstance(row, RowProblem) for row in found] == [False, False, True]


def test_rows_of_a_program_have_a_mark_without_a_digest() -> None:
    assert [mark.covers for mark in open_rows(ROWS).fingerprint()] == ["nothing"]
    assert [mark.covers for mark in open_rows(asynchronous([])).fingerprint()] == ["nothing"]
