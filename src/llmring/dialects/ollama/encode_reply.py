"""Replies in the format of Ollama's chat API, and of its API for one prompt.

https://docs.ollama.com/api/chat
https://docs.ollama.com/api/generate
https://docs.ollama.com/api/streaming
https://docs.ollama.com/api/errors

The API has no place for:

- the reply's ID: only one that is a time, as Ollama's own readers have it, is sent, as the time
  of the reply;
- a refusal: its text is sent as text;
- the IDs and signatures of reasoning, and in a whole reply its place: it comes before the text;
- the signature and kind of a tool call, and white space in its arguments;
- items that an API wants back;
- citations and commentary;
- all counts of tokens but those of the prompt and the answer;
- an answer without a reason for its end: it is "stop".

The reply to one prompt has no `context` either, the tokens that continue it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial

import msgspec

from llmring.chat.events import (
    Event,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from llmring.chat.reply_events import Content, merged
from llmring.dialects.reply_encoding import (
    Envelope,
    ErrorAnswer,
    Json,
    ReplyEncoding,
    StreamEncoder,
    gather,
    json_arguments,
    json_line,
)
from llmring.wire import HttpHead

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


# Of the model, the time, the message, and the fields of the end.
_EncodeLine = Callable[[str, str, Json, Json], bytes]


def _line(model: str, created_at: str, message: Json, end: Json) -> bytes:
    sent = {"role": "assistant", **message}
    return json_line({"model": model, "created_at": created_at, "message": sent, **end})


def _line_to_prompt(model: str, created_at: str, message: Json, end: Json) -> bytes:
    others = {name: value for name, value in message.items() if name != "content"}
    sent = {"response": message["content"], **others}
    return json_line({"model": model, "created_at": created_at, **sent, **end})


def encode_whole(events: Iterable[Event], envelope: Envelope, line: _EncodeLine = _line) -> bytes:
    """Encode a whole reply.

    Args:
        events: The events of the reply.
        envelope: The fields that they do not carry.
        line: The encoder of the message, for a chat or for one prompt.

    Raises:
        ProviderError: One of the events is the provider's failure.
    """
    events = list(events)
    reply, contents = gather(events, envelope), merged(events)
    thinking = "".join(each.text for each in contents if isinstance(each, ReasoningDelta))
    text = "".join(each.text for each in contents if isinstance(each, TextDelta | RefusalDelta))
    calls = [_call(each) for each in contents if isinstance(each, ToolCallDelta)]
    message: Json = {"content": text}
    if thinking:
        message["thinking"] = thinking
    if calls:
        message["tool_calls"] = calls
    created = _created_at(reply.id, envelope)
    return line(reply.model, created, message, _end(reply.finished, reply.usage))


def _created_at(id_: str, envelope: Envelope) -> str:
    if _TIME.fullmatch(id_):
        return id_
    return datetime.fromtimestamp(envelope.created, UTC).isoformat().replace("+00:00", "Z")


def _call(call: ToolCallDelta) -> Json:
    function = {"index": call.index, "name": call.name or ""}
    sent = {"function": {**function, "arguments": json_arguments(call)}}
    return {"id": call.id, **sent} if call.id else sent


_REASONS = {"length": "length"}


def _end(finished: Finished | None, usage: Usage | None) -> Json:
    reason = "stop"
    if finished is not None:
        reason = finished.native or _REASONS.get(finished.reason, "stop")
    # In nanoseconds. An encoder has no clock.
    end: Json = {"done": True, "done_reason": reason, "total_duration": 0, "load_duration": 0}
    if usage is not None:
        end |= {
            "prompt_eval_count": usage.prompt_tokens,
            "prompt_eval_duration": 0,
            "eval_count": usage.completion_tokens,
            "eval_duration": 0,
        }
    return end


class _OllamaStream(StreamEncoder):
    """A streamed reply: a line for each piece, the last one with the tokens."""

    def __init__(self, envelope: Envelope, line: _EncodeLine = _line) -> None:
        super().__init__(envelope)
        self._line = line
        # The API sends a call whole, so its pieces wait for the last one.
        self._pieces: list[ToolCallDelta] = []

    def _content(self, event: Content) -> Iterator[bytes]:
        if isinstance(event, ToolCallDelta):
            if self._pieces and self._pieces[0].index != event.index:
                yield from self._call_out()
            self._pieces.append(event)
            return
        yield from self._call_out()
        match event:
            case TextDelta(text=text) | RefusalDelta(text=text):
                yield self._send({"content": text})
            case ReasoningDelta(text=text) if text:
                yield self._send({"content": "", "thinking": text})

    def _call_out(self) -> Iterator[bytes]:
        pieces, self._pieces = self._pieces, []
        for call in merged(pieces):
            if isinstance(call, ToolCallDelta):
                yield self._send({"content": "", "tool_calls": [_call(call)]})

    def _send(self, message: Json, end: Json | None = None) -> bytes:
        created = _created_at(self._id, self._envelope)
        return self._line(self._model, created, message, end or {"done": False}) + b"\n"

    def _end(self) -> Iterator[bytes]:
        yield from self._call_out()
        yield self._send({"content": ""}, _end(self._finished, self._usage))

    def fail(self, error: ErrorAnswer) -> list[bytes]:
        """Encode the end of a reply that fails after its beginning."""
        return [json_line({"error": error.message}) + b"\n"]

    def keep_alive(self) -> bytes:
        """Encode a line without content; clients expect each line to have all fields."""
        return self._send({"content": ""})


def encode_error(error: ErrorAnswer) -> tuple[HttpHead, bytes]:
    """Encode an error into its head and body."""
    return error.head(), msgspec.json.encode({"error": error.message})


ENCODING = ReplyEncoding(
    whole=encode_whole,
    encoder=_OllamaStream,
    error=encode_error,
    stream_type="application/x-ndjson",
)

# For /api/generate.
PROMPT_ENCODING = ReplyEncoding(
    whole=partial(encode_whole, line=_line_to_prompt),
    encoder=partial(_OllamaStream, line=_line_to_prompt),
    error=encode_error,
    stream_type=ENCODING.stream_type,
)
