"""What the Gemini API of Google answers: content, whole or streamed, and errors.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
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
from llmring.dialects.dialect import error_class, request_id, response_error, unreadable
from llmring.dialects.event_stream import EventStreamDecoder
from llmring.dialects.sse import ServerEvent
from llmring.exceptions import (
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


class _FunctionCall(Struct):
    name: str | None = None
    id: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"")


class _Part(Struct, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: _FunctionCall | None = None


class _Content(Struct):
    parts: list[_Part] | None = None


class _Candidate(Struct, rename="camel"):
    index: int | None = None
    content: _Content | None = None
    finish_reason: str | None = None


class _Feedback(Struct, rename="camel"):
    block_reason: str | None = None


class _Usage(Struct, rename="camel"):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None


class _Error(Struct):
    code: int | str | None = None
    message: str | None = None
    status: str | None = None
    details: Any = None


class _Chunk(Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: _Usage | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: _Error | str | None = None


_REASONS = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    "MALFORMED_FUNCTION_CALL": "error",
    "MALFORMED_RESPONSE": "error",
    "MISSING_THOUGHT_SIGNATURE": "error",
    "TOO_MANY_TOOL_CALLS": "error",
    "UNEXPECTED_TOOL_CALL": "error",
} | dict.fromkeys(
    (
        "BLOCKLIST",
        "ESCALATION",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "IMAGE_SAFETY",
        "LANGUAGE",
        "MODEL_ARMOR",
        "PROHIBITED_CONTENT",
        "PUP_LIMITED_DISABLED",
        "RECITATION",
        "SAFETY",
        "SPII",
    ),
    "content_filter",
)


class _Reading:
    """An answer being read, chunk by chunk; a whole one is a single chunk.

    Attributes:
        answered: Whether anything of an answer has come.
    """

    __slots__ = ("_calls", "_finished", "_reported", "_started", "_usage", "answered")

    def __init__(self) -> None:
        self.answered = False
        self._started = False
        self._calls = 0
        self._finished: Finished | None = None
        self._usage = _Usage()
        self._reported: UsageReport | None = None

    def take(self, chunk: _Chunk) -> list[Event]:
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Started(chunk.model_version, chunk.response_id))
        self._count(chunk.usage_metadata)
        feedback = chunk.prompt_feedback
        for candidate in chunk.candidates or ():
            if not candidate.index:
                parts = candidate.content.parts if candidate.content else None
                content = [event for part in parts or () for event in self._part(part)]
                # An empty text is an answer too.
                self.answered = self.answered or bool(parts)
                events += content + self._finish(candidate.finish_reason)
        if feedback and feedback.block_reason and not chunk.candidates:
            events += self._finish(feedback.block_reason, "content_filter")
        return events + (self.end() if self._finished else [])

    def end(self) -> list[Event]:
        report = _report(self._usage)
        if report is None or report == self._reported:
            return []
        self._reported = report
        return [report]

    def _count(self, usage: _Usage | None) -> None:
        # The counts of each chunk are cumulative; those that are left out stand.
        for name in _Usage.__struct_fields__:
            if (count := getattr(usage, name, None)) is not None:
                setattr(self._usage, name, count)

    def _part(self, part: _Part) -> list[Event]:
        text, signature = part.text or "", part.thought_signature or None
        if part.function_call is not None and part.function_call.name:
            return self._call(part.function_call, signature)
        if part.text is None:
            # What the provider's own tools did, or media.
            return []
        if part.thought:
            return [ReasoningDelta(text, signature)] if text or signature else []
        events: list[Event] = [ReasoningDelta("", signature)] if signature else []
        return [*events, TextDelta(text)] if text else events

    def _call(self, call: _FunctionCall, signature: str | None) -> list[Event]:
        index, self._calls = self._calls, self._calls + 1
        arguments = (
            msgspec.json.format(call.args, indent=-1).decode("utf-8", "replace")
            if call.args
            else ""
        )
        if arguments == "null":
            arguments = ""
        return [ToolCallDelta(index, call.id, call.name, arguments or "{}", signature)]

    def _finish(self, native: str | None, reason: str | None = None) -> list[Event]:
        if not native or native == "FINISH_REASON_UNSPECIFIED":
            return []
        finished = Finished(reason or _REASONS.get(native, native.lower()), native)
        # Some models say "STOP" in every chunk.
        if finished == self._finished:
            return []
        self.answered = True
        self._finished = finished
        return [finished]


def _report(usage: _Usage) -> UsageReport | None:
    if usage == _Usage():
        return None
    thoughts = usage.thoughts_token_count or 0
    return UsageReport(
        Usage(
            prompt_tokens=(usage.prompt_token_count or 0)
            + (usage.tool_use_prompt_token_count or 0),
            completion_tokens=(usage.candidates_token_count or 0) + thoughts,
            cached_tokens=usage.cached_content_token_count or 0,
            reasoning_tokens=thoughts,
        )
    )


def decode(head: HttpHead, body: bytes) -> list[Event]:
    """The events of a whole answer, or of a streamed one that came as a JSON array.

    Raises:
        ProviderError: The body is an error, or no answer.
    """
    try:
        chunks = _chunks(body)
    except (ValueError, RecursionError) as error:
        raise unreadable(head, body, str(error)) from error
    reading = _Reading()
    events: list[Event] = []
    for chunk in chunks:
        if chunk.error is not None:
            raise _failure(head, chunk.error)
        events += reading.take(chunk)
    if not reading.answered:
        raise unreadable(head, body, "no candidates")
    return events + reading.end()


def _chunks(body: bytes) -> list[_Chunk]:
    value = msgspec.json.decode(body, type=_Chunk | list[_Chunk])
    return value if isinstance(value, list) else [value]


def decoder(head: HttpHead) -> EventStreamDecoder:
    """A decoder for one streamed answer.

    Google never says that nothing more will come; the connection's end does.
    """
    return EventStreamDecoder(head, _StreamReading(head), decode)


class _StreamReading:
    """A streamed answer being read, event by event."""

    def __init__(self, head: HttpHead) -> None:
        self.done = False
        self._head = head
        self._answer = _Reading()

    def take(self, event: ServerEvent) -> list[Event]:
        if event.data.strip() == b"[DONE]":
            return []
        try:
            chunk = msgspec.json.decode(event.data, type=_Chunk)
        except (ValueError, RecursionError) as error:
            raise unreadable(self._head, event.data, str(error)) from error
        if chunk.error is not None:
            raise _failure(self._head, chunk.error)
        return self._answer.take(chunk)

    def end(self) -> list[Event]:
        return self._answer.end()


_BY_STATUS: dict[str | None, type[ProviderError]] = {
    "UNAUTHENTICATED": ProviderAuthenticationError,
    "PERMISSION_DENIED": ProviderAuthenticationError,
    # The account's country or billing does not allow the call.
    "FAILED_PRECONDITION": ProviderAuthenticationError,
    "NOT_FOUND": ProviderModelNotFoundError,
    "RESOURCE_EXHAUSTED": ProviderRateLimitError,
    "DEADLINE_EXCEEDED": ProviderTimeoutError,
    "UNIMPLEMENTED": UnsupportedFeatureError,
    "ABORTED": ProviderResponseError,
    "CANCELLED": ProviderResponseError,
    "DATA_LOSS": ProviderResponseError,
    "INTERNAL": ProviderResponseError,
    "UNAVAILABLE": ProviderResponseError,
    "UNKNOWN": ProviderResponseError,
}

# What the API puts under INVALID_ARGUMENT and tells apart only in words.
_BY_WORDS: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = tuple(
    (re.compile(words, re.IGNORECASE), kind)
    for words, kind in (
        (r"API key (not valid|expired|not found)", ProviderAuthenticationError),
        (
            r"input token count|exceeds the maximum number of tokens|payload size exceeds",
            ContextLengthError,
        ),
        (
            r"not enabled for|not supported|unsupported|(does not|doesn't) support"
            r"|only works in|supported range",
            UnsupportedFeatureError,
        ),
    )
)

_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")


def explain(head: HttpHead, body: bytes) -> ProviderError:
    """The error that a reply with an error status means.

    https://ai.google.dev/gemini-api/docs/troubleshooting
    https://cloud.google.com/apis/design/errors#error_model
    """
    try:
        errors = [chunk.error for chunk in _chunks(body) if chunk.error is not None]
    except (ValueError, RecursionError):
        errors = []
    if not errors:
        return response_error(head, body, message=None)
    error = _error(errors[0])
    result = response_error(
        head, body, message=error.message, code=error.status, kind=_kind(error, head.status)
    )
    if result.retry_after is None:
        result.retry_after = _retry_delay(error)
    return result


def _error(value: _Error | str) -> _Error:
    return _Error(message=value) if isinstance(value, str) else value


def _details(error: _Error) -> list[dict[str, Any]]:
    found = error.details if isinstance(error.details, list) else []
    return [detail for detail in found if isinstance(detail, dict)]


def _kind(error: _Error, status: int) -> type[ProviderError]:
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in _details(error)):
        return ProviderAuthenticationError
    if error.status in (None, "INVALID_ARGUMENT"):
        for words, kind in _BY_WORDS:
            if words.search(error.message or ""):
                return kind
    return _BY_STATUS.get(error.status) or error_class(status)


def _retry_delay(error: _Error) -> float | None:
    delays = [str(detail["retryDelay"]) for detail in _details(error) if "retryDelay" in detail]
    match = _SECONDS.fullmatch(delays[0]) if delays else None
    return float(match[1]) if match else None


def _failure(head: HttpHead, value: _Error | str) -> ProviderError:
    """The error that came inside a reply whose status was a success."""
    error = _error(value)
    status = error.code if isinstance(error.code, int) else None
    words = redact(error.message) if error.message else None
    said = " ".join(part for part in (error.status, words) if part)
    return _kind(error, status or 500)(
        f"an error in place of an answer: {said or 'the provider does not say which'}",
        status=status,
        code=error.status,
        request_id=request_id(head),
        provider_message=words,
        retry_after=_retry_delay(error),
    )
