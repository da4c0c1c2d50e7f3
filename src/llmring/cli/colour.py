"""The colours and the width of a terminal.

Colour has a meaning, and only on a terminal. NO_COLOR and FORCE_COLOR are obeyed as in
https://no-color.org and https://force-color.org: set and not empty, and NO_COLOR wins.
"""

from __future__ import annotations

import os
from typing import Literal, NamedTuple, TextIO

Style = Literal["error", "warning", "ok", "dim"]

_CODES: dict[Style, str] = {"error": "31", "warning": "33", "ok": "32", "dim": "2"}

_DEFAULT_COLUMNS = 80


class Styled(NamedTuple):
    """A text and its style."""

    text: str
    style: Style


def is_terminal(stream: TextIO | None) -> bool:
    """Return True for a terminal; False for a pipe, a file, and a stream that is closed."""
    return stream is not None and not stream.closed and stream.isatty()


def has_colour(stream: TextIO | None) -> bool:
    """Return True if texts on this stream are coloured."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def columns(stream: TextIO | None) -> int | None:
    """Return the width of a terminal in columns; None for everything else."""
    if stream is None or not is_terminal(stream):
        return None
    wanted = os.environ.get("COLUMNS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    # As shutil.get_terminal_size does, whose import takes 2 ms.
    try:
        return os.get_terminal_size(stream.fileno()).columns or _DEFAULT_COLUMNS
    except (OSError, ValueError):
        return _DEFAULT_COLUMNS


def painted(text: str, style: Style) -> str:
    """Return a text in the colour of its style."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if text else ""
