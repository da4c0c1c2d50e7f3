"""Tables: within the width of a terminal, and uncut elsewhere, so that programs can read them."""

from __future__ import annotations

import sys
from collections.abc import Sequence, Set
from typing import NamedTuple

from llmring.cli.colour import Styled, columns
from llmring.cli.output import print_line, print_out
from llmring.cli.text_width import divided, folded, longest_piece, width_of

Cell = str | Styled

_GAP = "  "
_CUT = "…"
# Columns are not cut below this, but the whole line is.
_NARROWEST = 12
# Of a name, this much is kept as long as other columns can be cut.
_NAME = 32
# What is left of a column if the other columns need the room.
_STUB = 4
# A column that can be left out is shown if this much of it fits.
_WORTH = 24


class Cuts(NamedTuple):
    """The places where rows are cut on a terminal without room for them.

    Attributes:
        names: The columns that name the row, and are cut after others, in their middle.
        kept: The columns that are never cut.
        optional: The columns that are left out if they lack room.
    """

    names: Set[int] = frozenset({0})
    kept: Set[int] = frozenset()
    optional: Set[int] = frozenset()

    def among(self, columns: Sequence[int]) -> Cuts:
        """Return the cuts of a table that has only these columns."""
        return Cuts(*(_places(kind, columns) for kind in self))


def _places(kind: Set[int], columns: Sequence[int]) -> frozenset[int]:
    """Return the new places of some columns, in a table that has only these columns."""
    return frozenset(new for new, old in enumerate(columns) if old in kind)


_CUTS = Cuts()


