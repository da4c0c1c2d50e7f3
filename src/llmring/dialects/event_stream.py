"""Decoding of replies in server-sent events, or whole from servers that do not stream."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from llmring.chat.events import Event, Failed, Garbled
from llmring.dialects.sse import EventSplitter, ServerEvent
from llmring.exceptions import ProviderError, UnreadableResponseError
from llmring.wire import HttpHead

# After more unreadable events than this, a stream is given up.
MOST_GARBLED = 8


class EventReader(Protocol):
    """A dialect's reader of server-sent events.

    Attributes:
        done: True once the vendor has marked the end of the reply.
    """

    done: bool

    def take(self, event: ServerEvent) -> list[Event]:
        """Return the reply's events for one server-sent event.

        Raises:
            ProviderError: The event is an error, or cannot be read.
        """

    def end(self) -> list[Event]:
        """Return the remaining events when the stream ends."""


class EventStreamDecoder:
    """The decoder of all dialects that stream in server-sent events; see `Decoder`.

    An unreadable event is skipped, since the others may still form a complete answer.

    Args:
        head: Status and headers of the reply.
        reading: Reads the events one by one.
        decode: Decodes a whole reply, for a body without any event: from a server that does not
            stream, or a proxy's page.
    """

    __slots__ = ("_decode", "_garbled", "_head", "_reading", "_splitter", "_unread", "done")

    def __init__(
        self, head: HttpHead, reading: EventReader, decode: Callable[[HttpHead, bytes], list[Event]]
    ) -> None:
        self.done = False
        self._garbled = 0
        self._head = head
        self._reading = reading
        self._decode = decode
        self._splitter = EventSplitter()
        # The raw bytes, until the first event shows that this is a stream.
        self._unread: list[bytes] | None = []

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete."""
        if self._unread is not None:
            self._unread.append(data)
        return self._take(self._splitter.feed(data))

    def end(self) -> list[Event]:
        """Return the remaining events when the connection ends."""
        if self.done:
            return []
        events = self._take([last for last in self._splitter.end() if _is_complete(last.data)])
        if self._unread is None:
            # After a failure, nothing useful remains.
            failed = any(isinstance(event, Failed) for event in events)
            return events if failed else events + self._reading.end()
        try:
            return self._decode(self._head, b"".join(self._unread))
        except ProviderError as error:
            return [Failed(error)]

    def _take(self, received: list[ServerEvent]) -> list[Event]:
        events: list[Event] = []
        for event in received:
            if self.done:
                break
            self._unread = None
            try:
                events += self._reading.take(event)
            except UnreadableResponseError as error:
                self._garbled += 1
                self.done = self._garbled > MOST_GARBLED
                events.append(Failed(error) if self.done else Garbled(error))
            except ProviderError as error:
                self.done = True
                events.append(Failed(error))
            else:
                self.done = self._reading.done
        return events


def _is_complete(data: bytes) -> bool:
    """Return True if the connection did not end within this event."""
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (ValueError, RecursionError):
        return data.strip() == b"[DONE]"
    return True
