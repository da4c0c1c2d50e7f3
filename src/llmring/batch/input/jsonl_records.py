"""The records of JSONL: one JSON object a line (https://jsonlines.org)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import msgspec

from llmring.batch.input.input_file import InputFile
from llmring.batch.input.record import Record
from llmring.batch.input.text_lines import lines, text_of, too_long

_decode = msgspec.json.Decoder().decode


def jsonl_records(file: InputFile, stream: IO[bytes], most: int) -> Iterator[Record]:
    """Yield the records of a stream; blank lines are skipped.

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
        try:
            values = _decode(line)
        except (ValueError, RecursionError) as error:
            if line.strip():
                yield number, {}, _reason(line, error)
            continue
        if type(values) is dict:
            yield number, values, None
        else:
            yield number, {}, _not_an_object(values)


def _reason(line: bytes, error: Exception) -> str:
    if text_of(line) is None:
        return "the line is not UTF-8; save the file as UTF-8"
    if b"\0" in line:
        return "the line holds a NUL byte; the file may be cut or be of another format"
    if isinstance(error, RecursionError):
        return "the line is nested too deep"
    return f"the line is not JSON: {error}; write one object a line"


def _not_an_object(value: Any) -> str:
    kind = {list: "an array", str: "a text", type(None): "null"}.get(type(value), "a value")
    return f'the line is {kind}, not an object; write {{"column": value}}'
