"""The servers of the models: a word is a token, and the name of a model says how it fails.

A model is called `FAULT.CALL`; `good.CALL` is healthy, and goes on where the text ends that it is
given as its own, as models do. A path can name the model too (`/good.CALL/v1beta/…`), for gateways
that can't change a name within it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from llmring.chat.events import Finished, Started, TextDelta, Usage, UsageReport
from llmring.dialects.anthropic.encode_reply import ENCODING as MESSAGES
from llmring.dialects.gemini.encode_reply import ENCODING as GEMINI
from llmring.dialects.ollama.encode_reply import ENCODING as OLLAMA
from llmring.dialects.openai_chat.encode_reply import ENCODING as CHAT
from llmring.dialects.openai_responses.encode_reply import ENCODING as RESPONSES
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer, ReplyEncoding

GOOD = "good"
WORDS = (*(f"word{number} " for number in range(59)), "end.")
TEXT = "".join(WORDS)
# Between two tokens.
PACE_SECONDS = 0.002
SLOW_SECONDS = 0.1
# Tokens before the fault, where its name has no number.
BEFORE = 3

_FOR_EVER = 3600.0
_ENCODINGS: tuple[tuple[str, ReplyEncoding], ...] = (
    ("/chat/completions", CHAT),
    ("/responses", RESPONSES),
    ("/messages", MESSAGES),
    ("GenerateContent", GEMINI),
    ("/api/chat", OLLAMA),
)
_NAME = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9-]+")


class Stream(NamedTuple):
    """A streamed answer: its beginning, each of its tokens, and its end."""

    begin: bytes
    tokens: list[bytes]
    end: bytes


def _stream(encoding: ReplyEncoding, text: str) -> Stream:
    words = re.findall(r"\s*\S+\s?", text)
    encoder = encoding.encoder(Envelope(created=1))
    begin = encoder.encode(Started("m", "id-1"))
    tokens = [b"".join(encoder.encode(TextDelta(word))) for word in words]
    usage = Usage(prompt_tokens=5, completion_tokens=len(words))
    end = [
        piece
        for event in (UsageReport(usage), Finished("stop", ""))
        for piece in encoder.encode(event)
    ]
    return Stream(b"".join(begin), tokens, b"".join([*end, *encoder.end()]))


def _error(encoding: ReplyEncoding) -> bytes:
    encoder = encoding.encoder(Envelope(created=1))
    encoder.encode(Started("m", "id-1"))
    encoder.encode(TextDelta(WORDS[0]))
    return b"".join(encoder.fail(ErrorAnswer(status=503, message="overloaded")))


class Exchange:
    """A request, and the connection to misbehave on.

    Args:
        encoding: The form of the answers of its API.
        partial: The answer so far, if it is to be continued.
        writer: The connection.
        bought: Counts a token.
    """

    def __init__(
        self,
        encoding: ReplyEncoding,
        partial: str,
        writer: asyncio.StreamWriter,
        bought: Callable[[], None],
    ) -> None:
        self.encoding = encoding
        self.stream = _stream(encoding, TEXT.removeprefix(partial))
        self._writer = writer
        self._bought = bought

    async def begin(self, count: int, pace: float = PACE_SECONDS) -> None:
        """Send the beginning of the answer, with a number of tokens."""
        kind = self.encoding.stream_type.encode()
        head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n" % kind
        await self._send(head)
        if self.stream.begin:
            await self.piece(self.stream.begin)
        for token in self.stream.tokens[:count]:
            await self.token(token, pace)

    async def token(self, token: bytes, pace: float = PACE_SECONDS) -> None:
        """Send a token."""
        await self.piece(token)
        self._bought()
        await asyncio.sleep(pace)

    async def piece(self, piece: bytes) -> None:
        """Send a piece of the body."""
        await self._send(b"%x\r\n%b\r\n" % (len(piece), piece))

    async def end(self) -> None:
        """End the body in good order."""
        await self._send(b"0\r\n\r\n")

    async def finish(self) -> None:
        """Send the end of the answer, and end the body."""
        await self.piece(self.stream.end)
        await self.end()

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    def reset(self) -> None:
        """Reset the connection (TCP RST)."""
        found: socket.socket | None = self._writer.get_extra_info("socket")
        if found is not None:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        """Close the connection as at an ordinary end."""
        self._writer.close()


async def _good(exchange: Exchange) -> None:
    """Answer well."""
    await exchange.begin(len(WORDS))
    await exchange.finish()


def _cut(count: int) -> Callable[[Exchange], Awaitable[None]]:
    async def cut(exchange: Exchange) -> None:
        await exchange.begin(count)
        exchange.close()

    return cut


async def _reset(exchange: Exchange) -> None:
    """Reset the connection within the answer."""
    await exchange.begin(BEFORE)
    # So that what was sent arrives before the reset.
    await asyncio.sleep(0.02)
    exchange.reset()


async def _stall(exchange: Exchange) -> None:
    """Send nothing more, with the connection open."""
    await exchange.begin(BEFORE)
    await asyncio.sleep(_FOR_EVER)


async def _malformed(exchange: Exchange) -> None:
    """Send a token whose JSON can't be read, and all others well."""
    await exchange.begin(BEFORE)
    damaged, *others = exchange.stream.tokens[BEFORE:]
    await exchange.token(damaged.replace(b'word3 "', b"word3 ", 1))
    for token in others:
        await exchange.token(token)
    await exchange.finish()


