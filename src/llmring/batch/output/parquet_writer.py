"""The writer of Parquet."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmring.batch.input.arrow_package import arrow, parquet
from llmring.batch.outcome import RowOutcome
from llmring.batch.output.arrow_types import arrow_type
from llmring.batch.output.arrow_values import DECIMALS, MisfitError, as_json, fitter
from llmring.batch.output.output_columns import Column

log = logging.getLogger("llmring")

_ROWS_TOGETHER = 1000
_TEXT_TOGETHER = 8 << 20
_GROUP_BYTES = 64 << 20


class ParquetWriter:
    """Writes Parquet, in row groups of at most 64 MB in memory.

    Types come from the schema of the answers and from all rows of the input, never from the first
    ones. A value that its column can't hold is null, with a warning.

    Args:
        path: The file.
        columns: The columns.
        types: The types of the columns of the input; those that have none are text, or JSON.

    Raises:
        OSError: The file can't be written.
        ValidationError: pyarrow is not installed.
    """

    def __init__(
        self, path: Path, columns: Sequence[Column], types: Mapping[str, Any] | None = None
    ) -> None:
        pa = self._pa = arrow(f"{path}: writing Parquet")
        pq = parquet(f"{path}: writing Parquet")
        given = types or {}
        self._path = path
        self._schema = pa.schema(
            [(column.name, _type(pa, column, given.get(column.name))) for column in columns]
        )
        self._fitters = [(field.name, fitter(pa, field.type)) for field in self._schema]
        self._rows: list[Mapping[str, Any]] = []
        self._text = 0
        self._batches: list[Any] = []
        self._bytes = 0
        self._misfits: Counter[str] = Counter()
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, values: Mapping[str, Any], outcome: RowOutcome | None) -> None:
        """Write a row."""
        del outcome
        self._rows.append(values)
        self._text += sum(len(each) for each in values.values() if isinstance(each, str | bytes))
        if len(self._rows) >= _ROWS_TOGETHER or self._text >= _TEXT_TOGETHER:
            self._pack()

    def close(self) -> None:
        """End the file."""
        try:
            self._pack()
            self._write_group()
        finally:
            self._writer.close()
        for name, count in self._misfits.items():
            log.warning(
                "%s: %d values of column %r don't fit its type and are null; the job's results "
                "have them",
                self._path,
                count,
                name,
            )

    def _pack(self) -> None:
        """Turn the rows into Arrow's form, which is far smaller than Python's."""
        if not self._rows:
            return
        columns = [self._array(name, fit) for name, fit in self._fitters]
        batch = self._pa.RecordBatch.from_arrays(columns, schema=self._schema)
        self._rows, self._text = [], 0
        if self._bytes + batch.nbytes > _GROUP_BYTES:
            self._write_group()
        self._batches.append(batch)
        self._bytes += batch.nbytes

    def _array(self, name: str, fit: Callable[[Any], Any]) -> Any:
        values = []
        for row in self._rows:
            try:
                values.append(fit(row.get(name)))
            except MisfitError:
                self._misfits[name] += 1
                values.append(None)
        kind = self._schema.field(name).type
        try:
            return self._pa.array(values, kind)
        except UnicodeEncodeError:
            # Half a pair of UTF-16, which UTF-8 can't hold.
            whole = [None if value is None else _whole(value) for value in values]
            return self._pa.array(whole, kind)

    def _write_group(self) -> None:
        if self._batches:
            table = self._pa.Table.from_batches(self._batches, self._schema)
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._batches, self._bytes = [], 0


def _whole(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else as_json(value)


def _type(pa: Any, column: Column, given: Any) -> Any:
    plain = {
        "text": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "decimal": pa.decimal128(*DECIMALS),
    }.get(column.type)
    if plain is None and column.schema is not None:
        plain = arrow_type(pa, column.schema)
    return plain or given or pa.string()
