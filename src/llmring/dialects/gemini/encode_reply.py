"""Replies in the format of Google's Gemini API.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse
https://ai.google.dev/gemini-api/docs/thought-signatures
https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto

A stream is in server-sent events if the client asks for them (`alt=sse`), else it is a JSON array:
https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent

The API has no place for:

- a refusal: its text is sent as text;
- the IDs of thoughts, white space in tool arguments, and the kind of a call: one of a custom tool
  becomes one whose argument "arguments" is its text;
- tokens written to a cache;
- commentary; of a citation more than its address, title and place;
- the number of searches, which it shows by the searches themselves.

An item of another API is not a part of this one: leave such items out before encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

import msgspec

from llmring.chat.citation import Citation
from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from llmring.chat.reply_events import Content, merged
from llmring.dialects.gemini.call_places import call_at
from llmring.dialects.gemini.citations import citation_metadata
from llmring.dialects.reply_encoding import (
    Envelope,
    ErrorAnswer,
    Json,
    ReplyEncoding,
    StreamEncoder,
    gather,
    json_arguments,
    sse,
)
from llmring.wire import HttpHead

_REASONS = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
}

# The end of a complete reply for which no reason came. Clients take one without any for a cut one.
_ENDED = Finished("stop", "")

# Why a prompt can be blocked that an answer can't be.
# https://ai.google.dev/api/generate-content#BlockReason
_OF_PROMPTS = frozenset({"BLOCK_REASON_UNSPECIFIED", "JAILBREAK", "OTHER"})


def encode_whole(events: Iterable[Event], envelope: Envelope) -> bytes:
    """Encode a whole reply.

    Raises:
        ProviderError: One of the events is the provider's failure.
    """
    events = list(events)
    reply = gather(events, envelope)
    parts: list[Json] = []
    sources = [each for event in events if isinstance(event, Cited) for each in event.citations]
    for content in merged(event for event in events if not isinstance(event, CommentaryDelta)):
        if isinstance(content, _Sent):
            _add(parts, content)
    text = "".join(each.text for each in events if isinstance(each, TextDelta))
    body: Json = _answer(parts, reply.finished or _ENDED, citation_metadata(sources, text))
    if reply.usage is not None:
        body["usageMetadata"] = _usage(reply.usage)
    return msgspec.json.encode(body | _name(reply.model, reply.id))


# The content that is a part.
_Sent = TextDelta | RefusalDelta | ReasoningDelta | ProviderItem | ToolCallDelta


def _add(parts: list[Json], content: _Sent) -> None:
    """Add a part; the signature of a text joins the part of the text."""
    last = parts[-1] if parts else {}
    match content:
        case ReasoningDelta(text="", signature=str(signature)) if _can_be_signed(last):
            last["thoughtSignature"] = signature
        case ProviderItem(content=item) if call_at(item) is not None:
            pass  # the order of the parts is enough
        case _:
            parts.append(_part(content))


def _can_be_signed(part: Json) -> bool:
    return part.keys() == {"text"} and part["text"] != ""


def _part(content: _Sent) -> Json:
    match content:
        case TextDelta(text=text) | RefusalDelta(text=text):
            return {"text": text}
        case ReasoningDelta(text=text, signature=signature):
            thought = {"text": text, "thought": True} if text else {"text": ""}
            return thought | _signed(signature)
        case ToolCallDelta():
            call: Json = {"name": content.name or "", "args": json_arguments(content)}
            if content.id:
                call["id"] = content.id
            return {"functionCall": call, **_signed(content.signature)}
        case ProviderItem(content=item):
            return dict(item)


def _signed(signature: str | None) -> Json:
    return {} if signature is None else {"thoughtSignature": signature}


def _answer(
    parts: list[Json], finished: Finished | None, sources: Mapping[str, Json] = MappingProxyType({})
) -> Json:
    reason = _reason(finished)
    if not parts and finished and finished.reason == "content_filter" and reason in _OF_PROMPTS:
        return {"promptFeedback": {"blockReason": reason}}
    end = {} if reason is None else {"finishReason": reason}
    candidate = {"content": {"parts": parts, "role": "model"}, **end, "index": 0, **sources}
    return {"candidates": [candidate]}


def _reason(finished: Finished | None) -> str | None:
    if finished is None:
        return None
    return finished.native or _REASONS.get(finished.reason, "OTHER")


def _name(model: str, id_: str) -> Json:
    named = {"modelVersion": model, "responseId": id_}
    return {key: value for key, value in named.items() if value}


def _usage(usage: Usage) -> Json:
    answered = max(0, usage.completion_tokens - usage.reasoning_tokens)
    sent: Json = {
        "promptTokenCount": usage.prompt_tokens,
        "candidatesTokenCount": answered,
        "totalTokenCount": usage.total_tokens,
        "promptTokensDetails": _details(usage.prompt_tokens, AUDIO=usage.audio_prompt_tokens),
    }
    if usage.reasoning_tokens:
        sent["thoughtsTokenCount"] = usage.reasoning_tokens
    if usage.cached_tokens:
        sent["cachedContentTokenCount"] = usage.cached_tokens
        details = _details(usage.cached_tokens, AUDIO=usage.cached_audio_tokens)
        sent["cacheTokensDetails"] = details
    if usage.audio_completion_tokens or usage.image_completion_tokens:
        sent["candidatesTokensDetails"] = _details(
            answered, AUDIO=usage.audio_completion_tokens, IMAGE=usage.image_completion_tokens
        )
    if usage.service_tier in _TRAFFIC:
        sent["trafficType"] = usage.service_tier.upper()
    elif usage.service_tier:
        sent["serviceTier"] = usage.service_tier
    return sent


# https://docs.cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse
_TRAFFIC = ("on_demand_flex", "on_demand_priority", "provisioned_throughput")


def _details(total: int, **others: int) -> list[Json]:
    counts = {"TEXT": total - sum(others.values())} | others
    return [{"modality": kind, "tokenCount": count} for kind, count in counts.items() if count > 0]


class _GeminiStream(StreamEncoder):
    """A streamed reply: each event a reply with what is new, the last one with the tokens."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(envelope)
        # The API sends a call whole, so its pieces wait for the last one.
        self._pieces: list[ToolCallDelta] = []
        self._has_content = False
        self._thinking = False
        self._text = ""
        self._sources: list[Citation] = []

    def _content(self, event: Content) -> Iterator[bytes]:
        if isinstance(event, Cited):
            self._sources += event.citations
            return
        if isinstance(event, CommentaryDelta):
            return
        if isinstance(event, TextDelta):
            self._text += event.text
        pending = self._pieces
        if isinstance(event, ToolCallDelta):
            if pending and pending[0].index != event.index:
                yield from self._call_out()
            self._pieces.append(event)
            return
        yield from self._call_out()
        if isinstance(event, ProviderItem) and call_at(event.content) is not None:
            return
        thinks = isinstance(event, ReasoningDelta) and bool(event.text) and not event.signature
        part = _part(event)
        if self._thinking and isinstance(event, ReasoningDelta) and not event.text:
            # The signature of the thought, not of a text.
            part["thought"] = True
        self._thinking = thinks
        yield self._chunk([part])

    def _call_out(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        if pieces:
            self._thinking = False
            yield self._chunk([_part(call) for call in merged(pieces) if isinstance(call, _Sent)])

    def _chunk(self, parts: list[Json], finished: Finished | None = None) -> bytes:
        self._has_content = True
        return self._send(_answer(parts, finished))

    def _send(self, answer: Json) -> bytes:
        if self._usage is not None:
            answer["usageMetadata"] = _usage(self._usage)
        return self._framed(answer | _name(self._model, self._id))

    def _framed(self, payload: Json) -> bytes:
        return sse(payload, b"\r\n")

    def keep_alive(self) -> bytes:
        """Encode an event without content, which keeps the connection open.

        Google's clients take a comment, as other APIs have it, for a broken event.
        """
        return self._framed({"candidates": []})

    def _end(self) -> Iterator[bytes]:
        yield from self._call_out()
        sources = citation_metadata(self._sources, self._text)
        empty = [{"text": ""}] if self._has_content else []
        yield self._send(_answer(empty, self._finished or _ENDED, sources))

    def fail(self, error: ErrorAnswer) -> list[bytes]:
        """Encode the end of a reply that fails after its beginning."""
        return [self._framed(_error(error))]


class _GeminiArray(_GeminiStream):
    """A streamed reply as a JSON array, one element an event."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(envelope)
        self._before = b"["

    def _framed(self, payload: Json) -> bytes:
        before, self._before = self._before, b",\r\n"
        return before + msgspec.json.encode(payload)

    def keep_alive(self) -> bytes:
        """Encode white space, which keeps the connection open and is not an element."""
        if self._before != b"[":
            return b"\r\n"
        self._before = b""
        return b"[\r\n"

    def end(self) -> list[bytes]:
        """Encode the end of a complete reply."""
        return [*super().end(), b"\r\n]"]

    def fail(self, error: ErrorAnswer) -> list[bytes]:
        """Encode the end of a reply that fails after its beginning: the error is an element."""
        return [*super().fail(error), b"\r\n]"]


_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "FAILED_PRECONDITION",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def encode_error(error: ErrorAnswer) -> tuple[HttpHead, bytes]:
    """Encode an error into its head and body."""
    return error.head(), msgspec.json.encode(_error(error))


def encode_error_element(error: ErrorAnswer) -> tuple[HttpHead, bytes]:
    """Encode an error into its head and body, an array of one element."""
    return error.head(), msgspec.json.encode([_error(error)])


def _error(error: ErrorAnswer) -> Json:
    usual = "UNAVAILABLE" if error.status >= 500 else "INVALID_ARGUMENT"
    status = error.code or _STATUSES.get(error.status, usual)
    sent: Json = {"code": error.status, "message": error.message, "status": status}
    if details := [*_error_details(error)]:
        sent["details"] = details
    return {"error": sent}


# https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
_DETAIL = "type.googleapis.com/google.rpc."


def _error_details(error: ErrorAnswer) -> Iterator[Json]:
    if error.param is not None:
        fault = {"field": error.param, "description": error.message}
        yield {"@type": f"{_DETAIL}BadRequest", "fieldViolations": [fault]}
    if error.retry_after is not None:
        yield {"@type": f"{_DETAIL}RetryInfo", "retryDelay": f"{error.retry_after:g}s"}


ENCODING = ReplyEncoding(whole=encode_whole, encoder=_GeminiStream, error=encode_error)

# For clients that do not ask for server-sent events.
ARRAY_ENCODING = msgspec.structs.replace(
    ENCODING,
    encoder=_GeminiArray,
    error=encode_error_element,
    stream_type="application/json",
)
