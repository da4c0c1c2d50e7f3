"""TOML arrays split into elements, to change some elements and keep the rest of the text.

An element owns the text between the line of the previous element and itself, and the rest of its
own line: comments, line breaks, indentation. The array owns the rest of the line after its opening
bracket, the text before its closing bracket, and the trailing comma. So appending an element and
removing it again restores the original text.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from llmring.lockfile.toml.layout import TRIVIA, KeyPath, Layout, TextSpan
from llmring.lockfile.toml.quoting import quoted

_LINE_END = re.compile(r"\r?\n")
_INDENT = re.compile(r"\r?\n[ \t]*\Z")


class Element(Struct, frozen=True):
    """An element with the whitespace and comments it owns.

    Attributes:
        raw: The element as written.
        lead: The text before the element.
        gap: The text between the element and its comma.
        tail: The text after the comma on the same line.
    """

    raw: str
    lead: str = ""
    gap: str = ""
    tail: str = ""


class Array(Struct, frozen=True):
    """An array split into its elements and the text around them.

    Attributes:
        head: The text after the opening bracket on the same line.
        elements: The elements.
        comma: Whether the last element is followed by a comma.
        close: The text before the closing bracket.
    """

    head: str
    elements: tuple[Element, ...]
    comma: bool
    close: str

    @property
    def text(self) -> str:
        """The array as TOML."""
        inside = ""
        for index, each in enumerate(self.elements, 1):
            comma = "," if self.comma or index < len(self.elements) else ""
            inside += f"{each.lead}{each.raw}{each.gap}{comma}{each.tail}"
        return f"[{self.head}{inside}{self.close}]"

    def adding(self, raw: str) -> "Array":
        """Return the array with one more element at the end."""
        return self._of([*self.elements, Element(raw, self._lead)])

    def without(self, index: int) -> "Array":
        """Return the array without the element at an index."""
        return self._of([*self.elements[:index], *self.elements[index + 1 :]])

    def holding(self, wanted: Sequence[str], present: Sequence[str]) -> "Array":
        """Return an array of other strings; strings already present keep their formatting.

        Args:
            wanted: The strings of the new array.
            present: The strings of this array, one for each element.
        """
        have = dict(zip(reversed(present), reversed(self.elements), strict=True))
        lead = self._lead
        return self._of([have.get(text) or Element(quoted(text), lead) for text in wanted])

    @property
    def _lead(self) -> str:
        """The whitespace to put before a new element."""
        for each in reversed(self.elements):
            if found := _INDENT.search(each.lead):
                return found[0]
        if found := _INDENT.search(self.close):
            return f"{found[0]}    "
        return self.elements[-1].lead if len(self.elements) > 1 else " " * len(self.elements)

    def _of(self, elements: Iterable[Element]) -> "Array":
        """Return the array with these elements, adding the whitespace their new places need."""
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
    """Split the array at a key into its elements."""
    text = layout.text
    begin, end = layout.value(path)
    spans: list[TextSpan] = []
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
    """Split at the first line end; without a line end the first part is empty."""
    found = _LINE_END.search(space)
    return (space[: found.start()], space[found.start() :]) if found else ("", space)
