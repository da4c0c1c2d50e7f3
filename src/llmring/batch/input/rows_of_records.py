"""Rows made of records: their ordinals, IDs, and places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmring.batch.input.record import Record
from llmring.batch.input.request_digest import digest_of
from llmring.batch.input.row_ids import column_id, place_id
from llmring.batch.input.row_source import Row
from llmring.batch.row import InputRow, RowProblem


def rows_of(
    records: Iterable[Record],
    *,
    label: str,
    place: str,
    first: int = 0,
    folder: str = ".",
    id_column: str | None = None,
    before: tuple[int, int] = (0, 0),
) -> Iterator[Row]:
    """Yield the rows of the records of one input.

    Args:
        records: The records.
        label: The input's name among all, for IDs.
        place: Its name for messages, such as "people.csv, line"; a number follows.
        first: The ordinal of the first row.
        folder: The folder from which relative paths are looked up.
        id_column: The column that holds the IDs; None for IDs by place.
        before: The records and the lines of the input before these, if they are only a part of it.
    """
    records_before, lines_before = before
    for at, (number, values, fault) in enumerate(records):
        id_ = None if id_column is None else column_id(values, id_column)
        row = InputRow(
            first + at,
            id_ or place_id(label, records_before + at + 1),
            values,
            f"{place} {lines_before + number}",
            folder,
        )
        reason = fault
        if reason is None and id_column is not None and id_ is None:
            reason = f"column {id_column!r} holds no ID; fill it in"
        yield row if reason is None else unreadable(row, reason)


def unreadable(row: InputRow, reason: str) -> RowProblem:
    """Return the problem of a row that can't be read."""
    return RowProblem(row, f"{row.place}: {reason}", digest_of(row.id))


def nested_paths(values: Mapping[str, Any], levels: int = 8) -> Iterator[str]:
    """Yield the names of values, and the dotted names of those nested in them.

    Args:
        values: The values by name.
        levels: How deep to look.
    """
    for name, value in values.items():
        yield name
        if isinstance(value, Mapping) and levels > 1:
            for inner in nested_paths(value, levels - 1):
                yield f"{name}.{inner}"
