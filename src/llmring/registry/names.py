"""The names in a catalog's document, found without reading what stands behind the others.

The document is JSON, written so that each name begins a line: `"provider:name":{facts}` for a
model, `"provider:alias":"name"` for another name of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

# What precedes the first name, and follows the last.
BEGINS = b'"models":{\n'
ENDS = b"\n}}\n"


class Names:
    """The names in a document that was written like that.

    Args:
        document: The document; taken as it is.
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
        """Where the facts behind a name begin, and these facts in JSON.

        Args:
            provider: The first half of a model reference.
            model: The second half. If there is no such name, one with other capitals will do.
        """
        found = self._said(provider, model)
        if found is not None and found[1].startswith(b'"'):
            return self._said(provider, msgspec.json.decode(found[1], type=str))
        return found

    def facts(self) -> Iterator[tuple[int, bytes]]:
        """For every model, where its facts begin, and these facts in JSON."""
        at = self._document.find(BEGINS) + len(BEGINS)
        while at < len(self._document) - len(ENDS):
            begins, said = self._value(self._document.index(b'":', at) + 2)
            if said.startswith(b"{"):
                yield begins, said
            at = self._end(begins) + 1

    def _said(self, provider: str, model: str) -> tuple[int, bytes] | None:
        try:
            key = b"\n%b:" % msgspec.json.encode(f"{provider}:{model}")
        except UnicodeEncodeError:  # half a surrogate pair: nobody's name
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
