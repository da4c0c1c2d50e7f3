"""Replies of Chat Completions, whole or in chunks.

https://platform.openai.com/docs/api-reference/chat/object
https://platform.openai.com/docs/api-reference/chat-streaming

OpenAI-compatible servers differ in small ways. All known variants are accepted from any server:
reasoning under two names, content as a list of parts, tool calls without index or ID, other
finish reasons, errors with status 200.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

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
    UsageReport,
)
from llmring.dialects.error_response import response_error, unreadable
from llmring.dialects.event_stream import EventStreamDecoder
from llmring.dialects.finish_reasons import reason_of
from llmring.dialects.openai.decode_json import read
from llmring.dialects.openai.errors import error_within
from llmring.dialects.openai_chat import citations
from llmring.dialects.openai_chat.media import OpenAudio, images_of, media_of
from llmring.dialects.openai_chat.open_details import OpenDetails
from llmring.dialects.openai_chat.reasoning import DETAIL
from llmring.dialects.openai_chat.reply_records import (
    ChatCall,
    ChatChoice,
    ChatFunction,
    ChatMessage,
    ChatReply,
    ContentPart,
    TextChunk,
)
from llmring.dialects.openai_chat.usage import usage_report
from llmring.dialects.sse import ServerEvent
from llmring.dialects.thought_signatures import thought_signature
from llmring.wire import HttpHead

_REPLY = msgspec.json.Decoder(ChatReply)
_TEXT = msgspec.json.Decoder(TextChunk)
_DONE = b"[DONE]"

_REASONS = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "length",
    "function_call": "tool_calls",
}


def decode(head: HttpHead, body: bytes) -> list[Event]:
    """Decode a whole reply into events.

    Raises:
        ProviderError: The body is an error, or not an answer.
    """
    reply = read(head, body, _REPLY)
    choice = reply.choices[0] if reply.choices else None
    if choice is None or choice.error or reply.error:
        raise error_within(head, body) or unreadable(head, body, "no answer in it")
    message = choice.message or choice.delta or ChatMessage()
    content = [*_content_events(message)]
    if message.tool_calls or message.function_call:
        content += _unthought(message, content)
        content += [_call_delta(at, call) for at, call in enumerate(_calls(message))]
    if message.reasoning_details:
        content += [ProviderItem(detail) for detail in _details(message)]
    if message.audio or message.images:
        content += media_of(message.audio, message.images)
    if reply.citations or reply.search_results or reply.web_search or reply.search_info:
        content += _listed(reply)
    if not content and not choice.finish_reason:
        raise unreadable(head, body, "the answer is empty, with no reason for its end")
    events: list[Event] = [Started(reply.model or None, reply.id or None), *content]
    if (report := usage_report(reply.usage or choice.usage, reply.service_tier)) is not None:
        events.append(report)
    if choice.finish_reason:
        events.append(_finished(choice))
    return events


def _content_events(message: ChatMessage, *, reasoned: bool = False) -> Iterator[Event]:
    """Yield the events for the content of a message, or of a piece of one."""
    if reasoning := message.reasoning_content:
        yield ReasoningDelta(reasoning, field="reasoning_content")
    elif reasoning := message.reasoning:
        yield ReasoningDelta(reasoning, field="reasoning")
    elif message.reasoning_details and not reasoned and (reasoning := _detailed(message)):
        yield ReasoningDelta(reasoning)
    if isinstance(message.content, str):
        if message.content:
            yield TextDelta(message.content)
    else:
        for part in message.content or ():
            yield from _part_events(part)
    if message.annotations or message.executed_tools or message.context:
        found = citations.of_message(message.annotations, message.executed_tools, message.context)
        if found:
            yield Cited(found)
    if message.refusal:
        yield RefusalDelta(message.refusal)


def _unthought(message: ChatMessage, content: Iterable[Event] = ()) -> list[Event]:
    """Return the event for reasoning that is there, but empty: some servers want it back too."""
    if any(isinstance(event, ReasoningDelta) for event in content):
        return []
    name = _empty_reasoning(message)
    return [ReasoningDelta(field=name)] if name else []


def _empty_reasoning(message: ChatMessage) -> str | None:
    if message.reasoning_content == "":
        return "reasoning_content"
    return "reasoning" if message.reasoning == "" else None


def _listed(reply: ChatReply) -> list[Event]:
    """Return the event for the sources that are listed next to the message."""
    found = citations.of_reply(
        reply.citations, reply.search_results, reply.web_search, reply.search_info
    )
    return [Cited(found)] if found else []


def _details(message: ChatMessage) -> list[dict[str, Any]]:
    # https://openrouter.ai/docs/use-cases/reasoning-tokens
    return [
        each
        for each in message.reasoning_details or ()
        if isinstance(each, dict) and str(each.get("type")).startswith(DETAIL)
    ]


def _detailed(message: ChatMessage) -> str:
    """Return the reasoning text of a server that sends it only in details."""
    texts = (each.get("text") or each.get("summary") for each in _details(message))
    return "".join(text for text in texts if isinstance(text, str))


def _part_events(part: ContentPart) -> Iterator[Event]:
    thinking = part.thinking or ""
    if not isinstance(thinking, str):
        thinking = "".join(piece.text or "" for piece in thinking)
    if thinking:
        yield ReasoningDelta(thinking)
    if part.text:
        yield TextDelta(part.text)
    if part.reference_ids or part.url or part.title:
        found = citations.of_part(
            part.type, part.reference_ids, part.url, part.title, part.description
        )
        if cited := tuple(found):
            yield Cited(cited)


def _calls(message: ChatMessage) -> list[ChatCall]:
    if message.function_call is not None and not message.tool_calls:
        # The older form of calls, with only one call per message.
        return [ChatCall(index=0, function=message.function_call)]
    return [call for call in message.tool_calls or () if call.function or call.custom]


def _call_delta(at: int, call: ChatCall) -> ToolCallDelta:
    function = call.function or call.custom or ChatFunction()
    arguments = function.input if function.arguments is None else function.arguments
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else msgspec.json.encode(arguments).decode()
    extra = call.extra_content if isinstance(call.extra_content, dict) else None
    return ToolCallDelta(
        at,
        call.id or None,
        function.name or None,
        arguments,
        thought_signature(extra) if extra else None,
        "custom" if call.custom else "function",
        extra,
    )


def _finished(choice: ChatChoice) -> Finished:
    word = choice.finish_reason or ""
    reason = _REASONS.get(word) or reason_of(word, _REASONS)
    behind = choice.native_finish_reason
    if isinstance(behind, str) and behind and reason in ("stop", "error", "content_filter"):
        # The word of the vendor behind OpenRouter is more exact.
        # https://openrouter.ai/docs/api-reference/overview#finish-reason
        of_vendor = reason_of(behind, _REASONS)
        if of_vendor in ("error", "content_filter"):
            reason = of_vendor
        if reason != "stop" and behind.lower() != word.lower():
            word = f"{word}: {behind}"
    return Finished(reason, word)


class _OpenCalls:
    """The tool calls of a streamed reply, to assign their pieces.

    A piece belongs to the call with its index, but on servers that give all calls the same index,
    a different ID together with a name starts a new call. Without an index, the ID decides; a
    piece that has neither belongs to the last call, unless it names a function.
    """

    __slots__ = ("_by_index", "_ids")

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._by_index: dict[int, int] = {}

    def place(self, piece: ChatCall) -> int:
        """Return the position of the piece's call among the calls of the reply."""
        at = self._known(piece)
        if at < 0:
            at = len(self._ids)
            self._ids.append("")
        self._ids[at] = self._ids[at] or piece.id or ""
        if piece.index is not None:
            self._by_index[piece.index] = at
        return at

    def _known(self, piece: ChatCall) -> int:
        function = piece.function or piece.custom
        named = bool(function and function.name)
        if piece.index is not None:
            at = self._by_index.get(piece.index, -1)
            another = at >= 0 and named and piece.id and self._ids[at] not in ("", piece.id)
            return -1 if another else at
        if piece.id:
            return self._ids.index(piece.id) if piece.id in self._ids else -1
        return -1 if named else len(self._ids) - 1


