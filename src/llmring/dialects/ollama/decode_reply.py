"""Replies of Ollama's chat API, whole or in lines, including errors.

The lines of a streamed reply are objects of the same form as a whole reply, so a whole reply is
decoded as a stream of one line.

https://docs.ollama.com/api/chat
https://docs.ollama.com/api/errors
"""

import re
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.events import (
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.dialects.error_response import response_error, unreadable
from llmring.dialects.finish_reasons import reason_of
from llmring.dialects.lenient_json import ANY, decode_leniently, is_complete
from llmring.dialects.ollama.refused_parameters import changes_for
from llmring.dialects.sse import LineSplitter
from llmring.exceptions import (
    ContextLengthError,
    ProviderError,
    ProviderModelNotFoundError,
    UnsupportedFeatureError,
)
from llmring.wire import HttpHead


class _OllamaFunction(Struct, gc=False):
    name: str | None = None
    arguments: Any = None


class _OllamaCall(Struct, gc=False):
    id: str | None = None
    function: _OllamaFunction | None = None


class _OllamaMessage(Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_OllamaCall] | None = None


class _OllamaLine(Struct, gc=False):
    """A whole reply, or a line of a streamed one."""

    model: str | None = None
    created_at: str | None = None
    message: _OllamaMessage | None = None
    done: bool | None = None
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None
    error: Any = None


_LINE = msgspec.json.Decoder(_OllamaLine)

# The model was only loaded or unloaded, as for a request without messages.
# https://docs.ollama.com/api/chat
_REASONS = {"load": "error", "unload": "error"}


def decode(head: HttpHead, body: bytes) -> list[Event]:
    """Decode a whole reply into events.

    Raises:
        ProviderError: The body is an error, or not an answer.
    """
    line = _read(head, body)
    if line.message is None:
        raise unreadable(head, body, "no message in it")
    return _Pieces().take(line)


class _Pieces:
    """Conversion of lines to events, with the state of the reply so far."""

    __slots__ = ("_begun", "_calls")

    def __init__(self) -> None:
        self._begun = False
        self._calls = 0

    def take(self, line: _OllamaLine) -> list[Event]:
        """Return the events of one line."""
        events: list[Event] = []
        if not self._begun:
            self._begun = True
            # Replies have no ID, but their times differ.
            events.append(Started(line.model or None, line.created_at or None))
        message = line.message
        if message is not None:
            if message.thinking:
                events.append(ReasoningDelta(message.thinking))
            if message.content:
                events.append(TextDelta(message.content))
            for call in message.tool_calls or ():
                events.append(_call_delta(self._calls, call))
                self._calls += 1
        if line.done:
            events += _ending(line)
        return events


def _call_delta(at: int, call: _OllamaCall) -> ToolCallDelta:
    function = call.function or _OllamaFunction()
    arguments = function.arguments
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else msgspec.json.encode(arguments).decode()
    return ToolCallDelta(at, call.id or None, function.name or None, arguments)


def _ending(line: _OllamaLine) -> list[Event]:
    events: list[Event] = []
    if line.prompt_eval_count is not None or line.eval_count is not None:
        # Either is omitted if it is 0, as for a fully cached prompt.
        usage = Usage(
            prompt_tokens=line.prompt_eval_count or 0, completion_tokens=line.eval_count or 0
        )
        events.append(UsageReport(usage))
    native = line.done_reason or "stop"  # old servers give no reason
    events.append(Finished(reason_of(native, _REASONS), native))
    return events


class LineDecoder:
    """The decoder of one streamed reply; see `Decoder`."""

    __slots__ = ("_head", "_lines", "_pieces", "_received", "done")

    # The API does not mark where a text ends.
    text_ended = False

    def __init__(self, head: HttpHead) -> None:
        self.done = False
        self._head = head
        self._lines = LineSplitter()
        self._pieces = _Pieces()
        self._received = False

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete."""
        return self._read_all(self._lines.feed(data))

    def end(self) -> list[Event]:
        """Return the remaining events when the connection ends."""
        last = self._lines.end()
        if self._received:
            # The connection may have ended in the middle of a line.
            last = [line for line in last if is_complete(line)]
        elif not last:
            return [Failed(unreadable(self._head, b"", "no line in it"))]
        return self._read_all(last)

    def _read_all(self, lines: list[bytes]) -> list[Event]:
        events: list[Event] = []
        for data in lines:
            if self.done:
                break
            self._received = True
            try:
                line = _read(self._head, data)
            except ProviderError as error:
                self.done = True
                events.append(Failed(error))
                break
            events += self._pieces.take(line)
            self.done = bool(line.done)
        return events


def _read(head: HttpHead, data: bytes) -> _OllamaLine:
    try:
        line = decode_leniently(data, _LINE)
    except msgspec.ValidationError as error:
        raise unreadable(head, data, str(error)) from None
    except (ValueError, RecursionError) as error:
        raise unreadable(head, data, f"not JSON: {error}") from None
    if line.error:
        raise explain(head, data)
    return line


def explain(head: HttpHead, body: bytes) -> ProviderError:
    """Build the error for a reply with an error status, or for a line that is an error."""
    message = _complaint(body)
    kind = None
    if message and head.status in _WORDED:
        kind = next(
            (kind for words, kind in _KINDS_BY_TEXT if re.search(words, message, re.IGNORECASE)),
            None,
        )
    changes = changes_for(message or "") if head.status in _WORDED else ()
    return response_error(head, body, message=message, kind=kind, changes=changes)


def _complaint(body: bytes) -> str | None:
    try:
        sent = decode_leniently(body, ANY)
    except (ValueError, RecursionError):
        return None
    match sent:
        case {"error": str(message)} | {"error": {"message": str(message)}}:
            return message
    return None


# Ollama gives no error codes, only messages; these statuses are ambiguous without them.
_WORDED = frozenset({200, 400, 500})

_KINDS_BY_TEXT: tuple[tuple[str, type[ProviderError]], ...] = (
    (r"context (length|window|size)|(prompt|input) (is )?too long", ContextLengthError),
    (r"(not|n't) support|missing data required for image input", UnsupportedFeatureError),
    (r"model .*not found|invalid model name", ProviderModelNotFoundError),
)
