"""The rows of files, one file after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from llmring.batch.input.csv_records import csv_records
from llmring.batch.input.file_fingerprint import file_fingerprint
from llmring.batch.input.input_file import InputFile
from llmring.batch.input.jsonl_records import jsonl_records
from llmring.batch.input.record import Record
from llmring.batch.input.request_digest import digest_of
from llmring.batch.input.row_ids import column_id, place_id
from llmring.batch.input.row_source import InputFingerprint, Row
from llmring.batch.input.text_lines import MOST_LINE_BYTES, open_bytes
from llmring.batch.input.text_records import text_records
from llmring.batch.row import InputRow, RowProblem

# The rows of each file whose keys are the columns, where each row may have others.
HEAD_ROWS = 200


class FileRows:
    """The rows of files; see `RowSource`.

    Args:
        files: The files, in order.
        id_column: The column that holds the rows' IDs; None for their places.
        delimiter: The character between values of CSV; None for that of the format.
        most_bytes: Most bytes of a line.

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
    ) -> None:
        self._files = files
        self._id_column = id_column
        self._delimiter = delimiter
        self._most = most_bytes
        self.columns: Sequence[str]
        self.paths: Collection[str]
        self.columns, self.paths = self._known_columns()

    def _known_columns(self) -> tuple[Sequence[str], Collection[str]]:
        columns: dict[str, None] = {}
        paths: set[str] = set()
        for file in self._files:
            for _, values, _ in islice(self._records(file), HEAD_ROWS):
                columns.update(dict.fromkeys(values))
                paths.update(nested_paths(values))
        return tuple(columns), paths

    def __iter__(self) -> Iterator[Row]:
        ordinal = 0
        for file in self._files:
            unit = "row" if file.format == "parquet" else "line"
            label, folder, column = file.label, file.folder, self._id_column
            for number, (line, values, fault) in enumerate(self._records(file), start=1):
                id_ = None if column is None else column_id(values, column)
                row = InputRow(
                    ordinal,
                    id_ or place_id(label, number),
                    values,
                    f"{label}, {unit} {line}",
                    folder,
                )
                ordinal += 1
                reason = fault
                if reason is None and column is not None and id_ is None:
                    reason = f"column {column!r} holds no ID; fill it in"
                if reason is None:
                    yield row
                else:
                    yield RowProblem(row, f"{row.place}: {reason}", digest_of(row.place))

    async def stream(self) -> AsyncIterator[Row]:
        """Read the rows as `__iter__` does."""
        for row in self:
            yield row

    def fingerprint(self) -> Sequence[InputFingerprint]:
        """Return the mark of each file."""
        return [file_fingerprint(file) for file in self._files]

    def count(self) -> int | None:
        """Return the number of rows if the files have it in a footer; else None."""
        return None

    def _records(self, file: InputFile) -> Iterator[Record]:
        stream = open_bytes(file.path, file.compression)
        match file.format:
            case "jsonl":
                return jsonl_records(file, stream, self._most)
            case "text":
                return text_records(file, stream, self._most)
        return csv_records(file, stream, self._most, self._delimiter)


def nested_paths(values: Mapping[str, Any], levels: int = 8) -> Iterator[str]:
    """Yield the names of values, and the dotted names of those nested in them."""
    for name, value in values.items():
        yield name
        if isinstance(value, Mapping) and levels > 1:
            for inner in nested_paths(value, levels - 1):
                yield f"{name}.{inner}"
