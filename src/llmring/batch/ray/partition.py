"""Partitions of an input: a few thousand rows each, which a worker finds without the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from msgspec import Struct

from llmring.batch.input.input_file import InputFile
from llmring.batch.input.jsonl_records import jsonl_records
from llmring.batch.input.row_source import Row, RowSource
from llmring.batch.input.rows_of_records import rows_of
from llmring.batch.input.text_lines import MOST_LINE_BYTES
from llmring.batch.input.text_records import text_records
from llmring.batch.row import RowProblem

ROWS = 10_000


class Span(Struct, frozen=True):
    """The bytes of a partition in a file of lines.

    Attributes:
        file: The file.
        start: Its first byte.
        end: The byte after its last one.
        lines: The lines of the file before it.
        records: The records of the file before it.
    """

    file: InputFile
    start: int
    end: int
    lines: int
    records: int


class Partition(Struct, frozen=True, kw_only=True):
    """A part of the input.

    Attributes:
        number: Its place among the partitions, from 0.
        first: The place of its first row among all rows, from 0.
        rows: The number of its rows.
        ordinals: The ordinal of its first row, and that after its last one.
        span: Where it is; None if the rows before it must be read too.
    """

    number: int
    first: int
    rows: int
    ordinals: tuple[int, int]
    span: Span | None = None


def has_spans(files: Sequence[InputFile]) -> bool:
    """Return True if the rows of files can be found by their bytes."""
    return all(
        each.compression is None and each.format in ("jsonl", "text") and each.path != "-"
        for each in files
    )


def file_partitions(files: Sequence[InputFile], rows: int = ROWS) -> Iterator[Partition]:
    """Yield the partitions of files of lines; none has rows of two files.

    Args:
        files: Files for which `has_spans`.
        rows: The most rows of a partition.
    """
    number = first = 0
    for file in files:
        start = at = lines = records = lines_before = count = 0
        with Path(file.path).open("rb") as stream:
            for line in stream:
                at += len(line)
                lines += 1
                count += _is_record(line, file)
                if count == rows:
                    span = Span(file, start, at, lines_before, records)
                    yield _spanned(number, first, count, span)
                    number, first, records = number + 1, first + count, records + count
                    start, lines_before, count = at, lines, 0
        if count:
            yield _spanned(number, first, count, Span(file, start, at, lines_before, records))
            number, first = number + 1, first + count


def _spanned(number: int, first: int, rows: int, span: Span) -> Partition:
    return Partition(
        number=number, first=first, rows=rows, ordinals=(first, first + rows), span=span
    )


def _is_record(line: bytes, file: InputFile) -> bool:
    if line.strip():
        # Also lines that can't be read, which are rows that fail.
        return file.format != "text" or bool(line.decode("utf-8", "replace").strip())
    return False


def source_partitions(source: RowSource, rows: int = ROWS) -> Iterator[Partition]:
    """Yield the partitions of any input, which is read for it once.

    Args:
        source: The input.
        rows: The most rows of a partition.
    """
    all_rows = iter(source)
    number = first = 0
    while block := [_ordinal(row) for row in islice(all_rows, rows)]:
        yield Partition(
            number=number,
            first=first,
            rows=len(block),
            ordinals=(min(block), max(block) + 1),
        )
        number, first = number + 1, first + len(block)


def _ordinal(row: Row) -> int:
    return row.row.ordinal if isinstance(row, RowProblem) else row.ordinal


def rows_of_partition(
    partition: Partition, source: RowSource, id_column: str | None = None
) -> Iterator[Row]:
    """Yield the rows of a partition, as the whole input yields them.

    Args:
        partition: The partition.
        source: The whole input.
        id_column: The column that holds the rows' IDs; None for their places.
    """
    span = partition.span
    if span is None:
        return islice(iter(source), partition.first, partition.first + partition.rows)
    return _rows_of_span(partition.first, span, id_column)


def _rows_of_span(first: int, span: Span, id_column: str | None) -> Iterator[Row]:
    file = span.file
    read = jsonl_records if file.format == "jsonl" else text_records
    stream = cast("IO[bytes]", _FilePart(Path(file.path), span.start, span.end))
    return rows_of(
        read(file, stream, MOST_LINE_BYTES),
        label=file.label,
        place=f"{file.label}, line",
        first=first,
        folder=file.folder,
        id_column=id_column,
        before=(span.records, span.lines),
    )


class _FilePart:
    """Some bytes of a file, as a stream of lines."""

    def __init__(self, path: Path, start: int, end: int) -> None:
        self._file: Any = path.open("rb", buffering=2**18)
        self._file.seek(start)
        self._left = end - start

    def readline(self, most: int) -> bytes:
        line: bytes = self._file.readline(min(most, self._left))
        self._left -= len(line)
        return line

    def close(self) -> None:
        self._file.close()
