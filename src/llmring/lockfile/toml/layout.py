"""Positions of the keys and values in a TOML text.

tomllib does not report positions. The scanner here finds them for error messages and for edits
that keep the rest of the text. It only runs on text that tomllib has accepted, so its patterns
separate tokens without validating them.

https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import NamedTuple

from msgspec import Struct

# Loops are unrolled so that there is only one way to match; possessive quantifiers would do the
# same, but some releases of Python 3.11 get them wrong.

KeyPath = tuple[str | int, ...]


# Whitespace and comments between the tokens of an array.
TRIVIA = re.compile(r"[ \t\r\n]*(?:#[^\n]*[ \t\r\n]*)*")
_BLANKS = re.compile(r"[ \t]*")
REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?\r?\n?")
_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"\\]*(?:\\.[^"\\]*)*"|'[^']*'""")
_SCALAR = re.compile(
    r'''
    """[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"{3,5}    # two quotes may precede the last three
    | \'\'\'[^']*(?:'(?!'')[^']*)*'{3,5}
    | "[^"\\]*(?:\\.[^"\\]*)*"
    | '[^']*'
    | \d{4}-\d\d-\d\d[ ]\d\d:[^\s,\]}#]*    # the only scalar with a space in it
    | [^\s,\]}#]+
    ''',
    re.VERBOSE | re.DOTALL,
)


class TextSpan(NamedTuple):
    """A range of offsets into the text; `end` is exclusive."""

    begin: int
    end: int


class LayoutEntry(Struct, frozen=True):
    """The spans of a key and its value.

    Attributes:
        key: The key, or the header that opens the table; None for an element of a list.
        value: The value; None for a table that headers or dotted keys open.
    """

    key: TextSpan | None
    value: TextSpan | None


class Section(Struct):
    """The lines from one header to the next; the first section has no header.

    Attributes:
        path: The table that the header opens.
        header: The span of the header, brackets included.
        body_end: The offset after the line of the last key, its line end included.
    """

    path: KeyPath
    header: TextSpan
    body_end: int


class Layout:
    """The positions of all keys, values and headers in a TOML text.

    Attributes:
        text: The text.
        entries: Every key and every element of a list, by its path.
        sections: The sections, in the order of the text.
    """

    __slots__ = ("_line_starts", "entries", "sections", "text")

    def __init__(
        self, text: str, entries: dict[KeyPath, LayoutEntry], sections: list[Section]
    ) -> None:
        self.text = text
        self.entries = entries
        self.sections = sections
        self._line_starts = [0, *(end.end() for end in re.finditer("\n", text))]

    def position(self, path: KeyPath, *, at_key: bool = False) -> tuple[int, int]:
        """Return the line and column, both from 1, of a value or of its key.

        A path that is not in the text has the position of the table it should be in.
        """
        while path and path not in self.entries:
            path = path[:-1]
        entry = self.entries.get(path, LayoutEntry(TextSpan(0, 0), None))
        spans = (entry.key, entry.value) if at_key else (entry.value, entry.key)
        return self.place(next(span.begin for span in spans if span is not None))

    def value(self, path: KeyPath) -> TextSpan:
        """Return the span of a key's value.

        Raises:
            KeyError: The key does not exist, or is a table opened by a header.
        """
        span = self.entries[path].value
        if span is None:
            raise KeyError(path)
        return span

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and column, both from 1, of an offset."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line_start(self, offset: int) -> int:
        """Return the offset at which the line of an offset begins."""
        return self._line_starts[bisect_right(self._line_starts, offset) - 1]

    def section_at(self, offset: int) -> Section:
        """Return the section that contains an offset."""
        begins = [section.header.begin for section in self.sections]
        return self.sections[bisect_right(begins, offset) - 1]


def scan(text: str) -> Layout:
    """Scan a text that tomllib accepts, in time linear in its length."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._entries: dict[KeyPath, LayoutEntry] = {}
        self._sections = [Section((), TextSpan(0, 0), 0)]
        # The number of tables in each [[array of tables]] so far.
        self._counts: dict[KeyPath, int] = {}

    def scan(self) -> Layout:
        at = _end(TRIVIA, self._text, 0)
        while at < len(self._text):
            if self._text[at] == "[":
                at = self._header(at)
            else:
                at = self._pair(self._sections[-1].path, at)
            at = _end(REST_OF_LINE, self._text, at)
            self._sections[-1].body_end = at
            at = _end(TRIVIA, self._text, at)
        return Layout(self._text, self._entries, self._sections)

    def _header(self, begin: int) -> int:
        brackets = 2 if self._text.startswith("[[", begin) else 1
        at, keys = self._key(_end(_BLANKS, self._text, begin + brackets))
        span = TextSpan(begin, at + brackets)
        path: KeyPath = ()
        for name, key in keys[:-1]:
            path = (*path, name)
            self._entries.setdefault(path, LayoutEntry(key, None))
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        name, key = keys[-1]
        path = (*path, name)
        if brackets == 2:
            count = self._counts.get(path, 0)
            self._counts[path] = count + 1
            self._entries.setdefault(path, LayoutEntry(key, None))
            path = (*path, count)
            key = span
        self._entries[path] = LayoutEntry(key, None)
        self._sections.append(Section(path, span, span.end))
        return span.end

    def _pair(self, path: KeyPath, at: int) -> int:
        at, keys = self._key(at)
        for name, key in keys[:-1]:
            path = (*path, name)
            self._entries.setdefault(path, LayoutEntry(key, None))
        name, key = keys[-1]
        return self._value((*path, name), key, _end(_BLANKS, self._text, at + 1))

    def _key(self, at: int) -> tuple[int, list[tuple[str, TextSpan]]]:
        """Scan a dotted key; return the offset after it and its parts."""
        parts = []
        while True:
            span = TextSpan(at, _end(_KEY_PART, self._text, at))
            parts.append((_key_name(self._text[span.begin : span.end]), span))
            at = _end(_BLANKS, self._text, span.end)
            if self._text[at] != ".":
                return at, parts
            at = _end(_BLANKS, self._text, at + 1)

    def _value(self, path: KeyPath, key: TextSpan | None, begin: int) -> int:
        # Lists and tables are scanned here rather than in functions of their own, so that the
        # recursion never goes deeper than tomllib's.
        text = self._text
        if text[begin] == "[":
            at, index = _end(TRIVIA, text, begin + 1), 0
            while text[at] != "]":
                at = _end(TRIVIA, text, self._value((*path, index), None, at))
                index += 1
                if text[at] == ",":
                    at = _end(TRIVIA, text, at + 1)
            end = at + 1
        elif text[begin] == "{":
            at = _end(TRIVIA, text, begin + 1)
            while text[at] != "}":
                at = _end(TRIVIA, text, self._pair(path, at))
                if text[at] == ",":
                    at = _end(TRIVIA, text, at + 1)
            end = at + 1
        else:
            end = _end(_SCALAR, text, begin)
        self._entries[path] = LayoutEntry(key, TextSpan(begin, end))
        return end


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _key_name(raw: str) -> str:
    if raw[0] == '"':
        return str(tomllib.loads(f"key = {raw}")["key"]) if "\\" in raw else raw[1:-1]
    return raw[1:-1] if raw[0] == "'" else raw
