"""Replies in the format of OpenAI's Chat Completions.

https://platform.openai.com/docs/api-reference/chat/object
https://platform.openai.com/docs/api-reference/chat-streaming
https://platform.openai.com/docs/guides/error-codes/api-errors

Reasoning has no field in OpenAI's own replies; if none is given, it is sent as
`reasoning_content`, which most compatible servers use. The API has no place for:

- the signatures and IDs of reasoning, and in a whole reply its place: it comes before the text;
- spoken answers and images, and items of other APIs: only `reasoning_details` (OpenRouter) are
  sent;
- tokens written to a cache for an hour;
- commentary;
- a citation of a document without an address, the pages of a document, and the place that a
  file is cited at; citations of web pages are sent as annotations, and sources of the whole answer
  as `search_results` (Perplexity);
- a tool call without an ID, which is given one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TypeGuard

import msgspec

from llmring.chat.events import (
    Cited,
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from llmring.chat.message_fields import REASONING
from llmring.chat.reply_events import Content, merged
from llmring.dialects.citation_fields import result_of
from llmring.dialects.openai.citations import annotation
from llmring.dialects.openai.encode_error import encode_error, error_object
from llmring.dialects.openai_chat.reasoning import DETAIL
from llmring.dialects.relay.shown_events import shown_events
from llmring.dialects.reply_encoding import (
    Envelope,
    ErrorAnswer,
    Json,
    ReplyEncoding,
    StreamEncoder,
    call_id,
    gather,
    json_text_line,
    sse,
)

_REASONS = {reason: reason for reason in ("length", "content_filter", "tool_calls")}


def encode_whole(events: Iterable[Event], envelope: Envelope) -> bytes:
    """Encode a whole reply.

    Raises:
        ProviderError: One of the events is the provider's failure.
    """
    events = list(events)
    reply, contents = gather(events, envelope), merged(events)
    calls = [each for each in contents if isinstance(each, ToolCallDelta)]
    choice = {
        "index": 0,
        "message": _message(contents, calls, reply.id),
        "logprobs": None,
        "finish_reason": _finish_reason(reply.finished, bool(calls)),
    }
    body: Json = {
        "id": reply.id,
        "object": "chat.completion",
        "created": envelope.created,
        "model": reply.model,
        "choices": [choice],
    }
    if reply.usage is not None:
        body["usage"] = _usage(reply.usage)
    if results := [each for content in contents for each in _results(content)]:
        body["search_results"] = results
    tier = {"service_tier": _tier(reply.usage), "system_fingerprint": None}
    return msgspec.json.encode({**body, **tier})


def _message(contents: list[Content], calls: list[ToolCallDelta], reply_id: str) -> Json:
    text = "".join(each.text for each in contents if isinstance(each, TextDelta))
    refusal = "".join(each.text for each in contents if isinstance(each, RefusalDelta))
    reasoning = "".join(each.text for each in contents if isinstance(each, ReasoningDelta))
    message: Json = {
        "role": "assistant",
        "content": None if (calls or refusal) and not text else text,
        "refusal": refusal or None,
        "annotations": [each for content in contents for each in _annotations(content)],
    }
    if reasoning:
        message[_reasoning_field(contents)] = reasoning
    if details := [item.content for item in contents if _is_detail(item)]:
        message["reasoning_details"] = details
    if calls:
        message["tool_calls"] = [_call(call, reply_id) for call in calls]
    return message


def _reasoning_field(contents: Iterable[Content]) -> str:
    thoughts = (each for each in contents if isinstance(each, ReasoningDelta))
    return next((each.field for each in thoughts if each.field), REASONING[0])


def _annotations(content: Content) -> Iterator[Json]:
    # https://platform.openai.com/docs/guides/tools-web-search?api-mode=chat
    for citation in content.citations if isinstance(content, Cited) else ():
        if (fields := annotation(citation)) is not None:
            kind = fields.pop("type")
            yield {"type": kind, kind: fields}


def _results(content: Content) -> Iterator[Json]:
    for citation in content.citations if isinstance(content, Cited) else ():
        if citation.start is None and (result := result_of(citation)).keys() - {"index"}:
            yield result


def _is_detail(content: Content) -> TypeGuard[ProviderItem]:
    return isinstance(content, ProviderItem) and str(content.content.get("type")).startswith(DETAIL)


def _call(call: ToolCallDelta, reply_id: str) -> Json:
    name = call.name or ""
    sent: Json = {"id": call_id(reply_id, call), "type": call.kind}
    if call.kind == "custom":
        sent["custom"] = {"name": name, "input": call.arguments}
    else:
        sent["function"] = {"name": name, "arguments": call.arguments or "{}"}
    return sent | _signed(call)


def _signed(call: ToolCallDelta) -> Json:
    # https://ai.google.dev/gemini-api/docs/thought-signatures#openai
    if call.extra:
        return {"extra_content": call.extra}
    if call.signature is None:
        return {}
    return {"extra_content": {"google": {"thought_signature": call.signature}}}


def _finish_reason(finished: Finished | None, called: bool) -> str | None:
    if finished is None:
        return None
    usual = "tool_calls" if called and finished.reason == "stop" else "stop"
    return finished.native or _REASONS.get(finished.reason, usual)


def _tier(usage: Usage | None) -> str:
    return (usage.service_tier if usage else None) or "default"


def _usage(usage: Usage) -> Json:
    prompt: Json = {
        "cached_tokens": usage.cached_tokens,
        "audio_tokens": usage.audio_prompt_tokens,
    }
    if usage.cache_write_tokens:
        prompt["cache_write_tokens"] = usage.cache_write_tokens
    if usage.cached_audio_tokens:
        prompt["cached_tokens_details"] = {"audio_tokens": usage.cached_audio_tokens}
    completion: Json = {
        "reasoning_tokens": usage.reasoning_tokens,
        "audio_tokens": usage.audio_completion_tokens,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    }
    if usage.image_completion_tokens:
        completion["image_tokens"] = usage.image_completion_tokens
    sent: Json = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": completion,
    }
    if usage.provider_tool_calls:
        # https://openrouter.ai/docs/guides/administration/usage-accounting
        sent["server_tool_use_details"] = {"tool_calls_executed": usage.provider_tool_calls}
    return sent


class _ChatStream(StreamEncoder):
    """A streamed reply: the role, the pieces, the reason for its end, the tokens, `[DONE]`."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(envelope)
        # Calls of functions whose arguments have not come.
        self._bare: set[int] = set()
        self._annotations = itertools.count()
        self._has_adopted = False
        # The bytes of a chunk before and after its text, and the fields that they are of.
        self._frame: tuple[tuple[object, ...], bytes, bytes] = ((), b"", b"")

    def _adopt(self, data: bytes) -> None:
        for event in () if self._has_adopted else shown_events(data):
            self._has_adopted = True
            self._id, self._model = event.get("id") or self._id, event.get("model") or self._model
            created = event.get("created")
            if isinstance(created, int):
                self._envelope = msgspec.structs.replace(self._envelope, created=created)
            return

    def _follows(self, text: TextDelta) -> bool:  # noqa: ARG002 -- nothing later depends on it
        return True

    def _begin(self) -> Iterator[bytes]:
        yield self._delta({"role": "assistant", "content": "", "refusal": None})

    def _content(self, event: Content) -> Iterator[bytes]:
        match event:
            case TextDelta(text=text):
                yield self._text_chunk(text)
            case ReasoningDelta(text=text, field=field) if text:
                yield self._delta({field or REASONING[0]: text})
            case RefusalDelta(text=text):
                yield self._delta({"refusal": text})
            case Cited():
                # Clients add up the entries of a list by their indexes.
                if annotations := [*_annotations(event)]:
                    for each in annotations:
                        each["index"] = next(self._annotations)
                    yield self._delta({"annotations": annotations})
                if results := [*_results(event)]:
                    yield self._chunk([], search_results=results)
            case ToolCallDelta():
                yield from self._call_piece(event)
            case ProviderItem(content=content) if _is_detail(event):
                yield self._delta({"reasoning_details": [content]})

    def _call_piece(self, call: ToolCallDelta) -> Iterator[bytes]:
        place = {"index": call.index}
        words = ("custom", "input") if call.kind == "custom" else ("function", "arguments")
        kind, text = words
        if call.id is not None or call.name is not None or call.signature is not None:
            named = {"name": call.name or "", text: ""}
            begun = {**place, "id": call_id(self._id, call), "type": kind, kind: named}
            yield self._delta({"tool_calls": [begun | _signed(call)]})
            if kind == "function":
                self._bare.add(call.index)
        if call.arguments:
            self._bare.discard(call.index)
            yield self._delta({"tool_calls": [{**place, kind: {text: call.arguments}}]})

    def _end(self) -> Iterator[bytes]:
        for index in sorted(self._bare):
            empty = {"index": index, "function": {"arguments": "{}"}}
            yield self._delta({"tool_calls": [empty]})
        if self._finished is not None:
            yield self._delta({}, _finish_reason(self._finished, bool(self._calls)))
        if self._envelope.include_usage and self._usage is not None:
            yield self._chunk([], usage=_usage(self._usage))
        yield b"data: [DONE]\n\n"

    def fail(self, error: ErrorAnswer) -> list[bytes]:
        """Encode the end of a reply that fails after its beginning."""
        return [sse({"error": error_object(error)})]

    def _text_chunk(self, text: str) -> bytes:
        fields = (self._id, self._model, self._usage, self._envelope)
        known, before, after = self._frame
        # Compared one by one, as most of them are the same objects.
        if known != fields:
            empty = b'{"content":'
            before, mark, after = self._delta({"content": ""}).partition(empty + b'""')
            before += empty
            assert mark  # noqa: S101 -- a key in quotes occurs in no string of JSON
            self._frame = (fields, before, after)
        return before + json_text_line(text) + after

    def _delta(self, delta: Json, reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        usage = {"usage": None} if self._envelope.include_usage else {}
        return self._chunk([choice], **usage)

    def _chunk(self, choices: list[Json], **others: Json | list[Json] | None) -> bytes:
        return sse(
            {
                "id": self._id,
                "object": "chat.completion.chunk",
                "created": self._envelope.created,
                "model": self._model,
                "service_tier": _tier(self._usage or self._envelope.usage),
                "system_fingerprint": None,
                "choices": choices,
                **others,
            }
        )


ENCODING = ReplyEncoding(whole=encode_whole, encoder=_ChatStream, error=encode_error)
