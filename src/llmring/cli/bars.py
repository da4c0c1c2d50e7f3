"""Bar charts for terminals, out of characters."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

_EIGHTHS = "▏▎▍▌▋▊▉█"
_SHORTEST = 10


def bars(rows: Sequence[tuple[str, float, str]], width: int | None = None) -> list[str]:
    """One line for each row: its name, a bar as long as its share of the largest, its value.

    Args:
        rows: Each one's name, size, and value in words.
        width: Columns of the terminal; left out, those that it has.
    """
    names = max(len(name) for name, _, _ in rows)
    values = max(len(value) for _, _, value in rows)
    columns = width or shutil.get_terminal_size((80, 24)).columns
    room = max(_SHORTEST, columns - names - values - 5)
    largest = max(size for _, size, _ in rows)
    draw = _fine if _has_blocks() else _coarse
    return [
        f"{name:{names}}  {draw(room * size / largest if largest else 0):{room}}  {value:>{values}}"
        for name, size, value in rows
    ]


def _fine(length: float) -> str:
    eighths = round(length * 8)
    if length > 0:
        eighths = max(1, eighths)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest - 1] if rest else "")


def _coarse(length: float) -> str:
    return "#" * max(round(length), 1 if length > 0 else 0)


def _has_blocks() -> bool:
    try:
        _EIGHTHS.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
