"""Splitting of a stream's bytes behind each of its events, so that events can be passed on whole.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
https://github.com/ndjson/ndjson-spec
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_BLANK_LINE = re.compile(rb"\n\r?\n|\r\r")
_LINE_END = re.compile(rb"\n")

# By the media type of a stream.
ENDS: Mapping[str, re.Pattern[bytes]] = {
    "text/event-stream": _BLANK_LINE,
    "application/x-ndjson": _LINE_END,
}

# One less than the length of the longest end, which two pieces may share.
_SHARED = 2


class EventBytes:
    """Splitter of a byte stream, cut anywhere, into the bytes of its events.

    Args:
        ends: The end of an event.

    Attributes:
        unfinished: The number of bytes since the last end.
    """

    __slots__ = ("_ends", "_pending", "_tail", "unfinished")

    def __init__(self, ends: re.Pattern[bytes]) -> None:
        self.unfinished = 0
        self._ends = ends
        self._pending: list[bytes] = []
        self._tail = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the bytes of the events that these bytes complete, each with its end."""
        if not self._pending:
            first = self._ends.search(data)
            if first is not None and first.end() == len(data):
                # One whole event, as nearly all come.
                return [data]
        self._pending.append(data)
        seen = self._tail + data
        if self._ends.search(seen) is None:
            self.unfinished += len(data)
            self._tail = seen[-_SHARED:]
            return []
        joined = b"".join(self._pending)
        events: list[bytes] = []
        at = 0
        for end in self._ends.finditer(joined):
            events.append(joined[at : end.end()])
            at = end.end()
        rest = joined[at:]
        self._pending = [rest] if rest else []
        self._tail = rest[-_SHARED:]
        self.unfinished = len(rest)
        return events

    def end(self) -> bytes:
        """Return the bytes after the last end."""
        rest = b"".join(self._pending)
        self._pending, self._tail, self.unfinished = [], b"", 0
        return rest
