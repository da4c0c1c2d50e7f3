"""Replies in the format of OpenAI's Responses.

https://platform.openai.com/docs/api-reference/responses/object
https://platform.openai.com/docs/api-reference/responses-streaming

The API has no place for:

- a reply without a reason for its end: it is "completed";
- a thought that begins without a blank line where there was one before;
- a thought or a tool call without an ID, which is given one;
- the place of a thought's own item apart from its text: they come together;
- the signatures of tool calls;
- a citation of a document without an address, the pages of a document, the place that a file is
  cited at, and a citation of a text in an earlier message, unless that message has the annotation;
  sources of the whole answer are sent as `citations` (xAI);
- cached audio tokens, and tokens written to a cache for an hour;
- the number of calls of the provider's tools, which it shows by the calls themselves.

An item of another API is not an item of this one: leave such items out before encoding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

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
from llmring.chat.reply_events import Content, marked_call, merged
from llmring.dialects.citation_fields import result_of
from llmring.dialects.openai.citations import annotation
from llmring.dialects.openai.encode_error import encode_error, error_object
from llmring.dialects.openai_responses.encode_items import (
    CALLS,
    PREFIXES,
    ItemBuilder,
    annotation_added,
    part_added,
    part_done,
    text_delta,
)
from llmring.dialects.relay.shown_events import shown_events
from llmring.dialects.reply_encoding import (
    Envelope,
    ErrorAnswer,
    Json,
    ReplyEncoding,
    StreamEncoder,
    call_id,
    gather,
    named_sse,
    placed,
)

_COMMENTARY = "commentary"
_BLANK_LINE = "\n\n"

# The fields of the request that the reply repeats, with their defaults.
_ECHO: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "store": False,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}, "verbosity": "medium"},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}

# Reasons that come as the reason why a reply is not complete; all others are its status.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
# What changes the items of a reply in bytes, and the last number of its events.
_MARKS = (b"response.created", b"response.output_item.")
_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,18})')

_STATUSES = frozenset({"completed", "incomplete", "failed", "cancelled", "in_progress", "queued"})


def encode_whole(events: Iterable[Event], envelope: Envelope) -> bytes:
    """Encode a whole reply.

    Raises:
        ProviderError: One of the events is the provider's failure.
    """
    events = list(events)
    gathered = gather(events, envelope)
    reply = _ResponseBuilder(gathered.id, gathered.model, envelope)
    for content in arrange(merged(events)):
        reply.add(content)
    return msgspec.json.encode(reply.response(gathered.finished, gathered.usage))


def arrange(events: Iterable[Event]) -> list[Event]:
    """Move the places of tool calls in front of the calls, and items to their thoughts."""
    result: list[Event] = []
    for event in placed(events, lambda item: marked_call(item.content)):
        result.insert(_place_of(event, result), event)
    return result


def _place_of(event: Event, before: list[Event]) -> int:
    if isinstance(event, ProviderItem) and event.content.get("type") == "reasoning":
        id_ = event.content.get("id")
        for at in range(len(before), 0, -1):
            thought = before[at - 1]
            if isinstance(thought, ReasoningDelta) and thought.id == id_ is not None:
                return at
    return len(before)


class _ResponseBuilder:
    """A reply being put together, item by item, with the events that show how it grows.

    Attributes:
        output: The items that are complete.
    """

    def __init__(self, id_: str, model: str, envelope: Envelope) -> None:
        self.output: list[Json] = []
        self._id = id_
        self._model = model
        self._envelope = envelope
        self._item: ItemBuilder | None = None
        self._places: dict[str, Json] = {}
        self._reasoned = False
        # The number of characters of the answer's text so far.
        self._length = 0
        self._results: list[Json] = []
        self._call: int | None = None

    def response(self, finished: Finished | None, usage: Usage | None) -> Json:
        """Return the whole reply."""
        self.close()
        status, reason = _status(finished)
        found = {"citations": self._results} if self._results else {}
        return self.snapshot(
            status,
            **found,
            completed_at=self._envelope.created if status == "completed" else None,
            incomplete_details=None if reason is None else {"reason": reason},
            output=self.output,
            service_tier=(usage.service_tier if usage else None) or "default",
            usage=None if usage is None else _usage(usage),
        )

    def snapshot(self, status: str, **known: Any) -> Json:
        """Return the reply as it is at the moment."""
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._envelope.created,
            "status": status,
            "background": False,
            "completed_at": None,
            "error": None,
            "incomplete_details": None,
            "model": self._model,
            "output": [],
            "service_tier": "auto",
            "usage": None,
            **_ECHO,
            **self._envelope.echo,
            **known,
        }

    def add(self, content: Event) -> list[Json]:
        """Take in a piece of content, and return the events that show it."""
        match content:
            case TextDelta(text=text):
                return self._answer(text)
            case RefusalDelta(text=text):
                return self._add_text("message", "refusal", text)
            case ReasoningDelta():
                return self._think(content)
            case ToolCallDelta():
                return self._call_piece(content)
            case ProviderItem(content=item):
                return self._take(item)
            case _:
                return self._aside(content)

    def _aside(self, content: Event) -> list[Json]:
        match content:
            case CommentaryDelta(text=text):
                return self._remark(text)
            case Cited():
                return self._cite(content)
        return []

    def _is_remark(self) -> bool:
        return self._item is not None and self._item.fields.get("phase") == _COMMENTARY

    def _answer(self, text: str) -> list[Json]:
        events = self.close() if self._is_remark() else []
        events += self._add_text("message", "output_text", text)
        self._length += len(text)
        return events

    def _remark(self, text: str) -> list[Json]:
        events: list[Json] = []
        if not self._is_remark():
            events, self._item = self._open("message", None, {"phase": _COMMENTARY})
        return events + self._add_text("message", "output_text", text)

    def _cite(self, event: Cited) -> list[Json]:
        """Add the annotations of the open message, and the sources of the whole answer."""
        unplaced = [result_of(each) for each in event.citations if each.start is None]
        self._results += [each for each in unplaced if each.keys() - {"index"}]
        item = self._item
        if item is None or not item.parts or item.parts[0][0] != "output_text":
            return []
        found = (annotation(citation, item.base) for citation in event.citations)
        return [annotation_added(item, each) for each in found if each is not None]

    def _add_text(self, kind: str, part: str, text: str) -> list[Json]:
        """Add a piece of text to the open item's part of this kind."""
        if not text:
            return []
        events: list[Json] = []
        item = self._item
        if item is None or item.kind != kind:
            events, item = self._open(kind)
        if not item.parts or item.parts[-1][0] != part:
            events += part_done(item)
            item.parts.append((part, []))
            events += part_added(item)
        item.parts[-1][1].append(text)
        return [*events, text_delta(item, text)]

    def _think(self, event: ReasoningDelta) -> list[Json]:
        events: list[Json] = []
        item = self._item
        if item is None or item.kind != "reasoning" or event.id not in (None, item.id):
            events, item = self._open("reasoning", event.id)
        text = event.text
        if self._reasoned and not item.parts:
            # The reader puts it between thoughts.
            text = text.removeprefix(_BLANK_LINE)
        events += self._add_text("reasoning", "summary_text", text)
        self._reasoned = self._reasoned or bool(text)
        if event.signature is not None:
            item.fields["encrypted_content"] = event.signature
            events += self.close()
        return events

    def _call_piece(self, call: ToolCallDelta) -> list[Json]:
        events: list[Json] = []
        item = self._item
        if item is None or item.kind not in CALLS or self._call != call.index:
            kind = "custom_tool_call" if call.kind == "custom" else "function_call"
            id_ = call_id(self._id, call)
            place = self._places.pop(id_, {})
            fields = {**place, "call_id": id_, "name": call.name or ""}
            fields = {key: fields[key] for key in fields if key not in ("arguments", "input")}
            events, item = self._open(kind, None, fields)
            self._call = call.index
        text = "input" if item.kind == "custom_tool_call" else "arguments"
        if not call.arguments:
            return events
        if not item.parts:
            item.parts.append((text, []))
        item.parts[-1][1].append(call.arguments)
        return [*events, text_delta(item, call.arguments)]

    def _take(self, content: Mapping[str, Any]) -> list[Json]:
        match content:
            case {"type": "message"}:
                # The fields of the message that came last.
                opened: list[Json] = []
                if self._item is None or self._item.kind != "message":
                    opened, self._item = self._open("message")
                self._item.fields |= _fields(content, self._item.all_text())
                return opened + self.close()
            case {"type": "function_call" | "custom_tool_call", "call_id": str(id_)}:
                self._places[id_] = {key: content[key] for key in content if key != "type"}
                return []
            case {"type": "reasoning"} if self._item is not None and self._is_open(content):
                # The whole of the thought whose text has come.
                return self.close(dict(content))
        events = self.close()
        index = len(self.output)
        self.output.append(dict(content))
        return [
            *events,
            {"type": "response.output_item.added", "output_index": index, "item": content},
            {"type": "response.output_item.done", "output_index": index, "item": content},
        ]

    def _is_open(self, reasoning: Mapping[str, Any]) -> bool:
        item = self._item
        if item is None or item.kind != "reasoning":
            return False
        return reasoning.get("id") in (None, item.id)

    def _open(
        self, kind: str, id_: str | None = None, fields: Json | None = None
    ) -> tuple[list[Json], ItemBuilder]:
        events = self.close()
        index = len(self.output)
        item = self._item = ItemBuilder(kind, index, id_ or self._item_id(kind, index), fields)
        item.base = self._length
        added = item.whole("in_progress")
        return [
            *events,
            {"type": "response.output_item.added", "output_index": index, "item": added},
        ], item

    def _item_id(self, kind: str, index: int) -> str:
        return f"{PREFIXES[kind]}_{self._id.removeprefix('resp_')}_{index}"

    def adopt(self, envelope: Envelope, done: list[Json], opened: Json | None) -> None:
        """Take over the items that were shown: those that are complete, and the open one."""
        self._envelope = envelope
        before, self._item = self._item, None
        self.output = done
        kind = None if opened is None else opened.get("type")
        if opened is None:
            return
        if kind not in PREFIXES:
            # It stays as it was shown.
            self.output.append(opened)
            return
        fields = {key: opened[key] for key in opened if key not in _OF_BUILDER}
        item = self._item = ItemBuilder(kind, len(done), str(opened.get("id")), fields)
        if before is not None and before.kind == kind:
            item.parts, item.annotations, item.base = before.parts, before.annotations, before.base

    def close(self, whole: Json | None = None) -> list[Json]:
        """Complete the open item; `whole` is the item in place of what came of it."""
        item, self._item = self._item, None
        if item is None:
            return []
        done = item.whole() if whole is None else whole
        self.output.append(done)
        return [
            *part_done(item),
            {"type": "response.output_item.done", "output_index": item.index, "item": done},
        ]


