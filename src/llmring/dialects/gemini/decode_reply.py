"""Replies of Google's Gemini API, whole or streamed, including errors.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.events import (
    Cited,
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.dialects.error_response import unreadable
from llmring.dialects.event_stream import EventStreamDecoder
from llmring.dialects.finish_reasons import reason_of
from llmring.dialects.gemini.call_places import call_place
from llmring.dialects.gemini.citations import Sources
from llmring.dialects.gemini.errors import GeminiError, failure
from llmring.dialects.lenient_json import decode_leniently, json_text
from llmring.dialects.service_tier import unusual
from llmring.dialects.sse import ServerEvent
from llmring.wire import HttpHead


class _GeminiFunctionCall(Struct):
    name: str | None = None
    id: str | None = None
    args: msgspec.Raw = msgspec.Raw(b"")


class _Part(Struct, rename="camel"):
    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: _GeminiFunctionCall | None = None


class _Content(Struct):
    # Undecoded, so that parts other than text and calls can be sent back unchanged.
    parts: list[msgspec.Raw] | None = None


class _Grounding(Struct, rename="camel"):
    web_search_queries: list[Any] | None = None
    grounding_chunks: list[Any] | None = None
    grounding_supports: Any = None


class _Candidate(Struct, rename="camel"):
    index: int | None = None
    content: _Content | None = None
    finish_reason: str | None = None
    finish_message: str | None = None
    grounding_metadata: _Grounding | None = None
    citation_metadata: Any = None
    url_context_metadata: Any = None


class _Feedback(Struct, rename="camel"):
    block_reason: str | None = None
    block_reason_message: str | None = None


class _OfModality(Struct, rename="camel"):
    modality: str | None = None
    token_count: int | None = None


_Details = list[_OfModality]


class _GeminiUsage(Struct, rename="camel"):
    prompt_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    prompt_tokens_details: _Details | None = None
    cache_tokens_details: _Details | None = None
    candidates_tokens_details: _Details | None = None
    tool_use_prompt_tokens_details: _Details | None = None
    service_tier: Any = None
    traffic_type: Any = None


_COUNTS = tuple(name for name in _GeminiUsage.__struct_fields__ if name.endswith("_count"))


class _GeminiChunk(Struct, rename="camel"):
    candidates: list[_Candidate] | None = None
    prompt_feedback: _Feedback | None = None
    usage_metadata: _GeminiUsage | None = None
    model_version: str | None = None
    response_id: str | None = None
    error: GeminiError | str | None = None


# Shared by all replies; a decoder keeps no state.
_CHUNK = msgspec.json.Decoder(_GeminiChunk)
_CHUNKS = msgspec.json.Decoder(_GeminiChunk | list[_GeminiChunk])
_PART = msgspec.json.Decoder(_Part)
_OBJECT: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])

_REASONS = {
    "stop": "stop",
    "max_tokens": "length",
    "continuation": "length",
}


class _GeminiReader:
    """State while decoding an answer, chunk by chunk; a whole answer is a single chunk.

    Attributes:
        answered: True once any part of an answer has arrived.
        finished: The reason why the answer ends, as far as one was sent.
    """

    __slots__ = (
        "_calls",
        "_places",
        "_reported",
        "_searches",
        "_sources",
        "_started",
        "_texts",
        "_thinking",
        "_usage",
        "answered",
        "finished",
    )

    def __init__(self) -> None:
        self.answered = False
        self._started = False
        self._calls = self._searches = 0
        self._thinking = False
        # The latest calls; their positions are emitted if a later part shows that they matter.
        self._places: list[int] = []
        # The text of each part of the answer; places of sources count its bytes.
        self._texts: list[str] = []
        self._sources: Sources | None = None
        self.finished: Finished | None = None
        self._usage = _GeminiUsage()
        self._reported: UsageReport | None = None

    def take(self, chunk: _GeminiChunk) -> list[Event]:
        # First, before any state changes: a part may turn out to be unreadable.
        ours = [(each, _parts_of(each)) for each in chunk.candidates or () if not each.index]
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Started(chunk.model_version, chunk.response_id))
        self._count(chunk.usage_metadata)
        feedback = chunk.prompt_feedback
        for candidate, parts in ours:
            # Searches are reported in full in one chunk, mostly the last; repetitions count once.
            self._searches = max(self._searches, _searches(candidate.grounding_metadata))
            content = [event for raw, part in parts for event in self._part(raw, part)]
            # An empty text counts as an answer.
            self.answered = self.answered or bool(parts)
            events += content
            if (
                candidate.grounding_metadata
                or candidate.citation_metadata
                or candidate.url_context_metadata
            ):
                events += self._cite(candidate)
            events += self._finish(candidate.finish_reason, candidate.finish_message)
        answers = any(parts or candidate.finish_reason for candidate, parts in ours)
        if feedback and feedback.block_reason and not answers:
            events += self._finish(
                feedback.block_reason, feedback.block_reason_message, "content_filter"
            )
        return events + (self.end() if self.finished else [])

    def end(self) -> list[Event]:
        sources = self._sources.rest() if self._sources is not None else ()
        events: list[Event] = [Cited(sources)] if sources else []
        report = _report(self._usage, self._searches)
        if report is None or report == self._reported:
            return events
        self._reported = report
        return [*events, report]

    def _cite(self, candidate: _Candidate) -> list[Event]:
        if self._sources is None:
            self._sources = Sources()
        grounding = candidate.grounding_metadata or _Grounding()
        cited = self._sources.take(
            self._texts,
            grounding.grounding_chunks,
            grounding.grounding_supports,
            candidate.citation_metadata,
            candidate.url_context_metadata,
        )
        return [Cited(cited)] if cited else []

    def _count(self, usage: _GeminiUsage | None) -> None:
        # The counts of each chunk are cumulative; omitted ones keep their value.
        for name in _GeminiUsage.__struct_fields__:
            if (count := getattr(usage, name, None)) is not None:
                setattr(self._usage, name, count)

    def _part(self, raw: msgspec.Raw, part: _Part) -> list[Event]:
        text, signature = part.text or "", part.thought_signature or None
        self._texts.append("" if part.thought else text)
        thinking, self._thinking = self._thinking, bool(part.thought and text and not signature)
        if part.function_call is not None:
            return self._call(part.function_call, signature)
        places = [ProviderItem(call_place(index)) for index in self._places]
        events = self._content(raw, part, signature, thinking=thinking)
        if events:
            self._places = []
        return [*places, *events] if events else []

    def _content(
        self, raw: msgspec.Raw, part: _Part, signature: str | None, *, thinking: bool
    ) -> list[Event]:
        text = part.text or ""
        if part.text is None:
            return _item(raw, signature)
        if part.thought:
            return [ReasoningDelta(text, signature)] if text or signature else []
        if signature and thinking and not text:
            # As the signature of a text, it would be assigned to the preceding thought.
            return [ProviderItem({"text": "", "thoughtSignature": signature})]
        # A text's signature comes with it or, in a stream, with an empty text at its end.
        events: list[Event] = [TextDelta(text)] if text else []
        return [*events, ReasoningDelta("", signature)] if signature else events

    def _call(self, call: _GeminiFunctionCall, signature: str | None) -> list[Event]:
        index, self._calls = self._calls, self._calls + 1
        self._places.append(index)
        arguments = json_text(call.args)
        if arguments == "null":
            arguments = ""
        return [ToolCallDelta(index, call.id, call.name, arguments or "{}", signature)]

    def _finish(
        self, native: str | None, message: str | None, reason: str | None = None
    ) -> list[Event]:
        if not native or native == "FINISH_REASON_UNSPECIFIED":
            return []
        reason = reason or reason_of(native, _REASONS)
        refused = reason == "content_filter"
        finished = Finished(reason, native, None if refused else message)
        # Some models send "STOP" in every chunk.
        if finished == self.finished:
            return []
        self.answered = True
        self.finished = finished
        return [RefusalDelta(message), finished] if refused and message else [finished]


def _parts_of(candidate: _Candidate) -> list[tuple[msgspec.Raw, _Part]]:
    parts = candidate.content.parts if candidate.content else None
    return [(raw, decode_leniently(raw, _PART)) for raw in parts or ()]


def _item(raw: msgspec.Raw, signature: str | None) -> list[Event]:
    """Return the event for a part that is not text: media, or the work of Google's own tools."""
    content = decode_leniently(raw, _OBJECT)
    if is_content(content):
        return [ProviderItem(content)]
    return [ReasoningDelta("", signature)] if signature else []


