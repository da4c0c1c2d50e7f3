"""A model's server on loopback that costs next to nothing: its answers are encoded once.

    python benchmarks/upstream.py [CORE]

The interpreter has to have llmring, which encodes them.

It prints two ports, which serve the same, and ends with its standard input. The first part of a
path decides how a request is answered: `ok`, `apart` (each event of a stream is written by itself),
`events-N` (a stream of N events), `apart-N`, `paced-N-MS` (an event each MS milliseconds), `cut-N`
(the connection ends after N events), `hold` (no answer between `/keep` and `/release`), `500`,
`429`, `reset`, and `turned` (the X of the last `/turn/X`). `/held` returns the number of held
requests.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from texts import ANSWER, EVENTS, pieces

try:
    from uvloop import run
except ImportError:
    from asyncio import run

from llmring.chat.events import Event, Finished, Started, TextDelta, Usage, UsageReport
from llmring.dialects.anthropic import encode_reply as anthropic_encode_reply
from llmring.dialects.openai_chat import encode_reply as openai_chat_encode_reply
from llmring.dialects.reply_encoding import Envelope, ErrorAnswer, ReplyEncoding

_HEAD = "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
ENVELOPE = Envelope(created=1_700_000_000)
FAULTS = {
    b"500": ErrorAnswer(status=500, message="broken"),
    b"429": ErrorAnswer(status=429, message="slower"),
}


def _encoding(anthropic: bool) -> ReplyEncoding:
    return anthropic_encode_reply.ENCODING if anthropic else openai_chat_encode_reply.ENCODING


def _reply(anthropic: bool, texts: Iterable[str]) -> list[Event]:
    named = Started("claude", "msg_1") if anthropic else Started("gpt-4o-mini", "chatcmpl-1")
    usage = Usage(prompt_tokens=12, completion_tokens=160)
    return [named, *map(TextDelta, texts), UsageReport(usage), Finished("stop", "")]


def _with_head(body: bytes, status: int = 200) -> bytes:
    return _HEAD.format(status=status, length=len(body)).encode() + body


@cache
def _whole(anthropic: bool) -> bytes:
    return _with_head(_encoding(anthropic).whole(_reply(anthropic, [ANSWER]), ENVELOPE))


@cache
def _fault(what: bytes) -> bytes:
    head, body = _encoding(anthropic=False).error(FAULTS[what])
    return _with_head(body, head.status)


@cache
def _stream(anthropic: bool, count: int) -> list[bytes]:
    events = _encoding(anthropic).stream(_reply(anthropic, pieces(count)), ENVELOPE)
    chunks = (b"%x\r\n%b\r\n" % (len(event), event) for event in events)
    return [_STREAM_HEAD, *chunks, b"0\r\n\r\n"]


@cache
def _stream_at_once(anthropic: bool, count: int) -> bytes:
    return b"".join(_stream(anthropic, count))


class State:
    """The orders that the server has received, and the requests that it holds."""

    def __init__(self) -> None:
        self.turned = b"ok"
        self.keeps = False
        self.held: list[Callable[[], None]] = []

    def obey(self, what: bytes, how: bytes) -> int:
        """Obey an order; return the number of held requests."""
        match what:
            case b"turn":
                self.turned = how
            case b"keep":
                self.keeps = True
            case b"release":
                self.keeps = False
                held, self.held = self.held, []
                for answer in held:
                    answer()
        return len(self.held)


class Upstream(asyncio.Protocol):
    """One connection."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._buffer = bytearray()
        self._wanted = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, error: Exception | None) -> None:
        """Write no more."""
        del error
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._buffer += data
        while len(self._buffer) >= self._wanted and (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end]).lower()
            at = head.find(b"\ncontent-length:")
            length = int(head[at + 16 :].split(b"\r", 1)[0]) if at >= 0 else 0
            self._wanted = end + 4 + length
            if len(self._buffer) < self._wanted:
                return
            body = bytes(self._buffer[end + 4 : self._wanted])
            del self._buffer[: self._wanted]
            self._wanted = 0
            self._answer(head.split(b" ", 2)[1], body)

    def _answer(self, path: bytes, body: bytes) -> None:
        parts = path.split(b"/")
        what = self._state.turned if parts[1] == b"turned" else parts[1]
        anthropic = parts[-1].startswith(b"messages")
        match what:
            case b"500" | b"429":
                self._write(_fault(what))
            case b"reset":
                self._reset()
            case b"turn" | b"keep" | b"release" | b"held":
                held = self._state.obey(what, parts[-1])
                self._write(_with_head(str(held).encode()))
            case b"hold" if self._state.keeps:
                self._state.held.append(lambda: self._write(_whole(anthropic)))
            case _ if b'"stream":true' in body or b'"stream": true' in body:
                kind, *numbers = what.split(b"-")
                self._stream(kind, anthropic, [int(number) for number in numbers])
            case _:
                self._write(_whole(anthropic))

    def _stream(self, kind: bytes, anthropic: bool, numbers: list[int]) -> None:
        count = numbers[0] if numbers else EVENTS
        match kind:
            case b"apart":
                self._write_apart(iter(_stream(anthropic, count)))
            case b"paced":
                self._write_apart(iter(_stream(anthropic, count)), numbers[1] / 1000)
            case b"cut":
                # The head, what begins the answer, and so many events.
                self._write(b"".join(_stream(anthropic, EVENTS)[: count + 2]))
                if self._transport is not None:
                    self._transport.close()
            case _:
                self._write(_stream_at_once(anthropic, count))

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _write_apart(self, events: Iterator[bytes], seconds: float = 0.0) -> None:
        piece = next(events, None)
        if piece is not None and self._transport is not None:
            self._write(piece)
            loop = asyncio.get_running_loop()
            if seconds:
                loop.call_later(seconds, self._write_apart, events, seconds)
            else:
                loop.call_soon(self._write_apart, events)

    def _reset(self) -> None:
        if self._transport is not None:
            # Without lingering, closing is a reset.
            plain = self._transport.get_extra_info("socket")
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    state = State()
    servers = [
        await loop.create_server(lambda: Upstream(state), "127.0.0.1", 0, backlog=4096)
        for _ in range(2)
    ]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    if sys.argv[1:]:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    run(_serve())