# The fields of an item that its builder makes.
_OF_BUILDER = ("id", "type", "status", "role", "content", "summary", "arguments", "input")

# The fields of a reply that are not those of its beginning.
_OF_END = ("status", "completed_at", "error", "incomplete_details", "output", "usage")


def _fields(mark: Mapping[str, Any], text: str) -> Json:
    """Return the fields of a message that a mark has; the content only if it has the same text."""
    fields = {key: mark[key] for key in mark if key not in ("type", "role", "content")}
    content = mark.get("content")
    if isinstance(content, list) and text == "".join(str(each.get("text")) for each in content):
        fields["content"] = [{"logprobs": [], **each} for each in content]
    return fields


def _status(finished: Finished | None) -> tuple[str, str | None]:
    """Return the status, and the reason why a reply is not complete."""
    if finished is None:
        return "completed", None
    native = finished.native or _INCOMPLETE.get(finished.reason, "completed")
    return (native, None) if native in _STATUSES else ("incomplete", native)


def _usage(usage: Usage) -> Json:
    given: Json = {
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    if usage.audio_prompt_tokens:
        given["audio_tokens"] = usage.audio_prompt_tokens
    made: Json = {"reasoning_tokens": usage.reasoning_tokens}
    if usage.audio_completion_tokens:
        made["audio_tokens"] = usage.audio_completion_tokens
    if usage.image_completion_tokens:
        made["image_tokens"] = usage.image_completion_tokens
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": given,
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": made,
        "total_tokens": usage.total_tokens,
    }