def decoder(head: HttpHead) -> EventStreamDecoder:
    """Create a decoder for one streamed reply."""
    reader = _ChatReader(head)
    return EventStreamDecoder(head, reader, decode, texts=reader.texts)


class _ChatReader:
    """State while decoding one streamed reply, chunk by chunk."""

    __slots__ = (
        "_audio",
        "_calls",
        "_delta_seen",
        "_details",
        "_finish",
        "_head",
        "_named",
        "_reasoned",
        "_sources",
        "_tier",
        "_unthought",
        "_usage",
        "done",
    )

    # The API does not mark where a text ends.
    text_ended = False

    def __init__(self, head: HttpHead) -> None:
        self.done = False
        self._head = head
        self._named = False
        self._delta_seen = False
        self._reasoned = False
        self._audio: OpenAudio | None = None
        self._unthought: str | None = None
        self._calls = _OpenCalls()
        self._details: OpenDetails | None = None
        self._finish: str | None = None
        self._sources: Any = None
        self._tier: Any = None
        self._usage: UsageReport | None = None

    def texts(self, received: list[ServerEvent], start: int) -> list[TextDelta]:
        """Return the text of each event up to the first other one; see `Texts`."""
        found: list[TextDelta] = []
        for event in islice(received, start, None):
            if event.name or event.stray:
                break
            try:
                chunk = _TEXT.decode(event.data)
            except (ValueError, RecursionError):
                break
            self._tier = chunk.service_tier or self._tier
            found.append(TextDelta(chunk.choices[0].delta.content))
        return found

    def take(self, event: ServerEvent) -> list[Event]:
        data = event.data.strip()
        if not data:
            return []
        if data == _DONE:
            self.done = True
            mark = [] if self._finish else [EndMarked("[DONE]")]
            return [*mark, *self.end()]
        events: list[Event] = []
        reply = read(self._head, data, _REPLY)
        if reply.error or reply.choices is None or event.name == "error":
            self._raise_error(event, reply.error)
        if not self._named and (reply.model or reply.id):
            self._named = True
            events.append(Started(reply.model or None, reply.id or None))
        for choice in reply.choices or ():
            if not choice.index:
                self._read_choice(choice, event, events)
                reply.usage = reply.usage or choice.usage
        if reply.citations or reply.search_results or reply.web_search or reply.search_info:
            self._read_sources(reply, events)
        self._tier = reply.service_tier or self._tier
        if reply.usage is not None:
            self._usage = usage_report(reply.usage, self._tier) or self._usage
        return events

    def _read_sources(self, reply: ChatReply, events: list[Event]) -> None:
        # Perplexity repeats them in every chunk.
        sources = (reply.citations, reply.search_results, reply.web_search, reply.search_info)
        if sources != self._sources:
            self._sources = sources
            events += _listed(reply)

    def _read_choice(self, choice: ChatChoice, event: ServerEvent, events: list[Event]) -> None:
        delta = choice.delta
        if delta is not None:
            self._delta_seen = True
        elif not self._delta_seen:
            delta = choice.message
        if delta is not None:
            self._read_delta(delta, events)
        if choice.error:
            self._raise_error(event, choice.error)
        if choice.finish_reason and choice.finish_reason != self._finish:
            self._finish = choice.finish_reason
            events += self._gathered()
            events.append(_finished(choice))

    def _read_delta(self, delta: ChatMessage, events: list[Event]) -> None:
        events += _content_events(delta, reasoned=self._reasoned)
        if delta.reasoning_content or delta.reasoning:
            # From here on, details only repeat it.
            self._reasoned = True
        elif "" in (delta.reasoning_content, delta.reasoning) and not self._reasoned:
            self._unthought = self._unthought or _empty_reasoning(delta)
        if delta.reasoning_details:
            self._details = self._details or OpenDetails()
            for detail in _details(delta):
                self._details.add(detail)
        if delta.audio or delta.images:
            self._audio = self._audio or OpenAudio()
            self._audio.add(delta.audio)
            events += images_of(delta.images)
        if delta.tool_calls or delta.function_call:
            if self._unthought and not self._reasoned:
                self._reasoned = True
                events.append(ReasoningDelta(field=self._unthought))
            for call in _calls(delta):
                events.append(_call_delta(self._calls.place(call), call))

    def _gathered(self) -> list[Event]:
        """Return what was assembled from pieces, if anything."""
        gathered: list[Event] = []
        for each in (self._details, self._audio):
            if each is not None:
                gathered += each.take()
        return gathered

    def _raise_error(self, event: ServerEvent, sent: object) -> None:
        error = error_within(self._head, event.data)
        if error is None and event.name == "error":
            error = response_error(self._head, event.data, message=None)
        if error is None and sent:
            error = unreadable(self._head, event.data, "an error of no known form")
        if error is not None:
            raise error

    def end(self) -> list[Event]:
        usage, self._usage = self._usage, None
        return self._gathered() + ([] if usage is None else [usage])
