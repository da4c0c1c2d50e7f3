"""The records of a text: each line is a row with the column `text`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from llmring.batch.input.input_file import InputFile
from llmring.batch.input.record import Record
from llmring.batch.input.text_lines import lines, text_of, too_long

TEXT_COLUMN = "text"


def text_records(file: InputFile, stream: IO[bytes], most: int) -> Iterator[Record]:
    """Yield the lines of a stream as records; blank lines are skipped.

    Args:
        file: The file, for messages.
        stream: Its bytes, unpacked.
        most: Most bytes of a line.

    Raises:
        ValidationError: The bytes can't be read.
    """
    for number, line in lines(file, stream, most):
        if line is None:
            yield number, {}, too_long(most)
            continue
        text = text_of(line)
        if text is None:
            yield number, {}, "the line is not UTF-8; save the file as UTF-8"
        elif "\0" in text:
            yield number, {}, "the line holds a NUL byte; the file may be of another format"
        elif text.strip():
            yield number, {TEXT_COLUMN: text.rstrip("\r\n")}, None
