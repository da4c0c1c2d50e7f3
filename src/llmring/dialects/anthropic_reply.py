"""What the Messages API of Anthropic answers: messages, whole or streamed, and errors.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.events import (
    Event,
    Finished,
    ReasoningDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.dialects.dialect import error_class, response_error, unreadable
from llmring.dialects.event_stream import EventStreamDecoder
from llmring.dialects.sse import ServerEvent
from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.redaction import redact
from llmring.wire import HttpHead

# Marks the signature of a redacted_thinking block, which otherwise looks like one of thinking;
# no signature holds a colon, as all are base64.
REDACTED = "redacted:"


class _Usage(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: dict[str, Any] | None = None


class _Block(Struct):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = msgspec.Raw(b"")


class _Delta(Struct):
    type: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class _Error(Struct):
    type: str | None = None
    message: str | None = None


class _Message(Struct):
    id: str | None = None
    model: str | None = None
    content: list[_Block] | str | None = None
    stop_reason: str | None = None
    usage: _Usage | None = None
    error: _Error | str | None = None
    request_id: str | None = None


class _StreamEvent(Struct):
    type: str | None = None
    index: int = 0
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: _Error | str | None = None
    request_id: str | None = None


_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


class _OpenCall(Struct):
    index: int
    # Some servers send the whole input with the block's start and no deltas.
    given: str


class _Reading:
    """A message being read, block by block; a whole one is read as a stream of whole blocks."""

    __slots__ = ("_calls", "_count", "_usage")

    def __init__(self) -> None:
        self._usage = _Usage()
        self._calls: dict[int, _OpenCall] = {}
        self._count = 0

    def take(self, event: _StreamEvent) -> list[Event]:
        events: list[Event] = []
        match event.type:
            case "message_start":
                events = self.begin(event.message or _Message())
            case "content_block_start":
                events = self.open(event.index, event.content_block or _Block())
            case "content_block_delta":
                events = self._extend(event.index, event.delta or _Delta())
            case "content_block_stop":
                events = self.close(event.index)
            case "message_delta":
                reason = event.delta.stop_reason if event.delta else None
                events = self.finish(reason, event.usage)
        return events

    def begin(self, message: _Message) -> list[Event]:
        self._usage = message.usage or self._usage
        return [Started(message.model, message.id)]

    def open(self, at: int, block: _Block) -> list[Event]:
        match block.type:
            case "text":
                return [TextDelta(block.text)] if block.text else []
            case "thinking":
                text, signature = block.thinking or "", block.signature or None
                return [ReasoningDelta(text, signature)] if text or signature else []
            case "redacted_thinking":
                return [ReasoningDelta("", REDACTED + (block.data or ""))]
            case "tool_use":
                call = self._calls[at] = _OpenCall(self._count, _arguments(block.input))
                self._count += 1
                return [ToolCallDelta(call.index, block.id, block.name)]
        # All else is the work of tools that the provider runs itself.
        return []

    def _extend(self, at: int, delta: _Delta) -> list[Event]:
        match delta.type:
            case "text_delta":
                return [TextDelta(delta.text)] if delta.text else []
            case "thinking_delta":
                return [ReasoningDelta(delta.thinking)] if delta.thinking else []
            case "signature_delta":
                return [ReasoningDelta("", delta.signature)] if delta.signature else []
            case "input_json_delta" if delta.partial_json and at in self._calls:
                call = self._calls[at]
                call.given = ""
                return [ToolCallDelta(call.index, arguments=delta.partial_json)]
        return []

    def close(self, at: int) -> list[Event]:
        call = self._calls.pop(at, None)
        return [ToolCallDelta(call.index, arguments=call.given)] if call and call.given else []

    def finish(self, reason: str | None, usage: _Usage | None) -> list[Event]:
        # The later counts are cumulative; those that are left out stand.
        for name in _Usage.__struct_fields__:
            if (count := getattr(usage, name, None)) is not None:
                setattr(self._usage, name, count)
        events: list[Event] = []
        if (report := _report(self._usage)) is not None:
            events.append(report)
        if reason:
            events.append(Finished(_REASONS.get(reason, reason.lower()), reason))
        return events


def _arguments(value: msgspec.Raw) -> str:
    text = msgspec.json.format(value, indent=-1).decode("utf-8", "replace") if value else ""
    return "" if text in ("{}", "null") else text


def _report(usage: _Usage) -> UsageReport | None:
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    cached = usage.cache_read_input_tokens or 0
    written = usage.cache_creation_input_tokens or 0
    thinking = (usage.output_tokens_details or {}).get("thinking_tokens")
    return UsageReport(
        Usage(
            prompt_tokens=(usage.input_tokens or 0) + cached + written,
            completion_tokens=usage.output_tokens or 0,
            cached_tokens=cached,
            cache_write_tokens=written,
            reasoning_tokens=thinking if isinstance(thinking, int) else 0,
        )
    )


def decode(head: HttpHead, body: bytes) -> list[Event]:
    """The events of a whole message.

    Raises:
        ProviderError: The body is an error, or no message.
    """
    try:
        message = msgspec.json.decode(body, type=_Message)
    except (ValueError, RecursionError) as error:
        raise unreadable(head, body, str(error)) from error
    if message.error is not None:
        raise _failure(head, message.error, message.request_id)
    blocks = message.content
    if isinstance(blocks, str):
        blocks = [_Block("text", blocks)]
    if blocks is None or not (blocks or message.stop_reason):
        raise unreadable(head, body, "no content")
    reading = _Reading()
    events = reading.begin(message)
    for at, block in enumerate(blocks):
        events += reading.open(at, block) + reading.close(at)
    return events + reading.finish(message.stop_reason, message.usage)


def decoder(head: HttpHead) -> EventStreamDecoder:
    """A decoder for one streamed message.

    https://platform.claude.com/docs/en/build-with-claude/streaming
    """
    return EventStreamDecoder(head, _StreamReading(head), decode)


class _StreamReading:
    """A streamed message being read, event by event."""

    def __init__(self, head: HttpHead) -> None:
        self.done = False
        self._head = head
        self._message = _Reading()

    def take(self, server_event: ServerEvent) -> list[Event]:
        data = server_event.data
        if data.strip() == b"[DONE]":
            self.done = True
            return []
        try:
            event = msgspec.json.decode(data, type=_StreamEvent)
        except (ValueError, RecursionError) as error:
            raise unreadable(self._head, data, str(error)) from error
        if event.error is not None or "error" in (event.type, server_event.name):
            raise _failure(self._head, event.error, event.request_id)
        self.done = event.type == "message_stop"
        return self._message.take(event)

    def end(self) -> list[Event]:
        return []


_BY_TYPE: dict[str | None, type[ProviderError]] = {
    "authentication_error": ProviderAuthenticationError,
    "permission_error": ProviderAuthenticationError,
    "billing_error": ProviderAuthenticationError,
    "not_found_error": ProviderModelNotFoundError,
    "request_too_large": ContextLengthError,
    "rate_limit_error": ProviderRateLimitError,
    "timeout_error": ProviderTimeoutError,
    "api_error": ProviderResponseError,
    "overloaded_error": ProviderResponseError,
}

# What the API puts under "invalid_request_error" and tells apart only in words.
_BY_WORDS: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = tuple(
    (re.compile(words, re.IGNORECASE), kind)
    for words, kind in (
        (r"prompt is too long|exceeds? (the )?context|input is too long", ContextLengthError),
        (r"credit balance is too low|organization has been disabled", ProviderAuthenticationError),
        (r"API usage limits", ProviderRateLimitError),
        (r"content filtering policy", ContentPolicyError),
        (
            r"(does not|doesn't|not) support|unsupported|deprecated for this model"
            r"|schema is too complex|maximum allowed number of output tokens",
            UnsupportedFeatureError,
        ),
    )
)


def explain(head: HttpHead, body: bytes) -> ProviderError:
    """The error that a reply with an error status means.

    https://platform.claude.com/docs/en/api/errors
    """
    try:
        reply = msgspec.json.decode(body, type=_Message)
    except (ValueError, RecursionError):
        return response_error(head, body, message=None)
    error = _error(reply.error)
    result = response_error(
        head, body, message=error.message, code=error.type, kind=_kind(error, head.status)
    )
    result.request_id = reply.request_id or result.request_id
    return result


def _error(value: _Error | str | None) -> _Error:
    return _Error(message=value) if isinstance(value, str) else value or _Error()


def _kind(error: _Error, status: int) -> type[ProviderError]:
    if error.type == "invalid_request_error":
        for words, kind in _BY_WORDS:
            if words.search(error.message or ""):
                return kind
    return _BY_TYPE.get(error.type) or error_class(status)


def _failure(head: HttpHead, value: _Error | str | None, request_id: str | None) -> ProviderError:
    """The error that came inside a reply whose status was a success."""
    error = _error(value)
    words = redact(error.message) if error.message else None
    said = " ".join(part for part in (error.type, words) if part)
    kind = _kind(error, 400 if error.type == "invalid_request_error" else 500)
    return kind(
        f"an error in place of an answer: {said or 'the provider does not say which'}",
        code=error.type,
        request_id=request_id or head.headers.get("request-id"),
        provider_message=words,
    )
