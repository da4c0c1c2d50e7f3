"""Tables: as wide as the terminal, and uncut everywhere else, so that programs can read them."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set

from llmring.cli.colour import Styled, columns
from llmring.cli.output import print_line, print_out
from llmring.cli.text_width import folded, width_of

Cell = str | Styled

_GAP = "  "
_CUT = "…"
# Columns are not cut below this, but the whole line is.
_NARROWEST = 12
# Of a name, this much is kept as long as other columns can be cut.
_NAME = 32


def print_table(
    rows: Sequence[Sequence[Cell]],
    *,
    head: Sequence[str] = (),
    head_in_pipes: bool = False,
    numbers: Set[int] = frozenset(),
    names: Set[int] = frozenset({0}),
    below: Sequence[Sequence[Cell]] = (),
    indent: str = "",
    whole: bool = False,
) -> None:
    """Print rows with aligned columns; on a terminal, cut to its width.

    Args:
        rows: The cells of each row.
        head: The heading of each column.
        head_in_pipes: True to print the headings also if the output is not a terminal.
        numbers: The columns that are aligned right, where headings are printed.
        names: The columns that name the row, and are cut after others.
        below: Lines to print below each row, for each row.
        indent: Printed before each row.
        whole: True to cut nothing, for values that must be read; the last column goes on below.
    """
    width = columns(sys.stdout)
    if width is not None and head:
        # A column of nothing takes up room.
        filled = [at for at in range(len(head)) if any(_text(row[at]) for row in rows)]
        rows = [[row[at] for at in filled] for row in rows]
        head = [head[at] for at in filled]
        numbers, names = (
            {new for new, old in enumerate(filled) if old in kind} for kind in (numbers, names)
        )
    shown_head = [Styled(each, "dim") for each in head if width is not None or head_in_pipes]
    every: list[Sequence[Cell]] = [shown_head, *rows] if shown_head else [*rows]
    room = None if width is None or whole else max(width - len(indent), _NARROWEST)
    lines = _lines(every, numbers if shown_head else frozenset(), names, room)
    if whole and width is not None:
        lines = [_folded_line(line, width, len(indent)) for line in lines]
    if shown_head:
        print_line(indent, *lines.pop(0))
    for number, line in enumerate(lines):
        print_line(indent, *line)
        for note in below[number] if below else ():
            print_line(note)


def print_section(title: str) -> None:
    """Print the title of a part of a result, below an empty line."""
    print_out()
    print_line(Styled(f"{title}:", "dim"))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Format rows as lines with aligned columns, uncut."""
    return ["".join(map(_text, line)) for line in _lines(rows, frozenset(), frozenset(), None)]


def shortened(text: str, width: int) -> str:
    """Cut a text to a number of columns, with an ellipsis at its end."""
    if width_of(text) <= width:
        return text
    if width < 1:
        return ""
    kept, used = "", 0
    for letter in text:
        used += width_of(letter)
        if used > width - 1:
            break
        kept += letter
    return kept.rstrip() + _CUT


def _lines(
    rows: Sequence[Sequence[Cell]], numbers: Set[int], names: Set[int], room: int | None
) -> list[list[Cell]]:
    if room is not None:
        rows = [[_with(cell, " ".join(_text(cell).split())) for cell in row] for row in rows]
    widths = [max(width_of(_text(cell)) for cell in column) for column in zip(*rows, strict=True)]
    if room is not None:
        widths = _fitted(widths, numbers, names, room)
    return [_line(row, widths, numbers, room) for row in rows]


def _fitted(widths: list[int], numbers: Set[int], names: Set[int], room: int) -> list[int]:
    """Narrow the widest columns of text until the row fits, as far as possible."""
    fitted = list(widths)
    spare = sum(fitted) + len(_GAP) * (len(fitted) - 1) - room
    while spare > 0:
        wide = [at for at in range(len(fitted)) if at not in numbers and fitted[at] > _NARROWEST]
        texts = [at for at in wide if at not in names or fitted[at] > _NAME] or wide
        if not texts:
            break
        fitted[max(texts, key=lambda at: (fitted[at], at))] -= 1
        spare -= 1
    return fitted


def _line(
    row: Sequence[Cell], widths: list[int], numbers: Set[int], room: int | None
) -> list[Cell]:
    """Align the cells of a row, and cut them if there is a limit."""
    line: list[Cell] = []
    last = max((at for at, cell in enumerate(row) if _text(cell)), default=-1)
    for at, (cell, width) in enumerate(zip(row[: last + 1], widths, strict=False)):
        text = _text(cell) if room is None else shortened(_text(cell), width)
        padding = " " * (width - width_of(text))
        left, right = (padding, "") if at in numbers else ("", padding if at < last else "")
        line += [(_GAP if at else "") + left, _with(cell, text), right]
    return line if room is None else _within(line, room)


def _folded_line(line: list[Cell], width: int, indent: int) -> list[Cell]:
    """Divide the last cell of a line that is too long into lines of its own."""
    *before, last, padding = line
    begin = indent + sum(width_of(_text(cell)) for cell in before)
    return [*before, _with(last, folded(_text(last), width, begin, begin)), padding]


def _within(line: list[Cell], room: int) -> list[Cell]:
    """Cut a line that is too long even with its columns cut."""
    cut: list[Cell] = []
    for cell in line:
        text = shortened(_text(cell), room)
        cut.append(_with(cell, text))
        if text != _text(cell):
            break
        room -= width_of(text)
    return cut


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell


def _with(cell: Cell, text: str) -> Cell:
    return Styled(text, cell.style) if isinstance(cell, Styled) else text
