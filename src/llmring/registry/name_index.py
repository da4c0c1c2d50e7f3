"""Lookup of names in a catalog's document without decoding the other entries.

The document is JSON in which each name begins a line: `"provider:name":{facts}` for a model,
`"provider:alias":"name"` for another name of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

# The text before the first name and after the last.
BEGINS = b'"models":{\n'
ENDS = b"\n}}\n"


class NameIndex:
    """The names in a catalog's document.

    Args:
        document: The document; it is not checked.
    """

    __slots__ = ("_document", "_lower")

    def __init__(self, document: bytes) -> None:
        self._document = document
        self._lower: bytes | None = None

    @property
    def head(self) -> bytes:
        """The document without any name, in JSON."""
        return self._document.partition(BEGINS)[0] + b'"models":{}}'

    def find(self, provider: str, model: str) -> tuple[int, bytes] | None:
        """Find the facts of a model: their offset, and the facts in JSON.

        Args:
            provider: The provider's name.
            model: The model's name or alias; if it does not exist, case is ignored.
        """
        found = self._entry(provider, model)
        if found is not None and found[1].startswith(b'"'):
            return self._entry(provider, msgspec.json.decode(found[1], type=str))
        return found

    def facts(self) -> Iterator[tuple[int, bytes]]:
        """Yield each model's facts: their offset, and the facts in JSON."""
        at = self._document.find(BEGINS) + len(BEGINS)
        while at < len(self._document) - len(ENDS):
            begins, entry = self._value(self._document.index(b'":', at) + 2)
            if entry.startswith(b"{"):
                yield begins, entry
            at = self._end(begins) + 1

    def _entry(self, provider: str, model: str) -> tuple[int, bytes] | None:
        try:
            key = b"\n%b:" % msgspec.json.encode(f"{provider}:{model}")
        except UnicodeEncodeError:  # a lone surrogate is in no name
            return None
        at = self._document.find(key)
        if at < 0:
            if self._lower is None:
                self._lower = self._document.lower()
            at = self._lower.find(key.lower())
        return None if at < 0 else self._value(at + len(key))

    def _value(self, begins: int) -> tuple[int, bytes]:
        return begins, self._document[begins : self._end(begins)].removesuffix(b",")

    def _end(self, begins: int) -> int:
        return self._document.index(b"\n", begins)
