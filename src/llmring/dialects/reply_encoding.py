"""Replies in the format of an API, whole or streamed: the types that all dialects share.

An encoder is given the events of a reply, as the dialects' readers return them, and returns the
bytes that the API's own server sends for them. Encoders are pure: IDs and times are arguments.
"""

from __future__ import annotations

import contextlib
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeGuard

import msgspec
from msgspec import Struct

from llmring.chat.events import (
    EndMarked,
    Event,
    Failed,
    Finished,
    ProviderItem,
    ShownAsAnswer,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.reply_events import Content
from llmring.exceptions import ProviderError
from llmring.wire import HttpHead

Json = dict[str, Any]


class Envelope(Struct, frozen=True, kw_only=True):
    """The fields of a reply that its events do not carry.

    Attributes:
        model: The model's name, where the events give none.
        id: The reply's ID, where the events give none.
        created: The time of the reply, in seconds since 1970.
        include_usage: False leaves the tokens out of a stream of Chat Completions.
        usage: The tokens to report at the beginning of a stream, where the API does so.
        estimate: Estimates these tokens, if they are not known.
        echo: Fields of the request that the API repeats in its reply (`tools`, `temperature` …).
    """

    model: str = ""
    id: str = ""
    created: int = 0
    include_usage: bool = True
    usage: Usage | None = None
    estimate: Callable[[], Usage] | None = None
    echo: Mapping[str, Any] = {}


class ErrorAnswer(Struct, frozen=True, kw_only=True):
    """An error to answer with.

    Attributes:
        status: The HTTP status.
        message: The message.
        code: The API's own code or type; None for the usual one of the status.
        detail: Anthropic's code of the case, which goes next to the type.
        param: The path of the field of the request that is wrong, if it is one field.
        retry_after: Seconds that the client should wait.
        request_id: The ID of the request.
    """

    status: int
    message: str
    code: str | None = None
    detail: str | None = None
    param: str | None = None
    retry_after: float | None = None
    request_id: str | None = None

    @classmethod
    def of(cls, error: ProviderError) -> ErrorAnswer:
        """Return the answer that reports a provider's error."""
        return cls(
            status=error.status if error.status and error.status >= 400 else 500,
            message=error.provider_message or str(error),
            code=error.code,
            retry_after=error.retry_after,
            request_id=error.request_id,
        )

    def head(self, request_id: str = "x-request-id") -> HttpHead:
        """Build the head of the answer; `request_id` is the API's name of that header."""
        headers = {"content-type": "application/json"}
        if self.retry_after is not None:
            headers["retry-after"] = f"{self.retry_after:g}"
        if self.request_id is not None:
            headers[request_id] = self.request_id
        return HttpHead(self.status, headers)


class StreamEncoder(ABC):
    """A reply being streamed: each event into the bytes that it is worth.

    All pieces of one tool call come together, one call after the other.

    Args:
        envelope: What the events do not carry.
    """

    def __init__(self, envelope: Envelope) -> None:
        self._envelope = envelope
        self._model = envelope.model
        self._id = envelope.id
        self._usage: Usage | None = None
        self._finished: Finished | None = None
        self._begun = self._adopts = False
        self._call: int | None = None
        self._calls: set[int] = set()

    def encode(self, event: Event) -> list[bytes]:
        """Encode one event.

        Raises:
            ValueError: It is a late piece of a tool call after which another has begun.
        """
        # Nearly all events are texts.
        return [*self._content(event)] if self._is_next(event) else self._encoded(event)

    def _is_next(self, event: Event) -> TypeGuard[TextDelta]:
        return self._begun and type(event) is TextDelta

    def _encoded(self, event: Event) -> list[bytes]:
        match event:
            case Started(model=model, id=id_):
                self._model, self._id = model or self._model, id_ or self._id
                return [*self._started()]
            case UsageReport(usage=usage):
                self._usage = usage
            case Finished():
                self._finished = event
            case Failed(error=error):
                return self.fail(ErrorAnswer.of(error))
            case EndMarked() | ShownAsAnswer():
                # A stream can't take back what it has sent.
                pass
            case ToolCallDelta(index=index):
                begins = index != self._call
                if begins and index in self._calls:
                    raise ValueError(f"tool call {index} goes on after another has begun")
                if index in self._calls:
                    # Some APIs name a call again at its end; clients would join both names.
                    event = msgspec.structs.replace(event, id=None, name=None)
                    if event == ToolCallDelta(index, kind=event.kind):
                        return []
                self._call = index
                self._calls.add(index)
                return [*self._started(), *self._content(event)]
            case _:
                return [*self._started(), *self._content(event)]
        return []

    def adopt(self, data: bytes, events: Iterable[Event]) -> None:
        """Follow what the client was sent in place of events, to go on from there.

        Args:
            data: Whole events, as a server with the same API wrote them.
            events: The same, decoded.
        """
        self._adopts = True
        for event in events:
            if self._is_next(event) and self._follows(event):
                continue
            # What is late here may have been shown in time.
            with contextlib.suppress(ValueError):
                self.encode(event)
        self._adopt(data)
        self._adopts = False

    def _follows(self, text: TextDelta) -> bool:  # noqa: ARG002 -- some have to know it
        """Take over a text that goes on; return False if it has to be encoded for this."""
        return False

    def _adopt(self, data: bytes) -> None:  # noqa: B027 -- some have nothing to take over
        """Take over the IDs, times and numbers of these bytes."""

    def end(self) -> list[bytes]:
        """Encode the end of a complete reply."""
        return [*self._started(), *self._end()]

    @abstractmethod
    def fail(self, error: ErrorAnswer) -> list[bytes]:
        """Encode the end of a reply that fails after its beginning."""

    def keep_alive(self) -> bytes:
        """Encode a message without content, which keeps the connection open between events.

        https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
        """
        return b": keep-alive\n\n"

    def _started(self) -> Iterable[bytes]:
        if self._begun:
            return ()
        self._begun = True
        return self._begin()

    def _begin(self) -> Iterable[bytes]:
        return ()

    @abstractmethod
    def _content(self, event: Content) -> Iterable[bytes]: ...

    @abstractmethod
    def _end(self) -> Iterable[bytes]: ...


class ReplyEncoding(Struct, frozen=True, kw_only=True):
    """The server's half of an API, as a record of pure functions.

    Attributes:
        whole: The events of a reply into the JSON body.
        encoder: A new encoder for one streamed reply.
        error: An error into its head and body.
        stream_type: The media type of a stream.
        arranged: The events of a complete reply in the order that `encoder` needs to lose
            nothing of them.
    """

    whole: Callable[[Iterable[Event], Envelope], bytes]
    encoder: Callable[[Envelope], StreamEncoder]
    error: Callable[[ErrorAnswer], tuple[HttpHead, bytes]]
    stream_type: str = "text/event-stream"
    arranged: Callable[[Iterable[Event]], Iterable[Event]] = iter

    def stream(self, events: Iterable[Event], envelope: Envelope) -> list[bytes]:
        """Encode a complete reply as a stream, in the pieces in which a server sends it."""
        events = list(events)
        reports = [event.usage for event in events if isinstance(event, UsageReport)]
        if reports and envelope.usage is None:
            envelope = msgspec.structs.replace(envelope, usage=reports[-1])
        encoder = self.encoder(envelope)
        arranged = self.arranged(_with_calls_together(events))
        pieces = [piece for event in arranged for piece in encoder.encode(event)]
        return pieces + encoder.end()


def _with_calls_together(events: list[Event]) -> Iterator[Event]:
    calls: dict[int, list[Event]] = {}
    for event in events:
        if isinstance(event, ToolCallDelta):
            calls.setdefault(event.index, []).append(event)
    for event in events:
        if isinstance(event, ToolCallDelta):
            yield from calls.pop(event.index, ())
        else:
            yield event


class Gathered(Struct, frozen=True):
    """The fields of a complete reply that are not content.

    Attributes:
        model: The model's name.
        id: The reply's ID.
        usage: The tokens, if they are known.
        finished: The end, if it came.
    """

    model: str
    id: str
    usage: Usage | None
    finished: Finished | None


def gather(events: Iterable[Event], envelope: Envelope) -> Gathered:
    """Return the fields of a complete reply that are not content.

    Raises:
        ProviderError: One of the events is the provider's failure.
    """
    model, id_ = envelope.model, envelope.id
    usage: Usage | None = None
    finished: Finished | None = None
    for event in events:
        match event:
            case Started():
                model, id_ = event.model or model, event.id or id_
            case UsageReport():
                usage = event.usage
            case Finished():
                finished = event
            case Failed(error=error):
                raise error
    return Gathered(model, id_, usage, finished)


def call_id(reply_id: str, call: ToolCallDelta) -> str:
    """Return the ID of a tool call; one that came without is the same for the same reply."""
    if call.id:
        return call.id
    seed = f"{reply_id}\0{call.index}\0{call.name}"
    return "call_" + hashlib.blake2s(seed.encode(), digest_size=12).hexdigest()


def json_arguments(call: ToolCallDelta) -> msgspec.Raw | Json:
    """Return the arguments of a tool call as a JSON object in one line, their numbers as they were.

    The text of a custom tool, and one that is not a JSON object, is put under "arguments".
    """
    text = call.arguments.strip() or "{}"
    if call.kind == "function":
        with contextlib.suppress(ValueError, RecursionError):
            msgspec.json.decode(text, type=dict[str, msgspec.Raw])
            # A line's end would be the end of an event of a stream.
            is_lines = "\n" in text or "\r" in text
            return msgspec.Raw(
                (msgspec.json.format(text, indent=-1) if is_lines else text).encode()
            )
    return {"arguments": call.arguments}


def placed(events: Iterable[Event], mark: Callable[[ProviderItem], str | None]) -> list[Event]:
    """Move each item that marks the place of a tool call in front of that call.

    Args:
        events: The events of a complete reply.
        mark: The ID of the call that an item marks, if it marks one.
    """
    events = list(events)
    items = {id_: e for e in events if isinstance(e, ProviderItem) and (id_ := mark(e))}
    result: list[Event] = []
    for event in events:
        if isinstance(event, ProviderItem) and mark(event):
            continue
        if isinstance(event, ToolCallDelta) and event.id in items:
            result.append(items.pop(event.id))
        result.append(event)
    return result


# Some clients end lines where `str.splitlines` does. A JSON text has these in strings only.
_LINE_ENDS = {mark.encode(): f"\\u{ord(mark):04x}".encode() for mark in "\u0085\u2028\u2029"}


def json_line(payload: Json | str) -> bytes:
    """Encode a JSON text that no client takes for more than one line."""
    data = msgspec.json.encode(payload)
    for mark, escaped in _LINE_ENDS.items():
        if mark in data:
            data = data.replace(mark, escaped)
    return data


def json_text_line(text: str) -> bytes:
    """Encode a text as JSON that no client takes for more than one line."""
    return msgspec.json.encode(text) if text.isascii() else json_line(text)


def sse(payload: Json, line_end: bytes = b"\n") -> bytes:
    """Encode a server-sent event without a name."""
    return b"data: " + json_line(payload) + 2 * line_end


def named_sse(payload: Json) -> bytes:
    """Encode a server-sent event whose name is its type."""
    return f"event: {payload['type']}\n".encode() + sse(payload)
