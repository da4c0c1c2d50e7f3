"""A streamed reply in server-sent events, or whole from a server that does not stream."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from llmring.chat.events import Event, Failed, Garbled
from llmring.dialects.sse import EventSplitter, ServerEvent
from llmring.exceptions import ProviderError, UnreadableResponseError
from llmring.wire import HttpHead

# A stream in which more than this many events can't be read is not worth waiting for.
MOST_GARBLED = 8


class Reading(Protocol):
    """What a dialect makes of its own server-sent events.

    Attributes:
        done: Whether the vendor has said that nothing more will come.
    """

    done: bool

    def take(self, event: ServerEvent) -> list[Event]:
        """The events of a reply that one server-sent event brings.

        Raises:
            ProviderError: It is an error, or can't be read.
        """

    def end(self) -> list[Event]:
        """The events still held when nothing more comes."""


class EventStreamDecoder:
    """The decoder of every dialect that streams in server-sent events; see `Decoder`.

    An event that can't be read is passed over, as others may still make a whole answer.

    Args:
        head: Status and headers of the reply.
        reading: Reads the events, one by one.
        decode: Reads a whole reply, should the body hold no event at all: a server that does not
            stream, or a proxy's page.
    """

    __slots__ = ("_decode", "_garbled", "_head", "_reading", "_splitter", "_unread", "done")

    def __init__(
        self, head: HttpHead, reading: Reading, decode: Callable[[HttpHead, bytes], list[Event]]
    ) -> None:
        self.done = False
        self._garbled = 0
        self._head = head
        self._reading = reading
        self._decode = decode
        self._splitter = EventSplitter()
        # The bytes as they came, until the first event shows that they are a stream.
        self._unread: list[bytes] | None = []

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        if self._unread is not None:
            self._unread.append(data)
        return self._take(self._splitter.feed(data))

    def end(self) -> list[Event]:
        """The events still held when the connection ends."""
        if self.done:
            return []
        events = self._take([last for last in self._splitter.end() if _is_complete(last.data)])
        if self._unread is None:
            # After a failure there is nothing that it could still hold.
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
    """Whether the connection did not end within this event."""
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (ValueError, RecursionError):
        return data.strip() == b"[DONE]"
    return True