def print_table(
    rows: Sequence[Sequence[Cell]],
    *,
    head: Sequence[str] = (),
    head_in_pipes: bool = False,
    numbers: Set[int] = frozenset(),
    cuts: Cuts = _CUTS,
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
        cuts: Where rows that are too long are cut; never in numbers.
        below: Lines to print below each row, for each row.
        indent: Printed before each row.
        whole: True to cut nothing, for values that must be read; cells go on below.
    """
    width = columns(sys.stdout)
    room = None if width is None else max(width - len(indent), _NARROWEST)
    if room is not None and head:
        # A column of nothing takes up room.
        filled = [at for at in range(len(head)) if any(_text(row[at]) for row in rows)]
        filled = _with_room([head, *rows], filled, cuts.optional, room)
        rows = [[row[at] for at in filled] for row in rows]
        head = [head[at] for at in filled]
        numbers, cuts = _places(numbers, filled), cuts.among(filled)
    shown_head = [Styled(each, "dim") for each in head if room is not None or head_in_pipes]
    every: list[Sequence[Cell]] = [shown_head, *rows] if shown_head else [*rows]
    right = numbers if shown_head else frozenset[int]()
    if room is None:
        lines = [[line] for line in _lines(every, right)]
    elif whole:
        lines = _divided_lines(every, right, cuts.kept, room)
    else:
        lines = [[line] for line in _cut_lines(every, right, cuts, room)]
    if shown_head:
        for line in lines.pop(0):
            print_line(indent, *line)
    for number, row_lines in enumerate(lines):
        for line in row_lines:
            print_line(indent, *line)
        for note in below[number] if below else ():
            print_line(_with(note, _within_width(_text(note), width)))


def print_section(title: str) -> None:
    """Print the title of a part of a result, below an empty line."""
    print_out()
    print_line(Styled(f"{title}:", "dim"))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Format rows as lines with aligned columns, uncut."""
    return ["".join(map(_text, line)) for line in _lines(rows, frozenset())]


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


def _shortened_name(text: str, width: int) -> str:
    """Cut a name in its middle: many begin alike, and differ at their ends."""
    if width_of(text) <= width or width < _STUB or not text.isascii():
        return shortened(text, width)
    first = (width - 1) // 3
    return text[:first] + _CUT + text[first + 1 - width :]


def _with_room(
    rows: Sequence[Sequence[Cell]], filled: Sequence[int], optional: Set[int], room: int
) -> list[int]:
    """Return the columns without those that can be left out, if they lack room."""
    widths = {at: max(width_of(_text(row[at])) for row in rows) for at in filled}
    needed = sum(min(widths[at], _WORTH) if at in optional else widths[at] for at in filled)
    fits = needed + len(_GAP) * (len(filled) - 1) <= room
    return [at for at in filled if fits or at not in optional]


def _lines(rows: Sequence[Sequence[Cell]], numbers: Set[int]) -> list[list[Cell]]:
    """Align the cells of rows."""
    widths = _widths(rows)
    return [_line(row, widths, numbers) for row in rows]


def _cut_lines(
    rows: Sequence[Sequence[Cell]], numbers: Set[int], cuts: Cuts, room: int
) -> list[list[Cell]]:
    """Align the cells of rows, and cut them where they lack room."""
    rows = [[_with(cell, " ".join(_text(cell).split())) for cell in row] for row in rows]
    widths = _fitted(_widths(rows), {*numbers, *cuts.kept}, cuts.names, room)
    cutters = [_shortened_name if at in cuts.names else shortened for at in range(len(widths))]
    rows = [
        [
            _with(cell, cut(_text(cell), width))
            for cell, cut, width in zip(row, cutters, widths, strict=True)
        ]
        for row in rows
    ]
    return [_within(_line(row, widths, numbers), room) for row in rows]


def _divided_lines(
    rows: Sequence[Sequence[Cell]], numbers: Set[int], kept: Set[int], room: int
) -> list[list[list[Cell]]]:
    """Align the cells of rows, and divide them into several lines where they lack room."""
    widths = _widths(rows)
    words, pieces = (
        [
            max(longest_piece(_text(cell), names=names) for cell in column)
            for column in _columns(rows)
        ]
        for names in (False, True)
    )
    fitted = widths
    # Only the widest words are divided, and only as far as needed.
    for least in (words, pieces, [1] * len(widths)):
        fitted = _narrowed(fitted, {*numbers, *kept}, least, room)
    found = []
    for row in rows:
        cells = [
            divided(_text(cell), width) if width_of(_text(cell)) > width else [_text(cell)]
            for cell, width in zip(row, fitted, strict=True)
        ]
        height = max(map(len, cells), default=1)
        found.append(
            [
                _line(
                    [
                        _with(cell, each[at] if at < len(each) else "")
                        for cell, each in zip(row, cells, strict=True)
                    ],
                    fitted,
                    numbers,
                )
                for at in range(height)
            ]
        )
    return found


def _columns(rows: Sequence[Sequence[Cell]]) -> list[tuple[Cell, ...]]:
    return [*zip(*rows, strict=True)]


def _widths(rows: Sequence[Sequence[Cell]]) -> list[int]:
    return [max(width_of(_text(cell)) for cell in column) for column in _columns(rows)]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _fitted(widths: list[int], fixed: Set[int], names: Set[int], room: int) -> list[int]:
    """Narrow columns until the row fits, as far as possible: names after other texts."""
    of_names = [_NAME if at in names else _NARROWEST for at in range(len(widths))]
    for least in (of_names, [_NARROWEST] * len(widths), [_STUB] * len(widths)):
        widths = _narrowed(widths, fixed, least, room)
    return widths


def _narrowed(widths: Sequence[int], fixed: Set[int], least: Sequence[int], room: int) -> list[int]:
    """Narrow the widest columns until the row fits, or each has its least width."""
    narrowed = list(widths)
    for _ in range(_total(narrowed) - room):
        wide = [at for at, each in enumerate(narrowed) if at not in fixed and each > least[at]]
        if not wide:
            break
        narrowed[max(wide, key=lambda at: (narrowed[at], at))] -= 1
    return narrowed


def _line(row: Sequence[Cell], widths: Sequence[int], numbers: Set[int]) -> list[Cell]:
    """Align the cells of a row."""
    line: list[Cell] = []
    last = max((at for at, cell in enumerate(row) if _text(cell)), default=-1)
    for at, (cell, width) in enumerate(zip(row[: last + 1], widths, strict=False)):
        padding = " " * (width - width_of(_text(cell)))
        left, right = (padding, "") if at in numbers else ("", padding if at < last else "")
        line += [(_GAP if at else "") + left, cell, right]
    return line


def _within_width(note: str, width: int | None) -> str:
    """Divide a note into lines with the indent of its first."""
    return folded(note, width, 0, len(note) - len(note.lstrip()))


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
