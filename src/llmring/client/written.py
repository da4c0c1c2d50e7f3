"""Made-up answers, in the bytes in which each API would send them.

No more of it than a client reads. Tokens are counted as words between white space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec
from msgspec import Struct

from llmring.client import (
    written_anthropic,
    written_gemini,
    written_ollama,
    written_openai_chat,
    written_openai_responses,
)
from llmring.client.said import Json, Said
from llmring.dialects import (
    anthropic_content,
    gemini,
    ollama,
    openai_chat_messages,
    openai_responses,
)
from llmring.local.mock import Chunk, Script
from llmring.wire import HttpHead, HttpRequest


def answer(dialect: str, request: HttpRequest, said: Said) -> Script | None:
    """An answer to a chat request, whole or streamed as it asks; None where it is no chat.

    Args:
        dialect: The name of the dialect.
        request: The request.
        said: What the model says.
    """
    writer = _WRITERS[dialect]
    path = request.url.partition("?")[0]
    streamed = ":stream" in path or _wants_stream(request.body)
    if not path.endswith(writer.paths):
        return None
    if streamed:
        head = HttpHead(200, {"content-type": writer.stream_type})
        return Script(head, tuple(map(Chunk, writer.events(said))))
    return Script(_JSON, (Chunk(msgspec.json.encode(writer.whole(said))),))


def refusal(
    dialect: str,
    status: int,
    message: str | None = None,
    code: str | None = None,
    retry_after: float | None = None,
) -> Script:
    """An error with this status.

    Args:
        dialect: The name of the dialect.
        status: The HTTP status.
        message: Its words.
        code: Its code; left out, a usual one.
        retry_after: Seconds that it asks to wait.
    """
    words = message or f"status {status} (a scripted fault)"
    wait = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    body = _WRITERS[dialect].refusal(status, words, code)
    head = HttpHead(status, {"content-type": "application/json", **wait})
    return Script(head, (Chunk(msgspec.json.encode(body)),))


_JSON = HttpHead(200, {"content-type": "application/json"})


class _Stream(Struct):
    stream: bool = False


def _wants_stream(body: bytes) -> bool:
    try:
        return msgspec.json.decode(body, type=_Stream).stream
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


class _Writer(Struct, frozen=True):
    """How an API writes: an answer, the same in events, and an error with a status."""

    paths: tuple[str, ...]
    whole: Callable[[Said], Json]
    events: Callable[[Said], Iterator[bytes]]
    refusal: Callable[[int, str, str | None], Json]
    stream_type: str = "text/event-stream"


_WRITERS: Mapping[str, _Writer] = {
    openai_chat_messages.NAME: _Writer(
        ("/chat/completions",),
        written_openai_chat.whole,
        written_openai_chat.events,
        written_openai_chat.refusal,
    ),
    openai_responses.NAME: _Writer(
        ("/responses",),
        written_openai_responses.whole,
        written_openai_responses.events,
        written_openai_chat.refusal,
    ),
    anthropic_content.NAME: _Writer(
        ("/messages",), written_anthropic.whole, written_anthropic.events, written_anthropic.refusal
    ),
    gemini.DIALECT.name: _Writer(
        (":generateContent", ":streamGenerateContent"),
        written_gemini.whole,
        written_gemini.events,
        written_gemini.refusal,
    ),
    ollama.DIALECT.name: _Writer(
        ("/api/chat",),
        written_ollama.whole,
        written_ollama.events,
        written_ollama.refusal,
        stream_type="application/x-ndjson",
    ),
}
