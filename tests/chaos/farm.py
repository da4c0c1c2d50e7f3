"""A server on loopback that fails in every way that providers do.

    python tests/chaos/farm.py        prints {"port": …, "deaf": …}, serves until stdin closes

The first part of the path is the fault, so that a base URL chooses it: `http://…:port/stall/v1`.
`deaf` is a port where no connection is ever accepted. `GET /tally` reports what the server has
seen. The healthy model continues a partial answer among the messages, as a real one would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

WORDS = ("The ", "quick ", "brown ", "fox ", "jumps ", "over ", "the ", "lazy ", "dog.")
TEXT = "".join(WORDS)

_JSON = "application/json"
_SSE = "text/event-stream"
_FOR_EVER = 3600.0
_USAGE = {"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 14}


def _event(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _data({"choices": [choice]})


def _data(fields: dict[str, Any]) -> bytes:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", **fields}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def stream_events(words: Sequence[str] = WORDS) -> list[bytes]:
    """Return the good stream, event by event."""
    return [
        _event({"role": "assistant", "content": ""}),
        *(_event({"content": word}) for word in words),
        _event({}, "stop"),
        _data({"choices": [], "usage": _USAGE}),
        b"data: [DONE]\n\n",
    ]


def whole_body(text: str = TEXT) -> bytes:
    """Return the good answer in one piece."""
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    reply = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
    return json.dumps({**reply, "choices": [choice], "usage": _USAGE}).encode()


def _head(status: str, kind: str, *more: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"content-type: {kind}", *more, "", ""]).encode()


def _with_length(body: bytes, kind: str = _JSON, status: str = "200 OK", *more: str) -> bytes:
    return _head(status, kind, f"content-length: {len(body)}", *more) + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _begun(events: Sequence[bytes], kind: str = _SSE) -> bytes:
    """Return a chunked answer without its end."""
    return _head("200 OK", kind, "transfer-encoding: chunked") + b"".join(map(_chunk, events))


def good_response(*, stream: bool, partial: str = "") -> bytes:
    """Return the bytes of the good answer, or of the rest of one."""
    rest = TEXT.removeprefix(partial)
    if not stream:
        return _with_length(whole_body(rest))
    words = [word + " " for word in rest.split(" ") if word]
    words[-1:] = [word.rstrip() for word in words[-1:]]
    if rest[:1] == " ":
        words[0] = " " + words[0]
    return _begun(stream_events(words)) + b"0\r\n\r\n"


class Exchange:
    """One request to the farm, and the connection to misbehave on.

    Attributes:
        stream: True if a stream is requested.
        nth: How many requests of its kind came before.
        turn: How many requests came before on its connection.
        partial: The answer so far, if it is to be continued.
    """

    def __init__(
        self, writer: asyncio.StreamWriter, request: dict[str, Any], nth: int, turn: int
    ) -> None:
        self.stream = bool(request.get("stream"))
        self.nth = nth
        self.turn = turn
        message = [each["content"] for each in request["messages"] if each["role"] == "assistant"]
        self.partial: str = message[-1] if message and TEXT.startswith(message[-1]) else ""
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes and wait until they are sent."""
        self._writer.write(data)
        await self._writer.drain()

    async def good(self) -> None:
        """Send the good answer."""
        await self.send(good_response(stream=self.stream, partial=self.partial))

    async def status(self, line: str, *headers: str) -> None:
        """Answer with an error."""
        error = {"error": {"message": line, "type": "fault"}}
        await self.send(_with_length(json.dumps(error).encode(), _JSON, line, *headers))

    def reset(self) -> None:
        """Reset the connection (TCP RST)."""
        sock: socket.socket | None = self._writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        """Close the connection as at a normal end."""
        self._writer.close()


def _some(exchange: Exchange) -> bytes:
    """Return the answer up to a place that moves with each request, over the whole answer."""
    response = good_response(stream=exchange.stream)
    # In strides, so that a few requests cover places all over the answer.
    stride = 37 if len(response) % 37 else 1
    return response[: exchange.nth * stride % len(response)]


async def _reset(exchange: Exchange) -> None:
    """Reset the connection after some bytes."""
    await exchange.send(_some(exchange))
    exchange.reset()


async def _cut(exchange: Exchange) -> None:
    """Close the connection after some bytes."""
    await exchange.send(_some(exchange))
    exchange.close()


async def _slow_loris(exchange: Exchange) -> None:
    """Send a byte now and then; the whole answer would take minutes."""
    for byte in good_response(stream=exchange.stream):
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.2)


async def _drip(exchange: Exchange) -> None:
    """Send half of the answer at once, and the rest as `_slow_loris` does."""
    response = good_response(stream=exchange.stream)
    half = len(response) // 2
    await exchange.send(response[:half])
    for byte in response[half:]:
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.2)


