"""Output of commands: results on standard output, everything else on standard error."""

import os
import re
import sys
from typing import TextIO

from llmring.cli import colour
from llmring.cli.colour import Styled, columns, has_colour, painted
from llmring.cli.text_width import folded

is_terminal = colour.is_terminal

# A text could control the terminal with these, or show its letters in another order: control
# characters but tab and line feed, and the marks of https://www.unicode.org/reports/tr9/#Table_4.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# The spaces before what goes on from the line above.
_INDENT = 2
_SPACE = re.compile(r"[\t\n]")


def print_out(text: str = "", end: str = "\n") -> None:
    """Print a result."""
    _write(sys.stdout, text + end)


def print_line(*parts: str | Styled) -> None:
    """Print a line of a result, with the styles of its parts if the output has colour."""
    _write(sys.stdout, *parts, "\n")


def print_json(value: object) -> None:
    """Print a result as JSON."""
    import json
    from decimal import Decimal

    import msgspec

    plain = msgspec.to_builtins(value, builtin_types=(Decimal,))
    text = json.dumps(plain, indent=2, ensure_ascii=False, default="{:f}".format)
    print_out(
        text if _fits(sys.stdout, text) else json.dumps(plain, indent=2, default="{:f}".format)
    )


def print_note(text: str) -> None:
    """Print a note on one line of standard error; on a terminal, divided between words."""
    _write(sys.stderr, _on_one_line(text), "\n")


def print_warning(text: str) -> None:
    """Print a note on one line of standard error, in the colour of warnings."""
    _write(sys.stderr, Styled(_on_one_line(text), "warning"), "\n")


def print_error(message: str) -> None:
    """Print an error message on one line of standard error."""
    _write(sys.stderr, Styled(_on_one_line(f"llmring: {message}"), "error"), "\n")


def _on_one_line(text: str) -> str:
    first, *rest = [line.strip() for line in text.splitlines()] or [""]
    line = f"{first} {'; '.join(rest)}" if rest else first
    return _for_errors(line)


def _for_errors(line: str) -> str:
    """Return a line for standard error; on a terminal, what does not fit goes on below."""
    plain = _CONTROL.sub(" ", _SPACE.sub(" ", line))
    indent = len(plain) - len(plain.lstrip()) + _INDENT
    return folded(plain, columns(sys.stderr), 0, indent)


def print_error_lines(message: str) -> None:
    """Print an error message on standard error with its lines as they are."""
    first, *others = f"llmring: {message}".splitlines()
    _write(sys.stderr, Styled(_for_errors(first), "error"), "\n")
    for line in others:
        _write(sys.stderr, _for_errors(line) + "\n")


def discard_output() -> None:
    """Discard all further output, even at exit: the reader is gone, or the disk is full."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by the parent process
            os.dup2(nowhere, stream.fileno())


def harmless(text: str) -> str:
    """Remove the characters with which a text could control a terminal or mislead its reader."""
    return _CONTROL.sub("", text)


def _write(stream: TextIO | None, *parts: str | Styled) -> None:
    """Write texts; on a terminal, without the characters that could control it."""
    if stream is None:  # closed by the parent process
        return
    coloured = has_colour(stream)
    text = ""
    for part in parts:
        styled = part if isinstance(part, Styled) else None
        plain = styled.text if styled else str(part)
        if is_terminal(stream):
            plain = harmless(plain)
        text += painted(plain, styled.style) if styled and coloured else plain
    if not _fits(stream, text):
        encoding = stream.encoding or "utf-8"
        text = text.replace("→", "->").replace("…", "~")
        text = text.encode(encoding, "backslashreplace").decode(encoding)
    stream.write(text)
    stream.flush()


def _fits(stream: TextIO, text: str) -> bool:
    """Return True if the stream's encoding can represent the text."""
    try:
        text.encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
