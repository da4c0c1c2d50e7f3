"""The door to an input: files of any format, standard input, or values of a program."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike

from llmring.batch.input.file_rows import FileRows
from llmring.batch.input.input_file import Format, input_files
from llmring.batch.input.row_source import RowSource
from llmring.batch.input.template import unknown_column
from llmring.batch.input.text_lines import MOST_LINE_BYTES


def open_rows(
    inputs: Sequence[str | PathLike[str]] | str | PathLike[str],
    *,
    format: Format | None = None,  # noqa: A002 -- the name of the option
    id_column: str | None = None,
    delimiter: str | None = None,
    most_bytes: int = MOST_LINE_BYTES,
) -> RowSource:
    """Open an input.

    Args:
        inputs: Paths, patterns such as `part-*.jsonl`, or "-" for standard input.
        format: The format of all files; None to take it from each file's name.
        id_column: The column that holds the rows' IDs; None for their places.
        delimiter: The character between the values of CSV; None for that of the format.
        most_bytes: Most bytes of a line.

    Raises:
        MissingFileError: A file does not exist.
        ValidationError: A format is unknown, or a file can't be read.
    """
    named = [inputs] if isinstance(inputs, str | PathLike) else inputs
    files = input_files(named, format)
    rows = FileRows(files, id_column=id_column, delimiter=delimiter, most_bytes=most_bytes)
    if id_column is not None and rows.columns and id_column not in rows.paths:
        raise unknown_column(id_column, rows.paths, rows.columns, "--id")
    return rows
