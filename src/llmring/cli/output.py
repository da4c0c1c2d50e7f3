"""How commands speak: results on standard output, all else on standard error."""

import sys
from collections.abc import Sequence
from typing import TextIO


def say(text: str = "", end: str = "\n") -> None:
    """Print a result."""
    _write(sys.stdout, text + end)


def note(text: str) -> None:
    """Print a remark beside the result."""
    _write(sys.stderr, f"{text}\n")


def complain(message: str) -> None:
    """Print an error, in one line."""
    lines = [line.strip() for line in message.splitlines()]
    text = lines[0] + " " + "; ".join(lines[1:]) if len(lines) > 1 else message
    _write(sys.stderr, f"llmring: {text}\n")


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines with aligned columns."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _write(stream: TextIO, text: str) -> None:
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.replace("→", "->").encode(encoding, "backslashreplace").decode(encoding)
    stream.write(text)
    stream.flush()