_NOTES = {"text", "thought", "thoughtSignature", "functionCall"}


def is_content(part: Mapping[str, Any]) -> bool:
    """Return True if a part that is not text is content, such as an image."""
    return bool(part.keys() - _NOTES)


def _searches(grounding: _Grounding | None) -> int:
    """Count the searches that an answer is grounded in.

    https://ai.google.dev/gemini-api/docs/google-search#pricing
    """
    if grounding is None:
        return 0
    return len(grounding.web_search_queries or ()) or bool(grounding.grounding_chunks)


def _of(modality: str, *details: _Details | None) -> int:
    return sum(
        each.token_count or 0
        for counts in details
        for each in counts or ()
        if each.modality == modality
    )


def _report(usage: _GeminiUsage, searches: int) -> UsageReport | None:
    if all(getattr(usage, name) is None for name in _COUNTS):
        return None
    thoughts = usage.thoughts_token_count or 0
    return UsageReport(
        Usage(
            prompt_tokens=(usage.prompt_token_count or 0)
            + (usage.tool_use_prompt_token_count or 0),
            completion_tokens=(usage.candidates_token_count or 0) + thoughts,
            cached_tokens=usage.cached_content_token_count or 0,
            reasoning_tokens=thoughts,
            audio_prompt_tokens=_of(
                "AUDIO", usage.prompt_tokens_details, usage.tool_use_prompt_tokens_details
            ),
            cached_audio_tokens=_of("AUDIO", usage.cache_tokens_details),
            audio_completion_tokens=_of("AUDIO", usage.candidates_tokens_details),
            image_completion_tokens=_of("IMAGE", usage.candidates_tokens_details),
            provider_tool_calls=searches,
            service_tier=unusual(usage.service_tier) or unusual(usage.traffic_type),
        )
    )


