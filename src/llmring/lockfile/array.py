"""A TOML array taken apart, so that its elements can change and all else in it stays.

An element owns what stands between it and the line of the one before, and the rest of its own
line: comments, line breaks, indentation. The array owns what follows its opening bracket on the
same line, what stands before its closing bracket, and whether it ends in a comma. So adding an
element at the end and taking it away again gives back the same text.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from llmring.lockfile.layout import TRIVIA, Layout, Span
from llmring.lockfile.problem import KeyPath, quoted

_LINE_END = re.compile(r"\r?\n")
_INDENT = re.compile(r"\r?\n[ \t]*\Z")


class Element(Struct, frozen=True):
    """An element with the space and the comments that are its own.

    Attributes:
        raw: The element as it is written.
        lead: What stands before it.
        gap: What stands between it and its comma.
        tail: What follows the comma on the same line.
    """

    raw: str
    lead: str = ""
    gap: str = ""
    tail: str = ""


class Array(Struct, frozen=True):
    """An array in pieces.

    Attributes:
        head: What follows the opening bracket on its line.
        elements: The elements.
        comma: Whether a comma follows the last one.
        close: What stands before the closing bracket.
    """

    head: str
    elements: tuple[Element, ...]
    comma: bool
    close: str

    @property
    def text(self) -> str:
        """The array as it is written."""
        inside = ""
        for index, each in enumerate(self.elements, 1):
            comma = "," if self.comma or index < len(self.elements) else ""
            inside += f"{each.lead}{each.raw}{each.gap}{comma}{each.tail}"
        return f"[{self.head}{inside}{self.close}]"

    def adding(self, raw: str) -> "Array":
        """The array with one more element at its end."""
        return self._of([*self.elements, Element(raw, self._lead)])

    def without(self, index: int) -> "Array":
        """The array without one of its elements."""
        return self._of([*self.elements[:index], *self.elements[index + 1 :]])

    def holding(self, wanted: Sequence[str], present: Sequence[str]) -> "Array":
        """The array of these texts instead; those that it has already keep their looks.

        Args:
            wanted: The texts that it shall hold.
            present: The texts that it holds.
        """
        have = dict(zip(reversed(present), reversed(self.elements), strict=True))
        lead = self._lead
        return self._of([have.get(text) or Element(quoted(text), lead) for text in wanted])

    @property
    def _lead(self) -> str:
        """What stands before one more element."""
        for each in reversed(self.elements):
            if found := _INDENT.search(each.lead):
                return found[0]
        if found := _INDENT.search(self.close):
            return f"{found[0]}    "
        return self.elements[-1].lead if len(self.elements) > 1 else " " * len(self.elements)

    def _of(self, elements: Iterable[Element]) -> "Array":
        """The array of these elements, with space where they need it at their new places."""
        old_first = self.elements[0] if self.elements else None
        spaced: list[Element] = []
        close = self.close
        for each in elements:
            lead = each.lead
            if not spaced:
                if old_first and "\n" not in lead:
                    lead = old_first.lead
            elif each is old_first or ("#" in spaced[-1].tail and "\n" not in lead):
                lead = self._lead
            spaced.append(msgspec.structs.replace(each, lead=lead))
        if "#" in (spaced[-1].tail if spaced else self.head) and "\n" not in close:
            close = self._lead
        return msgspec.structs.replace(self, elements=tuple(spaced), close=close)


def array(layout: Layout, path: KeyPath) -> Array:
    """The array that a key holds, in pieces."""
    text = layout.text
    begin, end = layout.value(path)
    spans: list[Span] = []
    while (*path, len(spans)) in layout.entries:
        spans.append(layout.value((*path, len(spans))))
    if not spans:
        head, close = _split(text[begin + 1 : end - 1])
        return Array(head, (), comma=False, close=close)
    head, lead = _split(text[begin + 1 : spans[0].begin])
    elements = []
    comma = False
    for index, span in enumerate(spans):
        until = spans[index + 1].begin if index + 1 < len(spans) else end - 1
        found = TRIVIA.match(text, span.end, until)
        at = found.end() if found else span.end
        comma = text[at] == ","
        gap = text[span.end : at] if comma else ""
        tail, next_lead = _split(text[at + 1 : until] if comma else text[span.end : until])
        elements.append(Element(text[span.begin : span.end], lead, gap, tail))
        lead = next_lead
    return Array(head, tuple(elements), comma, close=lead)


def _split(space: str) -> tuple[str, str]:
    """What is on the line before the first line end, and the rest; no line end: all is rest."""
    found = _LINE_END.search(space)
    return (space[: found.start()], space[found.start() :]) if found else ("", space)
