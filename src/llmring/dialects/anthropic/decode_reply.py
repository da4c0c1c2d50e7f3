"""Replies of Anthropic's Messages API, whole or streamed.

https://platform.claude.com/docs/en/api/messages
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.citation import Citation
from llmring.chat.events import (
    Cited,
    EndMarked,
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
from llmring.dialects.anthropic.blocks import (
    NOTHING,
    AnswerBlock,
    AnthropicBlock,
    BlockDelta,
    CallBlock,
    ItemBlock,
    MessageEnd,
    OpenBlock,
    TextBlock,
    TextDeltaEvent,
    ThinkingBlock,
    WrappedAnswerBlock,
)
from llmring.dialects.anthropic.errors import ErrorObject, failure
from llmring.dialects.anthropic.structured_output import ANSWER, WRAPPED_ANSWER
from llmring.dialects.error_response import unreadable
from llmring.dialects.event_stream import EventStreamDecoder
from llmring.dialects.finish_reasons import reason_of
from llmring.dialects.lenient_json import decode_leniently
from llmring.dialects.service_tier import unusual
from llmring.dialects.sse import ServerEvent
from llmring.wire import HttpHead


class _AnthropicUsage(Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: dict[str, Any] | None = None
    output_tokens_details: dict[str, Any] | None = None
    server_tool_use: dict[str, Any] | None = None
    iterations: Any = None
    service_tier: Any = None
    inference_geo: Any = None
    speed: Any = None


class _AnthropicMessage(MessageEnd):
    id: str | None = None
    model: str | None = None
    content: msgspec.Raw = NOTHING
    usage: _AnthropicUsage | None = None
    error: ErrorObject | str | None = None
    request_id: str | None = None


class _AnthropicEvent(Struct):
    type: str | None = None
    index: int = 0
    message: _AnthropicMessage | None = None
    content_block: msgspec.Raw = NOTHING
    delta: BlockDelta | None = None
    usage: _AnthropicUsage | None = None
    error: ErrorObject | str | None = None
    request_id: str | None = None


# Shared by all replies; a decoder keeps no state.
_MESSAGE = msgspec.json.Decoder(_AnthropicMessage)
_EVENT = msgspec.json.Decoder(_AnthropicEvent)
_BLOCK = msgspec.json.Decoder(AnthropicBlock)
_TEXT = msgspec.json.Decoder(TextDeltaEvent)
_OBJECT: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(dict[str, Any])
_CONTENT: msgspec.json.Decoder[list[msgspec.Raw] | str | None] = msgspec.json.Decoder(
    list[msgspec.Raw] | str | None
)

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
}


_TEXTS = (TextBlock, AnswerBlock, WrappedAnswerBlock)


class _AnthropicReader:
    """State while decoding a message; a whole one is decoded as a stream of complete blocks.

    Attributes:
        has_reason: Whether the reason for its end was sent.
    """

    __slots__ = (
        "_answered",
        "_count",
        "_empty_answer",
        "_found",
        "_open",
        "_places",
        "_text_end",
        "_usage",
        "has_reason",
    )

    def __init__(self) -> None:
        self.has_reason = False
        self._usage = _AnthropicUsage()
        self._open: dict[int, OpenBlock] = {}
        self._count = 0
        self._text_end = 0
        # Sources that the provider's own tools found; text may cite them.
        self._found: list[Citation] = []
        self._answered = self._empty_answer = False
        # The latest calls; their positions are emitted if a later block shows that they matter.
        self._places: list[dict[str, Any]] = []

    @property
    def writes(self) -> bool:
        """True if a block of text is open."""
        return any(isinstance(block, _TEXTS) for block in self._open.values())

    def open_text(self, at: int) -> TextBlock | None:
        """Return the block of text that is open at a position, if there is one."""
        block = self._open.get(at)
        return block if type(block) is TextBlock else None

    def take(self, event: _AnthropicEvent) -> list[Event]:
        match event.type:
            case "message_start":
                return self.begin(event.message or _AnthropicMessage())
            case "content_block_start":
                return self.open(event.index, event.content_block)
            case "content_block_delta" if event.delta:
                return self._extend(event.index, event.delta)
            case "content_block_stop":
                return self.close(event.index)
            case "message_delta":
                return self.finish(event.delta or MessageEnd(), event.usage)
        return []

    def begin(self, message: _AnthropicMessage) -> list[Event]:
        self._usage = message.usage or self._usage
        return [Started(message.model, message.id)]

    def open(self, at: int, raw: msgspec.Raw) -> list[Event]:
        block = decode_leniently(raw or b"{}", _BLOCK)
        if block.type == "tool_use":
            return self._open_call(at, block)
        events: list[Event] = [ProviderItem(place) for place in self._places]
        self._places = []
        match block.type:
            case "text":
                self._open[at] = TextBlock(block, self._text_end)
                if block.text:
                    events.append(TextDelta(block.text))
            case "thinking":
                self._open[at] = ThinkingBlock()
                text, signature = block.thinking or "", block.signature or None
                if text or signature:
                    events.append(ReasoningDelta(text, signature))
            case str():
                self._open[at] = ItemBlock(decode_leniently(raw, _OBJECT))
        return events

    def _extend(self, at: int, delta: BlockDelta) -> list[Event]:
        if at not in self._open and (delta.text or delta.thinking):
            # Some servers do not announce blocks.
            text = TextBlock(AnthropicBlock(), self._text_end) if delta.text else None
            self._open[at] = text or ThinkingBlock()
        block = self._open.get(at)
        return block.extend(delta) if block is not None else []

    def _open_call(self, at: int, block: AnthropicBlock) -> list[Event]:
        if block.name in (ANSWER, WRAPPED_ANSWER):
            if not self._answered:
                self._open[at] = (
                    AnswerBlock(block) if block.name == ANSWER else WrappedAnswerBlock(block)
                )
            self._answered = True
            return []
        self._open[at] = CallBlock(self._count, block)
        self._places.append(_place(block))
        self._count += 1
        return [ToolCallDelta(self._count - 1, block.id, block.name)]

    def close(self, at: int) -> list[Event]:
        block = self._open.pop(at, None)
        if isinstance(block, TextBlock):
            self._text_end = block.end
        elif isinstance(block, ItemBlock):
            self._found += block.sources
        elif isinstance(block, AnswerBlock):
            self._empty_answer = block.is_empty
        return block.close() if block is not None else []

    def finish(self, end: MessageEnd, usage: _AnthropicUsage | None) -> list[Event]:
        # Later counts are cumulative; omitted ones keep their value.
        for name in _AnthropicUsage.__struct_fields__:
            if (count := getattr(usage, name, None)) is not None:
                setattr(self._usage, name, count)
        report = _report(self._usage)
        if not end.stop_reason:
            return [report] if report is not None else []
        self.has_reason = True
        events = [event for at in list(self._open) for event in self.close(at)]
        if self._found:
            events.append(Cited(tuple(self._found)))
            self._found = []
        if any(place.keys() - _OF_ANY_CALL for place in self._places):
            events += [ProviderItem(place) for place in self._places]
        if end.container and "id" in end.container:
            events.append(ProviderItem({"type": "container", "id": end.container["id"]}))
        if explanation := (end.stop_details or {}).get("explanation"):
            events.append(RefusalDelta(str(explanation)))
        if report is not None:
            events.append(report)
        return [*events, *self._finished(end.stop_reason)]

    def _finished(self, stop_reason: str) -> list[Event]:
        reason = reason_of(stop_reason, _REASONS)
        if self._answered and not self._count and reason == "tool_calls":
            reason = "stop"
        end = Finished(reason, stop_reason)
        # Unless it has been cut off, the empty object is the answer.
        is_empty = self._empty_answer and reason in ("stop", "tool_calls")
        return [TextDelta("{}"), end] if is_empty else [end]


_OF_ANY_CALL = {"type", "id"}


def _place(block: AnthropicBlock) -> dict[str, Any]:
    """Return the fields of a block that a tool call lacks; they restore its place in the turn."""
    place: dict[str, Any] = {"type": "tool_use", "id": block.id}
    if block.caller is not None and block.caller.get("type") != "direct":
        place["caller"] = block.caller
    if block.toolset_name is not None:
        place["toolset_name"] = block.toolset_name
    return place


def _report(usage: _AnthropicUsage) -> UsageReport | None:
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    cached = usage.cache_read_input_tokens or 0
    written = usage.cache_creation_input_tokens or 0
    return UsageReport(
        Usage(
            prompt_tokens=(usage.input_tokens or 0) + cached + written,
            completion_tokens=usage.output_tokens or 0,
            cached_tokens=cached,
            cache_write_tokens=written,
            cache_write_1h_tokens=_count(usage.cache_creation, "ephemeral_1h_input_tokens"),
            reasoning_tokens=_count(usage.output_tokens_details, "thinking_tokens"),
            provider_tool_calls=_tool_calls(usage),
            service_tier=_tier(usage),
        )
    )


def _count(counts: Mapping[str, Any] | None, name: str) -> int:
    count = (counts or {}).get(name)
    return count if isinstance(count, int) else 0


def _tool_calls(usage: _AnthropicUsage) -> int:
    """Count the items charged on top of the reported tokens: searches, and other models' work.

    https://platform.claude.com/docs/en/build-with-claude/compaction#understanding-usage
    """
    steps = usage.iterations if isinstance(usage.iterations, list) else ()
    side_steps = [
        step for step in steps if isinstance(step, dict) and step.get("type") != "message"
    ]
    return _count(usage.server_tool_use, "web_search_requests") + len(side_steps)


def _tier(usage: _AnthropicUsage) -> str | None:
    """Return service class, region and speed, where they have prices of their own."""
    place = usage.inference_geo
    if not isinstance(place, str) or place in ("", "global", "not_available"):
        place = None
    return (
        ", ".join(filter(None, (unusual(usage.service_tier), place, unusual(usage.speed)))) or None
    )


def decode(head: HttpHead, body: bytes) -> list[Event]:
    """Decode a whole message into events.

    Raises:
        ProviderError: The body is an error, or not a message.
    """
    try:
        message = decode_leniently(body, _MESSAGE)
        if message.error is None:
            return _events(message)
    except (ValueError, RecursionError) as error:
        raise unreadable(head, body, str(error)) from error
    raise failure(head, message.error, message.request_id)


def _events(message: _AnthropicMessage) -> list[Event]:
    """Return the events of a whole message.

    Raises:
        ValueError: The message has no content.
    """
    content = decode_leniently(message.content or b"null", _CONTENT)
    blocks = [_text_block(content)] if isinstance(content, str) else content
    if not blocks and not message.stop_reason:
        raise ValueError("no content")
    reading = _AnthropicReader()
    events = reading.begin(message)
    for at, block in enumerate(blocks or ()):
        events += reading.open(at, block) + reading.close(at)
    return events + reading.finish(message, message.usage)


def _text_block(text: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"type": "text", "text": text}))


def decoder(head: HttpHead) -> EventStreamDecoder:
    """Create a decoder for one streamed message.

    https://platform.claude.com/docs/en/build-with-claude/streaming
    """
    reader = _AnthropicStreamReader(head)
    return EventStreamDecoder(head, reader, decode, texts=reader.texts)


class _AnthropicStreamReader:
    """State while decoding a streamed message, event by event."""

    def __init__(self, head: HttpHead) -> None:
        self.done = False
        self._head = head
        self._message = _AnthropicReader()

    @property
    def text_ended(self) -> bool:
        """True unless a block of text is open."""
        return not self._message.writes

    def texts(self, received: list[ServerEvent], start: int) -> list[TextDelta]:
        """Return the text of each event up to the first other one; see `Texts`."""
        found: list[TextDelta] = []
        for event in islice(received, start, None):
            try:
                piece = _TEXT.decode(event.data)
            except (ValueError, RecursionError):
                break
            block = self._message.open_text(piece.index)
            if block is None or event.stray or event.name == "error":
                break
            found.append(block.append(piece.delta.text))
        return found

    def take(self, server_event: ServerEvent) -> list[Event]:
        data = server_event.data
        if data.strip() == b"[DONE]":
            self.done = True
            return [] if self._message.has_reason else [EndMarked("[DONE]")]
        try:
            event = decode_leniently(data, _EVENT)
            if event.error is None and "error" not in (event.type, server_event.name):
                self.done = event.type == "message_stop"
                events = self._message.take(event)
                if self.done and not self._message.has_reason:
                    events.append(EndMarked("message_stop"))
                return events
        except (ValueError, RecursionError) as error:
            raise unreadable(self._head, data, str(error)) from error
        raise failure(self._head, event.error, event.request_id)

    def end(self) -> list[Event]:
        return []