def decode(head: HttpHead, body: bytes) -> list[Event]:
    """Decode a whole answer, or a streamed one that came as a JSON array, into events.

    Raises:
        ProviderError: The body is an error, or not an answer.
    """
    reading = _GeminiReader()
    events: list[Event] = []
    try:
        value = decode_leniently(body, _CHUNKS)
        for chunk in value if isinstance(value, list) else [value]:
            if chunk.error is not None:
                raise failure(head, chunk.error)
            events += reading.take(chunk)
    except (ValueError, RecursionError) as error:
        raise unreadable(head, body, str(error)) from error
    if not reading.answered:
        raise unreadable(head, body, "no candidates")
    return events + reading.end()


def decoder(head: HttpHead) -> EventStreamDecoder:
    """Create a decoder for one streamed answer.

    Google does not mark the end of a stream; it ends with the connection.
    """
    reading = _GeminiStreamReader(head)
    return EventStreamDecoder(head, reading, decode, goes_on=lambda: reading.has_finish_reason)


class _GeminiStreamReader:
    """State while decoding a streamed answer, event by event."""

    # The API does not mark where a text ends.
    text_ended = False

    def __init__(self, head: HttpHead) -> None:
        self.done = False
        self._head = head
        self._answer = _GeminiReader()

    def take(self, event: ServerEvent) -> list[Event]:
        if event.data.strip() == b"[DONE]":
            return []
        try:
            # An error in the middle of a stream comes without "data:", plain or in a list.
            # https://github.com/googleapis/python-genai/issues/1162
            sent = decode_leniently(event.data, _CHUNK if event.data[:1] != b"[" else _CHUNKS)
            chunks = sent if isinstance(sent, list) else [sent]
            error = next((each.error for each in chunks if each.error is not None), None)
            if error is not None:
                raise failure(self._head, error)
            return [event for chunk in chunks for event in self._answer.take(chunk)]
        except (ValueError, RecursionError) as error:
            raise unreadable(self._head, event.data, str(error)) from error

    @property
    def has_finish_reason(self) -> bool:
        """True if a chunk had a finish reason; some models send one in every chunk."""
        return self._answer.finished is not None

    def end(self) -> list[Event]:
        return self._answer.end()
