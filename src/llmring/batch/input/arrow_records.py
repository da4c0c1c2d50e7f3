"""The records of Arrow: of Parquet by row group, and of anything with an Arrow C stream.

https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from llmring.batch.input.arrow_package import arrow, parquet
from llmring.batch.input.input_file import InputFile
from llmring.batch.input.record import Record
from llmring.exceptions import ValidationError

# The most rows that are values of Python at a time.
_BATCH_ROWS = 1024
# Pages are read as they are needed, not a column of a row group at once.
_BUFFER_BYTES = 2**20


def parquet_file(file: InputFile) -> Any:
    """Open a Parquet file.

    Raises:
        ValidationError: It can't be read, has two columns of one name, or pyarrow is missing.
    """
    package = parquet(f"{file.label}: Parquet needs pyarrow")
    try:
        opened = package.ParquetFile(file.path, buffer_size=_BUFFER_BYTES)
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from error
    _check_names(file.label, opened.schema_arrow.names)
    return opened


def parquet_records(
    file: InputFile, opened: Any, row_groups: Sequence[int] | None = None
) -> Iterator[Record]:
    """Yield the records of a Parquet file.

    Args:
        file: The file, for messages.
        opened: The file as `parquet_file` opens it; it is closed at the end.
        row_groups: The row groups to read; None for all.

    Raises:
        ValidationError: The bytes can't be read.
    """
    number = 1
    with opened:
        try:
            for batch in opened.iter_batches(batch_size=_BATCH_ROWS, row_groups=row_groups):
                yield from _records(batch, number)
                number += batch.num_rows
        except (OSError, arrow("").ArrowException) as error:
            raise _unreadable(file, error) from error


def table_reader(table: Any) -> Any:
    """Return a reader of record batches for an object with an Arrow C stream.

    Raises:
        ValidationError: It has two columns of one name, or pyarrow is missing.
    """
    reader = arrow("rows of a table need pyarrow").RecordBatchReader.from_stream(table)
    _check_names("the table", reader.schema.names)
    return reader


def table_records(reader: Any) -> Iterator[Record]:
    """Yield the records of a reader of record batches."""
    number = 1
    with reader:
        for batch in reader:
            for start in range(0, batch.num_rows, _BATCH_ROWS):
                yield from _records(batch.slice(start, _BATCH_ROWS), number + start)
            number += batch.num_rows


def schema_paths(schema: Any) -> Iterator[str]:
    """Yield the names of the columns, and the dotted names of values nested in them."""
    for field in schema:
        yield from _paths(field)


def _paths(field: Any) -> Iterator[str]:
    yield field.name
    if arrow("").types.is_struct(field.type):
        for inner in field.type:
            for path in _paths(inner):
                yield f"{field.name}.{path}"


def _records(batch: Any, number: int) -> Iterator[Record]:
    try:
        rows = _usable(batch).to_pylist()
    except (ValueError, OverflowError):
        # Some value has none of its kind in Python, such as a date after the year 9999.
        for at in range(batch.num_rows):
            yield _record(batch.slice(at, 1), number + at)
        return
    for at, values in enumerate(rows, start=number):
        yield at, values, None


def _record(one: Any, number: int) -> Record:
    try:
        return number, _usable(one).to_pylist()[0], None
    except (ValueError, OverflowError) as error:
        return number, {}, f"a value can't be read: {error}; change it, or store it as text"


def _usable(batch: Any) -> Any:
    """Return the batch with times in microseconds, as Python has no shorter ones."""
    package = arrow("")
    fields = [
        package.field(field.name, package.timestamp("us", field.type.tz))
        if package.types.is_timestamp(field.type) and field.type.unit == "ns"
        else field
        for field in batch.schema
    ]
    schema = package.schema(fields)
    return batch if schema.equals(batch.schema) else batch.cast(schema, safe=False)


def _check_names(label: str, names: Sequence[str]) -> None:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ValidationError(f"{label}: two columns have the name {twice[0]!r}; rename one")


def _unreadable(file: InputFile, error: Exception) -> ValidationError:
    reason = " ".join(str(error).split())
    return ValidationError(
        f"{file.label} can't be read as Parquet: {reason:.200}; check that it is whole"
    )
