"""A model's server on loopback that costs next to nothing: its answers are there before.

    python benchmarks/upstream.py [CORE]

It prints two ports, which serve the same, and ends with its standard input. The first part of a
path says what becomes of a request: `ok`, `apart` (each event of a stream is written by itself),
`events-N` (a stream of N events), `hold` (no answer between `/keep` and `/release`), `500`, `429`,
`reset`, and `turned` (what `/turn/X` has said last). `/held` tells how many are held.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from functools import cache

ANSWER = " ".join(f"word{n:03}" for n in range(80))
EVENTS = 1000


def pieces(count: int) -> list[str]:
    """The texts of so many events; LiteLLM takes a hundred equal ones for a model gone mad."""
    return [f" word{n % 1000:03}" for n in range(count)]


_HEAD = "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_USAGE = {"prompt_tokens": 12, "completion_tokens": 160, "total_tokens": 172}


def _whole(body: object, status: int = 200) -> bytes:
    encoded = json.dumps(body, separators=(",", ":")).encode()
    head = _HEAD.format(status=status, kind="application/json", length=len(encoded))
    return head.encode() + encoded


def _openai() -> object:
    message = {"role": "assistant", "content": ANSWER, "refusal": None, "annotations": []}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _USAGE,
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


def _anthropic() -> object:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": ANSWER}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 160},
    }


def _openai_event(delta: object, finish: str | None = None) -> bytes:
    event = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "gpt-4o-mini",
        "service_tier": "default",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"


def _openai_stream(count: int) -> list[bytes]:
    usage = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000}
    last = {**usage, "model": "gpt-4o-mini", "choices": [], "usage": _USAGE}
    return [
        _openai_event({"role": "assistant", "content": "", "refusal": None}),
        *(_openai_event({"content": text}) for text in pieces(count)),
        _openai_event({}, "stop"),
        b"data: " + json.dumps(last, separators=(",", ":")).encode() + b"\n\n",
        b"data: [DONE]\n\n",
    ]


def _named(event: dict[str, object]) -> bytes:
    body = json.dumps(event, separators=(",", ":"))
    return f"event: {event['type']}\ndata: {body}\n\n".encode()


def _anthropic_stream(count: int) -> list[bytes]:
    message = {**_anthropic(), "content": [], "stop_reason": None}  # type: ignore[dict-item]
    deltas = [{"type": "text_delta", "text": text} for text in pieces(count)]
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        _named({"type": "message_start", "message": message}),
        _named(
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            }
        ),
        *(_named({"type": "content_block_delta", "index": 0, "delta": each}) for each in deltas),
        _named({"type": "content_block_stop", "index": 0}),
        _named({"type": "message_delta", "delta": end, "usage": {"output_tokens": 160}}),
        _named({"type": "message_stop"}),
    ]


def _in_chunks(events: list[bytes]) -> list[bytes]:
    return [
        _STREAM_HEAD,
        *(b"%x\r\n%b\r\n" % (len(event), event) for event in events),
        b"0\r\n\r\n",
    ]


OPENAI, ANTHROPIC = _whole(_openai()), _whole(_anthropic())
FAULTS = {
    b"500": _whole({"error": {"message": "broken", "type": "server_error", "code": None}}, 500),
    b"429": _whole({"error": {"message": "slower", "type": "rate_limit", "code": None}}, 429),
}


@cache
def _stream(anthropic: bool, count: int) -> list[bytes]:
    return _in_chunks(_anthropic_stream(count) if anthropic else _openai_stream(count))


@cache
def _stream_at_once(anthropic: bool, count: int) -> bytes:
    return b"".join(_stream(anthropic, count))


class State:
    """What the server has been told, and whom it keeps waiting."""

    def __init__(self) -> None:
        self.turned = b"ok"
        self.keeps = False
        self.held: list[Callable[[], None]] = []

    def told(self, what: bytes, how: bytes) -> int:
        """Do as told; gives how many are held."""
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
                self._write(FAULTS[what])
            case b"reset":
                self._reset()
            case b"turn" | b"keep" | b"release" | b"held":
                self._write(_whole(self._state.told(what, parts[-1])))
            case b"hold" if self._state.keeps:
                self._state.held.append(lambda: self._write(ANTHROPIC if anthropic else OPENAI))
            case _ if b'"stream":true' in body or b'"stream": true' in body:
                count = int(what[7:]) if what.startswith(b"events-") else EVENTS
                if what == b"apart":
                    self._write_apart(iter(_stream(anthropic, count)))
                else:
                    self._write(_stream_at_once(anthropic, count))
            case _:
                self._write(ANTHROPIC if anthropic else OPENAI)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _write_apart(self, events: object) -> None:
        piece = next(events, None)  # type: ignore[call-overload]
        if piece is not None:
            self._write(piece)
            asyncio.get_running_loop().call_soon(self._write_apart, events)

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
    asyncio.run(_serve())
