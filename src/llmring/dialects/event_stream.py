"""Decoding of replies in server-sent events, or whole from servers that do not stream."""

from collections.abc import Callable, Sequence
from typing import Protocol

from llmring.chat.events import Event, Failed, TextDelta, UsageReport
from llmring.dialects.error_response import unreadable
from llmring.dialects.lenient_json import is_complete
from llmring.dialects.sse import EventSplitter, ServerEvent
from llmring.exceptions import ProviderError
from llmring.wire import HttpHead


class EventReader(Protocol):
    """A dialect's reader of server-sent events.

    Attributes:
        done: True once the vendor has marked the end of the reply.
    """

    done: bool

    @property
    def text_ended(self) -> bool:
        """True if the vendor has marked the end of the last text, and no other has begun."""

    def take(self, event: ServerEvent) -> list[Event]:
        """Return the reply's events for one server-sent event.

        Raises:
            ProviderError: The event is an error, or cannot be read.
        """

    def end(self) -> list[Event]:
        """Return the remaining events when the stream ends."""


Texts = Callable[[list[ServerEvent], int], Sequence[TextDelta]]
"""Returns the text of each server-sent event from a position on, up to the first that is not text
alone."""


class EventStreamDecoder:
    """The decoder of all dialects that stream in server-sent events; see `Decoder`.

    An unreadable event is a failure: skipped, it would leave a gap in an answer marked as whole.

    Args:
        head: Status and headers of the reply.
        reading: Reads the events one by one.
        decode: Decodes a whole reply, for a body without any event: from a server that does not
            stream, or a proxy's page.
        goes_on: Returns True if content may follow although the reply has a finish reason, so that
            an event which the end of the connection cuts is a loss.
        texts: Reads several events at once, as most of them are text; None if `reading` reads all.
    """

    __slots__ = (
        "_decode",
        "_goes_on",
        "_head",
        "_reading",
        "_splitter",
        "_stray",
        "_texts",
        "_unread",
        "_writes",
        "done",
    )

    def __init__(
        self,
        head: HttpHead,
        reading: EventReader,
        decode: Callable[[HttpHead, bytes], list[Event]],
        *,
        goes_on: Callable[[], bool] | None = None,
        texts: Texts | None = None,
    ) -> None:
        self.done = False
        self._goes_on = goes_on
        self._head = head
        self._reading = reading
        self._decode = decode
        self._splitter = EventSplitter()
        # The raw bytes, until the first event shows that this is a stream.
        self._unread: list[bytes] | None = []
        # Text before the first event, which is only then known to be damage.
        self._stray: list[ServerEvent] = []
        # The last event was text, so that the next one probably is too.
        self._writes = False
        self._texts = texts

    @property
    def text_ended(self) -> bool:
        """True if the vendor has marked the end of the last text, and no other has begun."""
        return self._reading.text_ended

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete."""
        if self._unread is not None:
            self._unread.append(data)
        return self._take(self._splitter.feed(data))

    def end(self) -> list[Event]:
        """Return the remaining events when the connection ends."""
        if self.done:
            return []
        events = self._take_last(self._splitter.end())
        if self._unread is None:
            # After a failure, nothing useful remains.
            failed = any(isinstance(event, Failed) for event in events)
            return events if failed else events + self._reading.end()
        try:
            return self._decode(self._head, b"".join(self._unread))
        except ProviderError as error:
            return [Failed(error)]

    def _take(self, received: list[ServerEvent]) -> list[Event]:
        if self._unread is not None:
            received = self._stray = [*self._stray, *received]
            if all(event.stray and not event.data for event in received):
                return []
            self._unread = None
        events: list[Event] = []
        at = 0
        while at < len(received) and not self.done:
            texts = self._texts(received, at) if self._writes and self._texts is not None else ()
            events += texts
            at += len(texts)
            if at < len(received):
                before = len(events)
                self._take_one(received[at], events)
                at += 1
                is_text = len(events) == before + 1 and type(events[-1]) is TextDelta
                if self._writes and is_text and not texts:
                    # The plain texts of this server have other fields.
                    self._texts = None
                self._writes = is_text
        return events

    def _take_one(self, event: ServerEvent, events: list[Event]) -> None:
        if event.stray:
            events += self._take_stray(event)
            return
        try:
            events += self._reading.take(event)
        except ProviderError as error:
            self.done = True
            # The tokens counted so far will be charged.
            events += [each for each in self._reading.end() if isinstance(each, UsageReport)]
            events.append(Failed(error))
        else:
            self.done = self._reading.done

    def _take_stray(self, event: ServerEvent) -> list[Event]:
        """Return the events of one with other lines, such as the rest of its data."""
        if event.data and is_complete(event.data):
            return self._take([ServerEvent(event.name, event.data)])
        return self._take([ServerEvent(event.name, _joined(event))])

    def _take_last(self, last: list[ServerEvent]) -> list[Event]:
        """Return the events of the last bytes, which may have no empty line after them."""
        events: list[Event] = []
        for event in last:
            data = _joined(event)
            if data.strip() == b"[DONE]" or is_complete(event.data) or is_complete(data):
                events += self._take([event])
            elif self._goes_on is not None and self._goes_on():
                error = unreadable(self._head, data, "the connection ended within an event")
                events.append(Failed(error))
        return events


def _joined(event: ServerEvent) -> bytes:
    """Return the data with the lines that a raw line end within it has cut off."""
    return b"\n".join(filter(None, (event.data, event.stray)))
