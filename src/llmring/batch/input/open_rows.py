"""The door to an input: files of any format, standard input, or values of a program."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterable, Sequence
from os import PathLike
from typing import IO, Any, cast

from llmring.batch.input.file_rows import FileRows
from llmring.batch.input.given_requests import ID_COLUMN, is_batch_line
from llmring.batch.input.input_file import STDIN, Format, input_files
from llmring.batch.input.row_source import RowSource
from llmring.batch.input.template import unknown_column
from llmring.batch.input.text_lines import MOST_LINE_BYTES
from llmring.batch.input.value_rows import AsyncValueRows, ValueRows


def open_rows(
    inputs: Any,
    *,
    format: Format | None = None,  # noqa: A002 -- the name of the option
    id_column: str | None = None,
    delimiter: str | None = None,
    most_bytes: int = MOST_LINE_BYTES,
    stdin: IO[bytes] | None = None,
) -> RowSource:
    """Open an input.

    The IDs of lines of a vendor's batch file are their `custom_id`, unless another column is given.

    Args:
        inputs: Paths, patterns such as `part-*.jsonl`, or "-" for standard input: one or a list of
            them. Or rows: an iterable or asynchronous iterable of dictionaries or texts, or an
            object with an Arrow C stream, such as a DataFrame. A list of texts is a list of
            paths; see `open_values` for rows of texts.
        format: The format of all files; None to take it from each file's name.
        id_column: The column that holds the rows' IDs; None for their places.
        delimiter: The character between the values of CSV; None for that of the format.
        most_bytes: Most bytes of a line.
        stdin: The stream of "-"; None for the process's standard input.

    Raises:
        MissingFileError: A file does not exist.
        ValidationError: A format is unknown, or the input can't be read.
    """
    if not isinstance(inputs, str | PathLike) and not _are_paths(inputs):
        return open_values(inputs, id_column=id_column)
    paths = cast("Sequence[str]", [inputs] if isinstance(inputs, str | PathLike) else inputs)
    files = input_files(paths, format)
    is_piped = any(file.path == STDIN for file in files)
    stream = (stdin or sys.stdin.buffer) if is_piped else None
    rows = FileRows(
        files, id_column=id_column, delimiter=delimiter, most_bytes=most_bytes, stdin=stream
    )
    if id_column is None and is_batch_line(rows.columns):
        rows.id_column = ID_COLUMN
    _check_ids(rows, id_column)
    return rows


def open_values(values: Any, *, id_column: str | None = None) -> RowSource:
    """Return the rows of a program's values.

    Args:
        values: An iterable or asynchronous iterable of dictionaries or texts (a row with the
            column `text`), or an object with an Arrow C stream.
        id_column: The column that holds the rows' IDs; None for their places.

    Raises:
        ValidationError: The values are not rows.
    """
    if isinstance(values, AsyncIterable):
        return AsyncValueRows(values, id_column)
    rows = ValueRows(values, id_column)
    _check_ids(rows, id_column)
    return rows


def _are_paths(inputs: Any) -> bool:
    return (
        isinstance(inputs, list | tuple)
        and len(inputs) > 0
        and all(isinstance(each, str | PathLike) for each in inputs)
    )


def _check_ids(rows: RowSource, column: str | None) -> None:
    if column is not None and rows.columns and column not in rows.paths:
        raise unknown_column(column, rows.paths, rows.columns, "--id")