async def _stall(exchange: Exchange) -> None:
    """Send half of an answer, then nothing, keeping the connection open."""
    response = good_response(stream=exchange.stream)
    await exchange.send(response[: len(response) * 6 // 10])
    await asyncio.sleep(_FOR_EVER)


async def _silent(_: Exchange) -> None:
    """Send nothing."""
    await asyncio.sleep(_FOR_EVER)


async def _half_open(exchange: Exchange) -> None:
    """Answer the first request of a connection, then nothing, as if the peer were gone."""
    if exchange.turn:
        await asyncio.sleep(_FOR_EVER)
    await exchange.good()


async def _stale(exchange: Exchange) -> None:
    """Answer the first request of a connection, and reset it at the next."""
    if exchange.turn:
        exchange.reset()
    else:
        await exchange.good()


async def _truncated(exchange: Exchange) -> None:
    """End a chunked body in the middle of a chunk."""
    if exchange.stream:
        await exchange.send(_begun(stream_events()[:6]) + b"1f\r\ndata: {")
    else:
        await exchange.send(_begun([whole_body()[:40]], _JSON) + b"1f\r\n")
    exchange.close()


async def _too_many(exchange: Exchange) -> None:
    """Answer 429 with a long wait, a short one, and none, in turn."""
    asks = (("retry-after: 20",), ("retry-after-ms: 200",), ())
    await exchange.status("429 Too Many Requests", *asks[exchange.nth % len(asks)])


async def _clock(exchange: Exchange) -> None:
    """Answer 503 with a date to retry after, by a clock that is years off."""
    year = (1999, 2062)[exchange.nth % 2]
    await exchange.status(
        "503 Service Unavailable",
        f"date: Sat, 13 Mar {year} 10:00:00 GMT",
        f"retry-after: Sat, 13 Mar {year} 10:00:30 GMT",
    )


_BAD = ("500 Internal Server Error", "502 Bad Gateway", "503 Service Unavailable")
_WORSE = ("504 Gateway Timeout", "529 Overloaded")


async def _burst(exchange: Exchange) -> None:
    """Answer forty requests with errors, then ten well."""
    lines = _BAD + _WORSE
    if exchange.nth % 50 < 40:
        await exchange.status(lines[exchange.nth % len(lines)])
    else:
        await exchange.good()


async def _page(exchange: Exchange) -> None:
    """Answer 200 with an HTML page."""
    page = b"<html><body>Sign in to the guest network</body></html>"
    await exchange.send(_with_length(page, "text/html"))


async def _empty(exchange: Exchange) -> None:
    """Answer 200 without a body."""
    await exchange.send(_with_length(b"", _SSE if exchange.stream else _JSON))


async def _malformed(exchange: Exchange) -> None:
    """Send one malformed event among good ones; in a whole answer, a malformed end."""
    if not exchange.stream:
        await exchange.send(_with_length(whole_body()[:-20] + b"\x00" * 20))
        return
    events = stream_events()
    events.insert(4, b'data: {"choices": [{"delta": {"conte\n\n')
    await exchange.send(_begun(events) + b"0\r\n\r\n")


_SAID = {"error": {"message": "overloaded", "type": "overloaded_error"}}


async def _error_event(exchange: Exchange) -> None:
    """Report an error inside a 200, before or after the first words."""
    if not exchange.stream:
        await exchange.status("200 OK")
        return
    message = b"data: " + json.dumps(_SAID).encode() + b"\n\n"
    events = [*stream_events()[: (1, 5)[exchange.nth % 2]], message]
    await exchange.send(_begun(events) + b"0\r\n\r\n")


async def _unfinished(exchange: Exchange) -> None:
    """End a stream in good order, but without its final event."""
    if exchange.stream:
        await exchange.send(_begun(stream_events()[:6]) + b"0\r\n\r\n")
    else:
        await exchange.send(_with_length(b'{"choices": []}'))


FAULTS: dict[str, Callable[[Exchange], Awaitable[None]]] = {
    "good": Exchange.good,
    "reset": _reset,
    "cut": _cut,
    "half-open": _half_open,
    "stale": _stale,
    "silent": _silent,
    "stall": _stall,
    "slow": _slow_loris,
    "drip": _drip,
    "truncated": _truncated,
    "429": _too_many,
    "5xx": _burst,
    "clock": _clock,
    "malformed": _malformed,
    "error": _error_event,
    "unfinished": _unfinished,
    "page": _page,
    "empty": _empty,
}


class Farm:
    """The server, and what it has seen.

    Attributes:
        requests: Requests by fault, whole and streamed.
        open: Number of open connections.
        hung_up: When a client hung up before it had the answer, by its message, on the machine's
            monotonic clock.
    """

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.open = 0
        self.hung_up: dict[str, float] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until it ends, or a fault has ended it."""
        self.open += 1
        turn = 0
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                early = b""
                while not writer.is_closing():
                    early = await self._one(early, turn, reader, writer)
                    turn += 1
        finally:
            self.open -= 1
            writer.close()

    async def _one(
        self, early: bytes, turn: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bytes:
        """Answer one request; return the bytes of the next one that came early."""
        head = (early + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fault = head.split(" ", 2)[1].strip("/").split("/")[0]
        if fault == "tally":
            await self._tell(writer)
            return b""
        lengths = [line for line in head.lower().split("\r\n") if "content-length:" in line]
        request = json.loads(await reader.readexactly(int(lengths[0].split(":")[1])))
        kind = f"{fault} {'stream' if request.get('stream') else 'whole'}"
        exchange = Exchange(writer, request, self.requests[kind], turn)
        self.requests[kind] += 1
        answer = asyncio.ensure_future(FAULTS[fault](exchange))
        # Clients send nothing more before the answer, so anything read is the end.
        gone = asyncio.ensure_future(reader.read(1))
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            self.hung_up[str(request["messages"][0]["content"])] = time.monotonic()
            answer.cancel()
            writer.close()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await answer
        return await gone

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        result = {"requests": self.requests, "open": self.open - 1, "hung_up": self.hung_up}
        writer.write(
            _with_length(json.dumps(result).encode(), _JSON, "200 OK", "connection: close")
        )
        await writer.drain()
        writer.close()


@contextlib.contextmanager
def _deaf() -> Any:
    """Open a port where connections are never accepted: its queue is full from the start."""
    with contextlib.ExitStack() as sockets:
        server = sockets.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]


async def main() -> None:
    """Serve until stdin closes."""
    farm = Farm()
    server = await asyncio.start_server(farm.serve, "127.0.0.1", 0, backlog=2048)
    with _deaf() as deaf:
        ports = {"port": server.sockets[0].getsockname()[1], "deaf": deaf}
        sys.stdout.write(json.dumps(ports) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
