"""Scripted answers and errors, in the bytes that each API's own server would send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from llmring.chat.events import Event
from llmring.dialects import (
    anthropic_content,
    anthropic_encode_reply,
    gemini,
    gemini_encode_reply,
    ollama,
    ollama_encode_reply,
    openai_chat_encode_reply,
    openai_chat_messages,
    openai_responses,
    openai_responses_encode_reply,
)
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer, ReplyEncoding
from llmring.local.mock import Chunk, Script
from llmring.wire import HttpHead, HttpRequest


class _Api(Struct, frozen=True):
    """The server's half of an API, and the ends of the paths of its chats."""

    encoding: ReplyEncoding
    paths: tuple[str, ...]


_APIS: Mapping[str, _Api] = {
    openai_chat_messages.NAME: _Api(openai_chat_encode_reply.ENCODING, ("/chat/completions",)),
    openai_responses.NAME: _Api(openai_responses_encode_reply.ENCODING, ("/responses",)),
    anthropic_content.NAME: _Api(anthropic_encode_reply.ENCODING, ("/messages",)),
    gemini.DIALECT.name: _Api(
        gemini_encode_reply.ENCODING, (":generateContent", ":streamGenerateContent")
    ),
    ollama.DIALECT.name: _Api(ollama_encode_reply.ENCODING, ("/api/chat",)),
}


def encoding(dialect: str) -> ReplyEncoding:
    """Return the server's half of a dialect, by the dialect's name."""
    return _APIS[dialect].encoding


def answer(dialect: str, request: HttpRequest, events: Sequence[Event]) -> Script | None:
    """Build the answer to a chat request, whole or streamed as it asks; None for other requests.

    Args:
        dialect: The name of the dialect.
        request: The request.
        events: The events of the reply.
    """
    api = _APIS[dialect]
    path = request.url.partition("?")[0]
    if not path.endswith(api.paths):
        return None
    if ":stream" in path or _wants_stream(request.body):
        head = HttpHead(200, {"content-type": api.encoding.stream_type})
        return Script(head, tuple(map(Chunk, api.encoding.stream(events, Envelope()))))
    head = HttpHead(200, {"content-type": "application/json"})
    return Script(head, (Chunk(api.encoding.whole(events, Envelope())),))


def refusal(
    dialect: str,
    status: int,
    message: str | None = None,
    code: str | None = None,
    retry_after: float | None = None,
) -> Script:
    """Build an error answer.

    Args:
        dialect: The name of the dialect.
        status: The HTTP status.
        message: The message; None for one that names the status.
        code: The code; None for the usual one of the status.
        retry_after: Seconds that the client should wait.
    """
    head, body = _APIS[dialect].encoding.error(
        ErrorAnswer(
            status=status,
            message=message or f"status {status} (a scripted fault)",
            code=code,
            retry_after=retry_after,
        )
    )
    return Script(head, (Chunk(body),))


class _Stream(Struct):
    stream: bool = False


def _wants_stream(body: bytes) -> bool:
    try:
        return msgspec.json.decode(body, type=_Stream).stream
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
