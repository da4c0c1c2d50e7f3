"""The canonical format of a lockfile's text; keys, their order and comments are kept.

The format has one space on each side of `=`, one blank line between tables and never two, no
trailing whitespace, one line end at the end of the file, and a line for each model in lists too
long for one line. Everything else is left as written.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import pairwise

from llmring.exceptions import LockfileError, LockfileParseError
from llmring.lockfile import syntax
from llmring.lockfile.problem import Problem
from llmring.lockfile.toml.layout import Layout, TextSpan, scan

WIDTH = 100

_INDENT = "    "
_MULTI_LINE = ('"""', "'''")
_FIRST_LINE_END = re.compile(r"\r?\n")


def formatted(text: str) -> str:
    """Format a lockfile's text; all lines end as the first one does.

    Raises:
        LockfileParseError: The text is not TOML.
        LockfileError: The text can't be formatted safely.
    """
    tree = syntax.load(text)
    if isinstance(tree, Problem):
        raise LockfileParseError(str(tree), line=tree.line, column=tree.column)
    first = _FIRST_LINE_END.search(text)
    after = text.replace("\r\n", "\n")
    for step in (_equals_spaced, _models_in_lines, _lines_tidied):
        after = step(scan(after))
    _require_same(text, after)
    return after.replace("\n", first[0]) if first else after


def _equals_spaced(layout: Layout) -> str:
    """Put one space on each side of every `=`."""
    spans = [
        (TextSpan(entry.key.end, entry.value.begin), " = ")
        for entry in layout.entries.values()
        if entry.key and entry.value
    ]
    return _spliced(layout.text, spans)


def _models_in_lines(layout: Layout) -> str:
    """Split lists of models that are too long for one line into a line for each model."""
    spans = []
    for path, entry in layout.entries.items():
        if path[-1] != "models" or entry.key is None or entry.value is None:
            continue
        begin, end = entry.value
        start = layout.line_start(begin)
        # An inline table can't span lines.
        own_line = not layout.text[start : entry.key.begin].strip()
        elements = [*_elements(layout, path)]
        if own_line and elements and "\n" not in layout.text[begin:end] and end - start > WIDTH:
            indent = layout.text[start : entry.key.begin]
            lines = [f"{indent}{_INDENT}{element},\n" for element in elements]
            spans.append((entry.value, f"[\n{''.join(lines)}{indent}]"))
    return _spliced(layout.text, spans)


def _elements(layout: Layout, path: tuple[str | int, ...]) -> Iterator[str]:
    index = 0
    while (element := layout.entries.get((*path, index))) and element.value:
        yield layout.text[element.value.begin : element.value.end]
        index += 1


def _lines_tidied(layout: Layout) -> str:
    """Remove trailing whitespace, and put blank lines only where they belong."""
    lines = layout.text.split("\n")
    kept = _inside_texts(layout)
    tops = _table_tops(layout, lines)
    tidy: list[str] = []
    for number, line in enumerate(lines):
        stripped = line if number in kept else line.rstrip(" \t")
        if number in tops and tidy and tidy[-1]:
            tidy.append("")
        if stripped or number in kept or (tidy and tidy[-1]):
            tidy.append(stripped)
    text = "\n".join(tidy).rstrip("\n")
    return f"{text}\n" if text else ""


def _inside_texts(layout: Layout) -> set[int]:
    """Return the lines, from 0, that end inside a multi-line string."""
    lines: set[int] = set()
    for entry in layout.entries.values():
        if entry.value and layout.text.startswith(_MULTI_LINE, entry.value.begin):
            first, last = (layout.place(offset)[0] - 1 for offset in entry.value)
            lines.update(range(first, last))
    return lines


def _table_tops(layout: Layout, lines: list[str]) -> set[int]:
    """Return the first line of each table, from 0: its header or the comments directly above."""
    tops = set()
    for before, section in pairwise(layout.sections):
        top = layout.place(section.header.begin)[0] - 1
        floor = layout.place(before.body_end)[0] - 1
        while top > floor and lines[top - 1].lstrip(" \t").startswith("#"):
            top -= 1
        tops.add(top)
    return tops


def _spliced(text: str, pieces: list[tuple[TextSpan, str]]) -> str:
    """Replace spans of a text by new pieces."""
    out = []
    at = 0
    for span, new in sorted(pieces):
        out += [text[at : span.begin], new]
        at = span.end
    return "".join([*out, text[at:]])


def _require_same(before: str, after: str) -> None:
    # Floats are compared as strings, since NaN is not equal to itself.
    trees = [tomllib.loads(text, parse_float=str) for text in (before, after)]
    if trees[0] != trees[1]:
        raise LockfileError(
            "this lockfile is written in a way that can't be formatted safely; format it by hand"
        )
