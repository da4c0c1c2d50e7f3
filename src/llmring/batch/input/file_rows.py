"""The rows of files, one file after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from itertools import islice
from typing import IO

from llmring.batch.input.arrow_records import parquet_file, parquet_records, schema_paths
from llmring.batch.input.csv_records import csv_records
from llmring.batch.input.file_fingerprint import file_fingerprint, stream_fingerprint
from llmring.batch.input.input_file import STDIN, InputFile
from llmring.batch.input.jsonl_records import jsonl_records
from llmring.batch.input.record import Record
from llmring.batch.input.row_source import InputFingerprint, Row
from llmring.batch.input.rows_of_records import nested_paths, rows_of
from llmring.batch.input.stream_copy import StreamCopy
from llmring.batch.input.text_lines import MOST_LINE_BYTES, open_bytes
from llmring.batch.input.text_records import text_records

# The rows of each file whose keys are the columns, where each row may have others.
HEAD_ROWS = 200


class FileRows:
    """The rows of files; see `RowSource`.

    Args:
        files: The files, in order.
        id_column: The column that holds the rows' IDs; None for their places.
        delimiter: The character between values of CSV; None for that of the format.
        most_bytes: Most bytes of a line.
        stdin: Standard input, if it is among the files.

    Raises:
        ValidationError: A file can't be read, or its structure is lost in its first rows.
    """

    is_repeatable = True

    def __init__(
        self,
        files: Sequence[InputFile],
        *,
        id_column: str | None = None,
        delimiter: str | None = None,
        most_bytes: int = MOST_LINE_BYTES,
        stdin: IO[bytes] | None = None,
    ) -> None:
        self.files = files
        self.id_column = id_column
        self._delimiter = delimiter
        self._most = most_bytes
        self._stdin = None if stdin is None else StreamCopy(stdin)
        self.columns: Sequence[str]
        self.paths: Collection[str]
        self.columns, self.paths = self._known_columns()

    @property
    def has_own_ids(self) -> bool:
        """True if a column holds the IDs."""
        return self.id_column is not None

    def _known_columns(self) -> tuple[Sequence[str], Collection[str]]:
        columns: dict[str, None] = {}
        paths: set[str] = set()
        for file in self.files:
            if file.format == "parquet":
                with parquet_file(file) as opened:
                    columns.update(dict.fromkeys(opened.schema_arrow.names))
                    paths.update(schema_paths(opened.schema_arrow))
                continue
            for _, values, _ in islice(self._records(file), HEAD_ROWS):
                columns.update(dict.fromkeys(values))
                paths.update(nested_paths(values))
        return tuple(columns), paths

    def __iter__(self) -> Iterator[Row]:
        ordinal = 0
        for file in self.files:
            rows = rows_of(
                self._records(file),
                label=file.label,
                place=f"{file.label}, {'row' if file.format == 'parquet' else 'line'}",
                first=ordinal,
                folder=file.folder,
                id_column=self.id_column,
            )
            for row in rows:
                yield row
                ordinal += 1

    async def stream(self) -> AsyncIterator[Row]:
        """Read the rows as `__iter__` does."""
        for row in self:
            yield row

    def fingerprint(self) -> Sequence[InputFingerprint]:
        """Return the mark of each file; standard input is read to its end for it."""
        return [
            file_fingerprint(file)
            if file.path != STDIN
            else stream_fingerprint(file.label, self._open(file))
            for file in self.files
        ]

    def count(self) -> int | None:
        """Return the number of rows if the files have it in a footer; else None."""
        if any(file.format != "parquet" for file in self.files):
            return None
        number = 0
        for file in self.files:
            with parquet_file(file) as opened:
                number += opened.metadata.num_rows
        return number

    def _records(self, file: InputFile) -> Iterator[Record]:
        if file.format == "parquet":
            return parquet_records(file, parquet_file(file))
        stream = self._open(file)
        match file.format:
            case "jsonl":
                return jsonl_records(file, stream, self._most)
            case "text":
                return text_records(file, stream, self._most)
        return csv_records(file, stream, self._most, self._delimiter)

    def _open(self, file: InputFile) -> IO[bytes]:
        if file.path == STDIN and self._stdin is not None:
            return self._stdin.open()
        return open_bytes(file.path, file.compression)