async def _error_event(exchange: Exchange) -> None:
    """Report an error in the API's own way."""
    await exchange.begin(BEFORE)
    await exchange.piece(_error(exchange.encoding))
    await exchange.end()


async def _no_end(exchange: Exchange) -> None:
    """End the body in good order, but without the end of the answer."""
    await exchange.begin(BEFORE)
    await exchange.end()


async def _half(exchange: Exchange) -> None:
    """Close the connection in the middle of an event."""
    await exchange.begin(BEFORE)
    event = exchange.stream.tokens[BEFORE]
    await exchange.piece(event[: len(event) // 2])
    exchange.close()


async def _silence(_: Exchange) -> None:
    """Send nothing at all."""
    await asyncio.sleep(_FOR_EVER)


async def _slow(exchange: Exchange) -> None:
    """Answer well, at ten tokens a second."""
    await exchange.begin(len(WORDS), SLOW_SECONDS)
    await exchange.finish()


FAULTS: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "cut-1": _cut(1),
    "cut-3": _cut(3),
    "cut-40": _cut(40),
    "reset": _reset,
    "stall": _stall,
    "malformed": _malformed,
    "error": _error_event,
    "no-end": _no_end,
    "half": _half,
    "silence": _silence,
    "slow": _slow,
}


class Vendor:
    """A server for all models.

    Attributes:
        url: Its address.
        requests: How many it has received, by the model's name.
        tokens: How many it has sent, by the model's name.
    """

    def __init__(self) -> None:
        self.url = ""
        self.requests: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until it ends, or a fault has ended it."""
        early = b""
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    early = await self._one(early, reader, writer)
        finally:
            writer.close()

    async def _one(
        self, early: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """Answer one request; return the bytes of the next one that came early."""
        head = (early + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        path = head.split(" ", 2)[1].partition("?")[0]
        length = re.search(r"(?i)\ncontent-length: *(\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b"{}"
        encoding = next((found for end, found in _ENCODINGS if path.endswith(end)), None)
        asked: dict[str, Any] = json.loads(body)
        named = _NAME.search(path) or _NAME.search(str(asked.get("model")))
        if encoding is None or named is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}")
            return b""
        name = named[0]
        self.requests[name] += 1
        exchange = Exchange(encoding, _begun(asked), writer, lambda: self._bought(name))
        fault = name.partition(".")[0]
        answer = asyncio.ensure_future(FAULTS.get(fault, _good)(exchange))
        # Clients send nothing more before the answer, so anything read is the end.
        gone = asyncio.ensure_future(reader.read(1))
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            writer.close()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await answer
        return await gone

    def _bought(self, name: str) -> None:
        self.tokens[name] += 1


def _begun(asked: dict[str, Any]) -> str:
    """Return the text that a request gives as the model's own, if the answer begins so."""
    turns = asked.get("messages") or asked.get("contents") or asked.get("input") or ()
    own = [
        _text_of(turn)
        for turn in turns
        if isinstance(turn, dict) and turn.get("role") in ("assistant", "model")
    ]
    return own[-1] if own and TEXT.startswith(own[-1]) else ""


def _text_of(turn: dict[str, Any]) -> str:
    parts = turn.get("content") or turn.get("parts") or ""
    return parts if isinstance(parts, str) else "".join(str(part.get("text", "")) for part in parts)


@contextmanager
def vendor() -> Iterator[Vendor]:
    """Serve all models, in a thread of this process."""
    found = Vendor()
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    async def listen() -> None:
        server = await asyncio.start_server(found.serve, "127.0.0.1", 0, backlog=1024)
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await server.serve_forever()

    def run() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            loop.run_until_complete(main)

    main = loop.create_task(listen())
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    yield found
    loop.call_soon_threadsafe(main.cancel)
    thread.join(10)
