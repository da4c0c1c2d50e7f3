"""The rows of a program's own values: dictionaries, texts, or tables of Arrow."""

from __future__ import annotations

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Sized,
)
from itertools import count, islice
from typing import Any

from llmring.batch.input.arrow_records import schema_paths, table_reader, table_records
from llmring.batch.input.record import Record
from llmring.batch.input.row_ids import id_hash
from llmring.batch.input.row_source import InputFingerprint, Row
from llmring.batch.input.rows_of_records import nested_paths, rows_of, unreadable
from llmring.batch.input.text_records import TEXT_COLUMN
from llmring.batch.row import InputRow
from llmring.exceptions import ValidationError

_HEAD_ROWS = 200
_LABEL = "row"


class ValueRows:
    """The rows of values in memory, or of an iterator that can be read once; see `RowSource`.

    Args:
        values: Dictionaries, texts (a row with the column `text`), or an object with an Arrow C
            stream, such as a DataFrame.
        id_column: The column that holds the rows' IDs; None for their places.

    Raises:
        ValidationError: The values are not rows.
    """

    def __init__(self, values: Any, id_column: str | None = None) -> None:
        self._id_column = id_column
        self.has_own_ids = id_column is not None
        self._count = len(values) if isinstance(values, Sized) else None
        self._is_used = False
        self._records: Callable[[], Iterator[Record]]
        self.columns: Sequence[str] = ()
        self.paths: Collection[str] = frozenset()
        if hasattr(values, "__arrow_c_stream__"):
            # A reader of batches can be read once, a table again and again.
            self.is_repeatable = not hasattr(values, "read_next_batch")
            reader = table_reader(values)
            self.columns = tuple(reader.schema.names)
            self.paths = frozenset(schema_paths(reader.schema))
            first = [reader]
            self._records = lambda: table_records(first.pop() if first else table_reader(values))
            return
        if isinstance(values, bytes | bytearray | Mapping) or not isinstance(values, Iterable):
            raise ValidationError(
                "rows are a path, an iterable of dictionaries or texts, or a table with an Arrow C "
                f"stream, not {type(values).__name__}"
            )
        self.is_repeatable = not isinstance(values, Iterator)
        self._records = lambda: map(value_record, count(1), values)
        if self.is_repeatable:
            head = [each for _, each, _ in islice(self._records(), _HEAD_ROWS)]
            self.columns = tuple(dict.fromkeys(name for each in head for name in each))
            self.paths = frozenset(path for each in head for path in nested_paths(each))

    def __iter__(self) -> Iterator[Row]:
        if self._is_used and not self.is_repeatable:
            raise ValidationError(
                "these rows can be read once; give a list, or write them to a file"
            )
        self._is_used = True
        rows = rows_of(self._records(), label=_LABEL, place=_LABEL, id_column=self._id_column)
        return rows if self._id_column is None or self.is_repeatable else distinct(rows)

    async def stream(self) -> AsyncIterator[Row]:
        """Read the rows as `__iter__` does."""
        for row in self:
            yield row

    def fingerprint(self) -> Sequence[InputFingerprint]:
        """Return a mark without a digest: the rows have one each."""
        return [InputFingerprint(name=_LABEL)]

    def count(self) -> int | None:
        """Return the number of rows if the values have a length; else None."""
        return self._count


class AsyncValueRows:
    """The rows of an asynchronous iterable, which can be read once; see `RowSource`.

    Args:
        values: Dictionaries, or texts (a row with the column `text`).
        id_column: The column that holds the rows' IDs; None for their places.
    """

    columns: Sequence[str] = ()
    paths: Collection[str] = frozenset()
    is_repeatable = False

    def __init__(self, values: AsyncIterable[Any], id_column: str | None = None) -> None:
        self._values = values
        self._id_column = id_column
        self.has_own_ids = id_column is not None
        self._is_used = False

    def __iter__(self) -> Iterator[Row]:
        raise ValidationError("these rows come asynchronously; read them with `stream()`")

    async def stream(self) -> AsyncIterator[Row]:
        """Read the rows as they come.

        Raises:
            ValidationError: They were read before.
        """
        if self._is_used:
            raise ValidationError(
                "these rows can be read once; give a list, or write them to a file"
            )
        self._is_used = True
        given: list[Record] = []
        rows = rows_of(_taken(given), label=_LABEL, place=_LABEL, id_column=self._id_column)
        if self._id_column is not None:
            rows = distinct(rows)
        number = 0
        async for value in self._values:
            number += 1
            given.append(value_record(number, value))
            yield next(rows)

    def fingerprint(self) -> Sequence[InputFingerprint]:
        """Return a mark without a digest: the rows have one each."""
        return [InputFingerprint(name=_LABEL)]

    def count(self) -> int | None:
        """Return None: the number is not known before the last row."""
        return None


def _taken(records: list[Record]) -> Iterator[Record]:
    while records:
        yield records.pop()


def value_record(number: int, value: Any) -> Record:
    """Return the record of a value of a program."""
    if isinstance(value, Mapping):
        return number, value, None
    if isinstance(value, str):
        return number, {TEXT_COLUMN: value}, None
    return number, {}, f"a row is a dictionary or a text, not {type(value).__name__}"


def distinct(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows that are read once; a row whose ID came before is a problem."""
    seen: set[bytes] = set()
    for row in rows:
        if isinstance(row, InputRow):
            mark = id_hash(row.id)
            if mark in seen:
                yield unreadable(
                    row, f"an earlier row has the ID {row.id!r} too; make them distinct"
                )
                continue
            seen.add(mark)
        yield row
