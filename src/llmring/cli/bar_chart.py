"""Bar charts for terminals, drawn with characters."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

_EIGHTHS = "▏▎▍▌▋▊▉█"
_SHORTEST = 10


def bars(rows: Sequence[tuple[str, float, str]], width: int | None = None) -> list[str]:
    """Draw a line per row: name, a bar in proportion to the largest size, value.

    Args:
        rows: The name, size and printed value of each row.
        width: Width in columns (default: the width of the terminal).
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