class _ResponsesStream(StreamEncoder):
    """A streamed reply: its beginning, each item as it grows, and the whole at its end."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(envelope)
        self._reply = _ResponseBuilder(envelope.id, envelope.model, envelope)
        self._number = 0
        # The items of adopted bytes by their indexes, and those of them that are complete.
        self._shown: dict[int, Json] = {}
        self._done: set[int] = set()
        self._goes_on = False

    def _adopt(self, data: bytes) -> None:
        numbers = _NUMBER.findall(data)
        if numbers:
            self._number = int(numbers[-1]) + 1
        if not any(mark in data for mark in _MARKS):
            return
        for event in shown_events(data):
            match event:
                case {"type": "response.created", "response": {**begun}}:
                    echo = {key: begun[key] for key in begun if key not in _OF_END}
                    created = begun.get("created_at")
                    if not isinstance(created, int | float):
                        created = self._envelope.created
                    self._envelope = msgspec.structs.replace(
                        self._envelope, echo=echo, created=int(created)
                    )
                case {
                    "type": "response.output_item.added",
                    "output_index": int(at),
                    "item": dict(item),
                }:
                    self._shown[at] = item
                case {
                    "type": "response.output_item.done",
                    "output_index": int(at),
                    "item": dict(item),
                }:
                    self._shown[at] = item
                    self._done.add(at)

    def adopt(self, data: bytes, events: Iterable[Event]) -> None:
        """Follow what the client was sent in place of events, to go on from there."""
        self._goes_on = False
        super().adopt(data, events)
        self._goes_on = True

    def _follows(self, text: TextDelta) -> bool:
        self._number += len(list(self._reply.add(text)))
        return True

    def encode(self, event: Event) -> list[bytes]:
        """Encode one event."""
        self._settle()
        return super().encode(event)

    def end(self) -> list[bytes]:
        """Encode the end of a complete reply."""
        self._settle()
        return super().end()

    def _settle(self) -> None:
        """Go on from the items that were shown, and not from those that would have been."""
        if not self._goes_on:
            return
        self._goes_on = False
        places = sorted(self._shown)
        done = [self._shown[at] for at in places if at in self._done]
        left = [self._shown[at] for at in places if at not in self._done]
        self._reply.adopt(self._envelope, done, left[-1] if left else None)

    def _send(self, event: Json) -> bytes:
        number, self._number = self._number, self._number + 1
        return named_sse({**event, "sequence_number": number})

    def _begin(self) -> Iterator[bytes]:
        self._reply = _ResponseBuilder(self._id, self._model, self._envelope)
        begun = self._reply.snapshot("in_progress")
        yield self._send({"type": "response.created", "response": begun})
        yield self._send({"type": "response.in_progress", "response": begun})

    def _content(self, event: Content) -> Iterator[bytes]:
        yield from map(self._send, self._reply.add(event))

    def _end(self) -> Iterator[bytes]:
        yield from map(self._send, self._reply.close())
        response = self._reply.response(self._finished, self._usage)
        kind = "incomplete" if response["status"] == "incomplete" else "completed"
        yield self._send({"type": f"response.{kind}", "response": response})

    def fail(self, error: ErrorAnswer) -> list[bytes]:
        """Encode the end of a reply that fails after its beginning."""
        self._settle()
        fields = error_object(error)
        fault = {"code": fields["code"] or fields["type"], "message": fields["message"]}
        failed = self._reply.snapshot("failed", error=fault, output=self._reply.output)
        return [*self._started(), self._send({"type": "response.failed", "response": failed})]


ENCODING = ReplyEncoding(
    whole=encode_whole, encoder=_ResponsesStream, error=encode_error, arranged=arrange
)
