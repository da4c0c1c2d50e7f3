"""Splitting of byte streams into server-sent events and JSON lines, however they are cut.

Each piece of bytes is scanned once when it arrives, and joined once when its event is complete,
so the cost stays linear even if one event arrives in a thousand pieces.
"""

from msgspec import Struct

_BOM = b"\xef\xbb\xbf"


class ServerEvent(Struct, frozen=True, gc=False):
    """A server-sent event.

    Attributes:
        name: Its name; empty if it has none.
        data: Its data.
        stray: Its lines without the name of a field; they may be damaged data, or plain text from a
            server that failed.
    """

    name: str
    data: bytes
    stray: bytes = b""


class EventSplitter:
    """Splitter of a byte stream, cut anywhere, into server-sent events.

    Lines that the specification ignores, except comments, are kept as `stray`.

    Lines end in LF, CRLF or CR; an empty line completes an event. A CR completes its line
    immediately: if the LF of a CRLF comes with the next bytes, it is dropped.

    https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
    """

    __slots__ = ("_after_cr", "_after_lf", "_pending", "_started")

    def __init__(self) -> None:
        self._pending: list[bytes] = []
        self._after_lf = False
        self._after_cr = False
        self._started = False

    def feed(self, data: bytes) -> list[ServerEvent]:
        """Return the events that these bytes complete."""
        if self._is_one_event(data):
            self._started = True
            return [ServerEvent("", data[6:-2])]
        data = self._with_lf(data)
        boundary = self._after_lf and data.startswith(b"\n")
        self._after_lf = data.endswith(b"\n") if data else self._after_lf
        if not boundary and b"\n\n" not in data:
            if data:
                self._pending.append(data)
            return []
        if self._pending:
            self._pending.append(data)
            data = b"".join(self._pending)
        if not self._started:
            data = data.removeprefix(_BOM)
            self._started = True
        *blocks, rest = data.split(b"\n\n")
        self._pending = [rest] if rest else []
        self._after_lf = rest.endswith(b"\n")
        events: list[ServerEvent] = []
        for block in blocks:
            # Nearly all events are of this kind.
            if block.startswith(b"data: ") and b"\n" not in block:
                events.append(ServerEvent("", block[6:]))
            elif (event := _event(block)) is not None:
                events.append(event)
        return events

    def end(self) -> list[ServerEvent]:
        """Return the event in the last bytes, if the stream ends without an empty line.

        The specification drops such an event, but some vendors end their streams this way, and
        their own clients accept it.
        """
        block = b"".join(self._pending)
        self._pending = []
        event = _event(block if self._started else block.removeprefix(_BOM))
        return [] if event is None else [event]

    def _is_one_event(self, data: bytes) -> bool:
        # Nearly all events arrive like this; this test takes two scans instead of five.
        return (
            not self._pending
            and not self._after_cr
            and data.startswith(b"data: ")
            and data.find(b"\n") == len(data) - 2
            and data.endswith(b"\n")
            and b"\r" not in data
        )

    def _with_lf(self, data: bytes) -> bytes:
        if not self._after_cr and b"\r" not in data:
            return data
        ends_in_cr = data.endswith(b"\r") if data else self._after_cr
        if self._after_cr:
            data = data.removeprefix(b"\n")
        self._after_cr = ends_in_cr
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


_IGNORED = frozenset({b"id", b"retry"})


def _event(block: bytes) -> ServerEvent | None:
    first, _, rest = block.partition(b"\n")
    if first.startswith(b"event: ") and rest.startswith(b"data: ") and b"\n" not in rest:
        # As of servers that name their events.
        return ServerEvent(first[7:].decode("utf-8", "replace"), rest[6:])
    name, data, stray = "", [], []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
        elif field.strip() and field not in _IGNORED:
            stray.append(line)
    if not data and not stray:
        return None
    return ServerEvent(name, b"\n".join(data), b"\n".join(stray))


class LineSplitter:
    """Splitter of a byte stream, cut anywhere, into JSON lines; empty lines are dropped.

    https://github.com/ndjson/ndjson-spec
    """

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """Return the lines that these bytes complete."""
        first, *rest = data.split(b"\n")
        self._pending.append(first)
        if not rest:
            return []
        lines = [b"".join(self._pending), *rest[:-1]]
        self._pending = [rest[-1]]
        return [line for line in lines if line.strip()]

    def end(self) -> list[bytes]:
        """Return the last line, if it has no line end."""
        line = b"".join(self._pending)
        self._pending = []
        return [line] if line.strip() else []
