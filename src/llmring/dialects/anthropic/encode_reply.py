"""Replies in the format of Anthropic's Messages API.

https://platform.claude.com/docs/en/api/messages
https://platform.claude.com/docs/en/build-with-claude/streaming
https://platform.claude.com/docs/en/api/errors

The API has no place for:

- the IDs of thoughts, and the signatures of tool calls;
- the kind of a call: one of a custom tool becomes one whose input is its text under "arguments";
- white space in a whole reply's tool arguments;
- audio and image tokens;
- commentary;
- citations apart from the text block that has them;
- a reply without tokens, which reports none used, or a tool call without an ID, which is given
  one;
- the searches and other models' work that it charges for, apart: their number is sent as that of
  the searches.

An item of another API is not a block of this one: leave such items out before encoding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

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
from llmring.dialects.anthropic.encode_usage import encode_usage
from llmring.dialects.relay.shown_events import shown_events
from llmring.dialects.reply_encoding import (
    Envelope,
    ErrorAnswer,
    Json,
    ReplyEncoding,
    StreamEncoder,
    call_id,
    gather,
    json_arguments,
    json_text_line,
    named_sse,
    placed,
)
from llmring.wire import HttpHead

_REASONS = {"length": "max_tokens", "content_filter": "refusal", "tool_calls": "tool_use"}


class _CitedText(ProviderItem, frozen=True):
    """A text with its citations, announced before the text itself."""


def encode_whole(events: Iterable[Event], envelope: Envelope) -> bytes:
    """Encode a whole reply.

    Raises:
        ProviderError: One of the events is the provider's failure.
    """
    events = list(events)
    reply = gather(events, envelope)
    message = _MessageBuilder(reply.id)
    for content in arrange(merged(events)):
        message.add(content)
    usage = encode_usage(reply.usage or Usage())
    end = message.end(reply.finished, envelope.created)
    body = {**_envelope(reply.id, reply.model), "content": message.blocks, **end, "usage": usage}
    return msgspec.json.encode(body)


def _envelope(id_: str, model: str) -> Json:
    return {"id": id_, "type": "message", "role": "assistant", "model": model}


def arrange(events: Iterable[Event]) -> list[Event]:
    """Move citations in front of their text, and the places of tool calls in front of the calls.

    What the API has no place for is left out.
    """
    result: list[Event] = []
    for event in placed(events, _placed_call):
        if isinstance(event, ProviderItem) and _is_cited(event):
            _announce(result, event)
        elif not isinstance(event, Cited | CommentaryDelta):
            result.append(event)
    return result


def _placed_call(item: ProviderItem) -> str | None:
    return marked_call(item.content)


def _is_cited(item: ProviderItem) -> bool:
    return item.content.get("type") == "text"


def _announce(events: list[Event], item: ProviderItem) -> None:
    """Put the item in front of the text that it repeats, which came last."""
    left, at = len(item.content["text"]), len(events)
    while left > 0 and at > 0 and isinstance(last := events[at - 1], TextDelta):
        at -= 1
        if len(last.text) > left:
            before, text = last.text[:-left], last.text[-left:]
            events[at : at + 1] = [TextDelta(before), TextDelta(text)]
            at += 1
        left -= len(last.text)
    events.insert(at, _CitedText(item.content))


class _MessageBuilder:
    """The blocks of a message, with its refusal and its container; whole and streamed alike.

    Attributes:
        blocks: The blocks that are complete.
        places: The other fields of a call's block, by the call's ID.
    """

    def __init__(self, reply_id: str) -> None:
        self.blocks: list[Json] = []
        self.places: dict[str, Json] = {}
        self._reply_id = reply_id
        self._citations: list[Json] | None = None
        self._refusal: list[str] = []
        self._container: str | None = None

    def add(self, content: Event) -> None:
        """Take in a piece of content that is complete."""
        match content:
            case TextDelta(text=text) if text and self._goes_on("text", "citations"):
                self.blocks[-1]["text"] += text
            case TextDelta(text=text) if text:
                self.blocks.append({"type": "text", "text": text})
                if self._citations is not None:
                    self.blocks[-1]["citations"], self._citations = self._citations, None
            case ReasoningDelta(text=text, signature=signature):
                if not self._goes_on("thinking", "signature"):
                    self.blocks.append({"type": "thinking", "thinking": "", "signature": ""})
                self.blocks[-1]["thinking"] += text
                self.blocks[-1]["signature"] = signature or ""
            case ToolCallDelta():
                self.blocks.append({**self.call(content), "input": json_arguments(content)})
            case _CitedText(content=item):
                self._citations = item["citations"]
            case ProviderItem() if not self.notes(content):
                self.blocks.append(dict(content.content))
            case RefusalDelta(text=text):
                self._refusal.append(text)

    def _goes_on(self, kind: str, closed_by: str) -> bool:
        """Return True if the last block is of this kind, and nothing has closed it."""
        if not self.blocks or self._citations is not None:
            return False
        last = self.blocks[-1]
        return last["type"] == kind and not last.get(closed_by)

    def notes(self, item: ProviderItem) -> bool:
        """Take in an item that is not a block; False if it is one."""
        match item.content:
            case {"type": "container", "id": str(id_)}:
                self._container = id_
            case {"type": "tool_use", "id": str(id_)}:
                self.places[id_] = dict(item.content)
            case _:
                return False
        return True

    def call(self, call: ToolCallDelta) -> Json:
        """Return the block of a call without its input."""
        id_ = call_id(self._reply_id, call)
        # https://platform.claude.com/docs/en/agents-and-tools/tool-use/programmatic-tool-calling
        place = {"caller": {"type": "direct"}} | self.places.pop(id_, {})
        return {"type": "tool_use", "id": id_, "name": call.name or "", "input": {}, **place}

    def end(self, finished: Finished | None, created: int) -> Json:
        """Return the fields of the message's end: its reason, the refusal, the container."""
        called = any(block["type"] == "tool_use" for block in self.blocks)
        end: Json = {
            "stop_reason": _stop_reason(finished, called=called, refused=bool(self._refusal)),
            "stop_sequence": None,
            "stop_details": None,
        }
        if self._refusal:
            explanation = "".join(self._refusal)
            end["stop_details"] = {"type": "refusal", "category": None, "explanation": explanation}
        if self._container is not None:
            expires = datetime.fromtimestamp(created, UTC).isoformat().replace("+00:00", "Z")
            end["container"] = {"id": self._container, "expires_at": expires}
        return end


