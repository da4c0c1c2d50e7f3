"""The records of CSV and TSV, whose first record names the columns.

https://www.rfc-editor.org/rfc/rfc4180
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import IO

from llmring.batch.input.input_file import InputFile
from llmring.batch.input.record import Record
from llmring.batch.input.text_lines import lines, too_long
from llmring.exceptions import ValidationError

_DELIMITERS = {"csv": ",", "tsv": "\t"}


def csv_records(
    file: InputFile, stream: IO[bytes], most: int, delimiter: str | None = None
) -> Iterator[Record]:
    """Yield the records of a stream; blank lines are skipped, and all values are text.

    A value may hold line ends between quotes. The number of a record is that of its first line.

    Args:
        file: The file, for messages.
        stream: Its bytes, unpacked.
        most: Most bytes of a line, and of a value.
        delimiter: The character between values; None for that of the format.

    Raises:
        ValidationError: The bytes can't be read, the header is not valid, or a quote is never
            closed.
    """
    with closing(stream):
        table = _CsvTable(file, stream, most, delimiter or _DELIMITERS.get(file.format, ","))
        yield from _records(table)


def _records(table: _CsvTable) -> Iterator[Record]:
    header = table.header()
    if header is None:
        return
    width = len(header)
    for number, values, fault in table.rows():
        reason = fault
        if reason is None and len(values) != width:
            reason = (
                f"the row has {len(values)} values, and the header {width} columns; put quotes "
                "around values with a comma or a line end"
            )
        if reason is None:
            yield number, dict(zip(header, values, strict=True)), None
        else:
            yield number, {}, reason


class _CsvTable:
    def __init__(self, file: InputFile, stream: IO[bytes], most: int, delimiter: str) -> None:
        self._file, self._stream, self._most = file, stream, most
        # The parser has one limit for all readers of the process; it is never lowered.
        csv.field_size_limit(max(csv.field_size_limit(), most))
        # Of the row that is being read.
        self._fault: str | None = None
        self._bytes = 0
        self._is_ended = False
        self._parser = csv.reader(self._lines(), delimiter=delimiter, strict=True)

    def header(self) -> list[str] | None:
        """Return the names of the columns; None if the file is empty.

        Raises:
            ValidationError: It can't be read, or a name is there twice.
        """
        for number, values, reason in self.rows():
            if reason is not None:
                raise ValidationError(f"{self._file.label}, line {number}: {reason}")
            names = [
                name.strip() or f"column_{place}" for place, name in enumerate(values, start=1)
            ]
            twice = [name for name, times in Counter(names).items() if times > 1]
            if twice:
                raise ValidationError(
                    f"{self._file.label}, line {number}: two columns have the name {twice[0]!r}; "
                    "rename one"
                )
            return names
        return None

    def rows(self) -> Iterator[tuple[int, Sequence[str], str | None]]:
        """Yield the values of each row, with its first line and the reason if it is unreadable."""
        while True:
            self._fault, self._bytes = None, 0
            first = self._parser.line_num + 1
            try:
                values = next(self._parser)
            except StopIteration:
                return
            except csv.Error as error:
                if self._is_ended or self._bytes > self._most:
                    raise self._lost(first) from None
                yield first, (), self._reason() or f"the row is not CSV: {error}; {_QUOTING}"
                continue
            reason = self._reason()
            if values or reason:
                yield first, values, reason

    def _lines(self) -> Iterator[str]:
        for _, line in lines(self._file, self._stream, self._most):
            if line is None:
                self._fault = too_long(self._most)
                yield "\n"
                continue
            if b"\0" in line:
                self._fault = (
                    "the row holds a NUL byte; the file may be cut or be of another format"
                )
            try:
                text = line.decode()
            except UnicodeDecodeError:
                self._fault = "the row is not UTF-8; save the file as UTF-8"
                text = line.decode("latin-1")
            self._bytes += len(line)
            yield text
        self._is_ended = True

    def _reason(self) -> str | None:
        # Set by `_lines`, which the parser calls.
        return self._fault

    def _lost(self, first: int) -> ValidationError:
        """Build the error for a row that would take up all that follows."""
        return ValidationError(
            f"{self._file.label}, line {first}: a quote opens here and does not close up to line "
            f"{self._parser.line_num}, so the ends of rows can't be known; close it, or write "
            '"" for a quote in a value'
        )


_QUOTING = 'write "" for a quote in a value'