def _stop_reason(finished: Finished | None, *, called: bool, refused: bool) -> str | None:
    if finished is None:
        return None
    usual = "tool_use" if called and finished.reason == "stop" else "end_turn"
    # Other APIs refuse in the text of an answer that ends as usual.
    return finished.native or _REASONS.get(finished.reason, "refusal" if refused else usual)


# Sent in a silence, so that no client or proxy takes the connection for a dead one.
# https://platform.claude.com/docs/en/build-with-claude/streaming#ping-events
KEEP_ALIVE = named_sse({"type": "ping"})

_OF_PROMPT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

# Of the tokens, those that the end of a stream reports; the others come with its beginning.
_AT_END = (
    *_OF_PROMPT,
    "output_tokens",
    "output_tokens_details",
    "server_tool_use",
)


# A piece of a text before and after the text.
_TEXT_BEGINS = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"text_delta","text":'
)
_TEXT_ENDS = b"}}\n\n"


class _AnthropicStream(StreamEncoder):
    """A streamed message: one block after the other, each with its start, deltas and stop."""

    def __init__(self, envelope: Envelope) -> None:
        super().__init__(envelope)
        self._message = _MessageBuilder(envelope.id)
        self._open: Json | None = None
        self._open_call: int | None = None
        # What closes the input of an open call of a custom tool.
        self._input_end = ""
        self._citations: list[Json] = []
        # Characters of a text with citations that have not come.
        self._left = 0
        self._at_start: Json = {}
        # The blocks of adopted bytes by their indexes, and the open one.
        self._shown: dict[int, Json] = {}
        self._open_shown: Json | None = None

    def _adopt(self, data: bytes) -> None:
        # Its blocks may be others than the events show, such as empty ones.
        self._input_end, self._citations = "", []
        for event in shown_events(data) if b"content_block_st" in data else ():
            match event:
                case {
                    "type": "content_block_start",
                    "index": int(at),
                    "content_block": dict(block),
                }:
                    self._shown[at] = self._open_shown = block
                case {"type": "content_block_stop"}:
                    self._open_shown = None
        blocks = [*self._shown.values()]
        self._open = self._open_shown
        self._message.blocks = blocks if self._open is None else blocks[:-1]

    def _follows(self, text: TextDelta) -> bool:  # noqa: ARG002 -- its block is open
        return self._kind() == "text" and not self._citations

    def _begin(self) -> Iterator[bytes]:
        self._message = _MessageBuilder(self._id)
        begun = encode_usage(self._usage or self._envelope.usage or self._estimated())
        if not any(begun[name] for name in _OF_PROMPT):
            # Clients that size their context by it take 0 for a count; the end has the real one.
            begun["input_tokens"] = 1
        self._at_start = begun = {**begun, "output_tokens": min(1, begun["output_tokens"])}
        begun.pop("output_tokens_details", None)
        begun.pop("server_tool_use", None)
        message = {
            **_envelope(self._id, self._model),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "stop_details": None,
            "usage": begun,
        }
        yield named_sse({"type": "message_start", "message": message})

    def _estimated(self) -> Usage:
        # A beginning that was adopted has the tokens already.
        estimate = None if self._adopts else self._envelope.estimate
        return Usage() if estimate is None else estimate()

    def _content(self, event: Content) -> Iterator[bytes]:
        match event:
            case TextDelta(text=text) if text:
                if self._kind() != "text":
                    yield from self._start({"type": "text", "text": ""})
                yield self._text_piece(text)
                self._left -= len(text)
                if self._citations and self._left <= 0:
                    yield from self._stop()
            case ReasoningDelta():
                yield from self._think(event)
            case ToolCallDelta():
                yield from self._call_piece(event)
            case RefusalDelta():
                self._message.add(event)
            case ProviderItem():
                yield from self._item(event)

    def _kind(self) -> str | None:
        return self._open["type"] if self._open else None

    def _think(self, event: ReasoningDelta) -> Iterator[bytes]:
        if self._kind() != "thinking":
            yield from self._start({"type": "thinking", "thinking": "", "signature": ""})
        if event.text:
            yield self._delta("thinking_delta", thinking=event.text)
        if event.signature is not None:
            yield self._delta("signature_delta", signature=event.signature)
            yield from self._stop()

    def _call_piece(self, call: ToolCallDelta) -> Iterator[bytes]:
        if self._kind() != "tool_use" or self._open_call != call.index:
            yield from self._start(self._message.call(call))
            self._open_call = call.index
            if call.kind == "custom":
                self._input_end = '"}'
                yield self._delta("input_json_delta", partial_json='{"arguments":"')
        if call.arguments:
            text = call.arguments
            if self._input_end:
                text = msgspec.json.encode(text).decode()[1:-1]
            yield self._delta("input_json_delta", partial_json=text)

    def _item(self, item: ProviderItem) -> Iterator[bytes]:
        if self._message.notes(item):
            return
        if not _is_cited(item):
            yield from self._whole_block(dict(item.content))
        elif isinstance(item, _CitedText):
            yield from self._start({"type": "text", "text": ""})
            self._citations, self._left = item.content["citations"], len(item.content["text"])
            if self._left == 0:
                yield from self._stop()
        elif self._kind() == "text":
            self._citations = item.content["citations"]
            yield from self._stop()

    def _whole_block(self, block: Json) -> Iterator[bytes]:
        given = block.get("input")
        if isinstance(given, dict):
            yield from self._start({**block, "input": {}})
            text = msgspec.json.encode(given).decode()
            yield self._delta("input_json_delta", partial_json=text)
        else:
            yield from self._start(block)
        yield from self._stop()

    def _start(self, block: Json) -> Iterator[bytes]:
        yield from self._stop()
        self._open = block
        index = len(self._message.blocks)
        yield named_sse({"type": "content_block_start", "index": index, "content_block": block})
        if index == 0:
            yield KEEP_ALIVE

    def _text_piece(self, text: str) -> bytes:
        index = len(self._message.blocks)
        return b"".join((_TEXT_BEGINS % index, json_text_line(text), _TEXT_ENDS))

    def _delta(self, kind: str, **piece: object) -> bytes:
        delta = {"type": kind, **piece}
        index = len(self._message.blocks)
        return named_sse({"type": "content_block_delta", "index": index, "delta": delta})

    def _stop(self) -> Iterator[bytes]:
        if self._open is None:
            return
        if self._input_end:
            yield self._delta("input_json_delta", partial_json=self._input_end)
            self._input_end = ""
        for citation in self._citations:
            yield self._delta("citations_delta", citation=citation)
        self._citations = []
        yield named_sse({"type": "content_block_stop", "index": len(self._message.blocks)})
        self._message.blocks.append(self._open)
        self._open = None

    def _end(self) -> Iterator[bytes]:
        yield from self._stop()
        usage = encode_usage(self._usage or self._envelope.usage or self._estimated())
        # What the beginning could not know yet.
        late = [key for key in usage if self._at_start.get(key) != usage[key]]
        counts = {key: usage[key] for key in usage if key in _AT_END or key in late}
        delta = self._message.end(self._finished, self._envelope.created)
        yield named_sse({"type": "message_delta", "delta": delta, "usage": counts})
        yield named_sse({"type": "message_stop"})

    def fail(self, error: ErrorAnswer) -> list[bytes]:
        """Encode the end of a reply that fails after its beginning."""
        return [named_sse({"type": "error", **_error(error)})]

    def keep_alive(self) -> bytes:
        """Encode the API's own event for an open connection."""
        return named_sse({"type": "ping"})


# https://platform.claude.com/docs/en/api/errors#http-errors
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def encode_error(error: ErrorAnswer) -> tuple[HttpHead, bytes]:
    """Encode an error into its head and body."""
    return error.head("request-id"), msgspec.json.encode({"type": "error", **_error(error)})


def _error(error: ErrorAnswer) -> Json:
    usual = "api_error" if error.status >= 500 else "invalid_request_error"
    kind = error.code or _TYPES.get(error.status, usual)
    details = {"details": {"error_code": error.detail}} if error.detail else {}
    fault = {"type": kind, "message": error.message, **details}
    return {"error": fault, "request_id": error.request_id}


ENCODING = ReplyEncoding(
    whole=encode_whole, encoder=_AnthropicStream, error=encode_error, arranged=arrange
)
