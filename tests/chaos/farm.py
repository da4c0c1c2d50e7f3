"""A server on loopback that fails in every way that providers do.

    python tests/chaos/farm.py        prints {"port": …, "deaf": …}, serves until stdin closes

The first part of the path is the fault and the second the API, so that a base URL chooses both:
`http://…:port/stall/messages`, and `http://…:port/stall/v1` for Chat Completions. Where only the
model can choose, the fault is the name of the model: `http://…:port/by-model/gemini`.
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

from llmring.chat.events import Event, Failed, Finished, Started, TextDelta, Usage, UsageReport
from llmring.dialects.anthropic.encode_reply import ENCODING as MESSAGES
from llmring.dialects.gemini.encode_reply import ENCODING as GEMINI
from llmring.dialects.ollama.encode_reply import ENCODING as OLLAMA
from llmring.dialects.openai_chat.encode_reply import ENCODING as CHAT
from llmring.dialects.openai_responses.encode_reply import ENCODING as RESPONSES
from llmring.dialects.reply_encoding import Envelope
from llmring.exceptions import ProviderResponseError

ENCODINGS = {
    "chat": CHAT,
    "responses": RESPONSES,
    "messages": MESSAGES,
    "gemini": GEMINI,
    "ollama": OLLAMA,
}
BY_MODEL = "by-model"
WORDS = ("The ", "quick ", "brown ", "fox ", "jumps ", "over ", "the ", "lazy ", "dog.")
TEXT = "".join(WORDS)

_JSON = "application/json"
_FOR_EVER = 3600.0
_ENVELOPE = Envelope(created=1)
_END: tuple[Event, ...] = (
    UsageReport(Usage(prompt_tokens=5, completion_tokens=9)),
    Finished("stop", ""),
)


def stream_events(api: str, words: Sequence[str] = WORDS) -> list[bytes]:
    """Return the good stream, event by event."""
    events = [Started("m", "c"), *map(TextDelta, words), *_END]
    return ENCODINGS[api].stream(events, _ENVELOPE)


def _events_until(api: str, word: str) -> list[bytes]:
    """Return the good stream up to the event with this word."""
    events = stream_events(api)
    at = next(at for at, event in enumerate(events) if word.encode() in event)
    return events[: at + 1]


def _framed(api: str, data: bytes) -> bytes:
    """Return an event of a stream with this data."""
    return data + b"\n" if api == "ollama" else b"data: " + data + b"\n\n"


def whole_body(api: str, text: str = TEXT) -> bytes:
    """Return the good answer in one piece."""
    return ENCODINGS[api].whole([Started("m", "c"), TextDelta(text), *_END], _ENVELOPE)


def _head(status: str, kind: str, *more: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"content-type: {kind}", *more, "", ""]).encode()


def _with_length(body: bytes, kind: str = _JSON, status: str = "200 OK", *more: str) -> bytes:
    return _head(status, kind, f"content-length: {len(body)}", *more) + body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _begun(events: Sequence[bytes], kind: str) -> bytes:
    """Return a chunked answer without its end."""
    return _head("200 OK", kind, "transfer-encoding: chunked") + b"".join(map(_chunk, events))


def good_response(*, api: str = "chat", stream: bool, partial: str = "") -> bytes:
    """Return the bytes of the good answer, or of the rest of one."""
    rest = TEXT.removeprefix(partial)
    if not stream:
        return _with_length(whole_body(api, rest))
    words = [word + " " for word in rest.split(" ") if word]
    words[-1:] = [word.rstrip() for word in words[-1:]]
    if rest[:1] == " ":
        words[0] = " " + words[0]
    return _begun(stream_events(api, words), ENCODINGS[api].stream_type) + b"0\r\n\r\n"


class Asked:
    """A request in any of the APIs.

    Attributes:
        fault: The fault that it asks for.
        api: The API that it speaks.
        stream: True if a stream is requested.
        turns: The role and text of each message.
    """

    def __init__(self, path: str, request: dict[str, Any]) -> None:
        self.fault, second = path.strip("/").split("/")[:2]
        self.api = second if second in ENCODINGS else "chat"
        if self.fault == BY_MODEL:
            in_path = path.rpartition("/")[2].partition(":")[0]
            self.fault = str(request.get("model", in_path))
        self.stream = bool(request.get("stream")) or ":stream" in path
        messages = request.get("messages") or request.get("contents") or request["input"]
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        self.turns = [(each.get("role"), _text_of(each)) for each in messages]


def _text_of(message: dict[str, Any]) -> str:
    parts = message.get("content") or message.get("parts") or ""
    return parts if isinstance(parts, str) else "".join(str(part["text"]) for part in parts)


class Exchange:
    """One request to the farm, and the connection to misbehave on.

    Attributes:
        api: The API that it speaks.
        stream: True if a stream is requested.
        nth: How many requests of its kind came before.
        turn: How many requests came before on its connection.
        partial: The answer so far, if it is to be continued.
    """

    def __init__(self, writer: asyncio.StreamWriter, asked: Asked, nth: int, turn: int) -> None:
        self.api = asked.api
        self.stream = asked.stream
        self.nth = nth
        self.turn = turn
        begun = [text for role, text in asked.turns if role in ("assistant", "model")]
        self.partial: str = begun[-1] if begun and TEXT.startswith(begun[-1]) else ""
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Send bytes and wait until they are sent."""
        self._writer.write(data)
        await self._writer.drain()

    async def good(self) -> None:
        """Send the good answer."""
        await self.send(good_response(api=self.api, stream=self.stream, partial=self.partial))

    async def events(self, events: Sequence[bytes]) -> None:
        """Send a stream of these events, with the end of its body."""
        await self.send(_begun(events, ENCODINGS[self.api].stream_type) + b"0\r\n\r\n")

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
    response = good_response(api=exchange.api, stream=exchange.stream)
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
    for byte in good_response(api=exchange.api, stream=exchange.stream):
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.2)


async def _drip(exchange: Exchange) -> None:
    """Send half of the answer at once, and the rest as `_slow_loris` does."""
    response = good_response(api=exchange.api, stream=exchange.stream)
    half = len(response) // 2
    await exchange.send(response[:half])
    for byte in response[half:]:
        await exchange.send(bytes([byte]))
        await asyncio.sleep(0.2)


async def _stall(exchange: Exchange) -> None:
    """Send half of an answer, then nothing, keeping the connection open."""
    response = good_response(api=exchange.api, stream=exchange.stream)
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
        events = _events_until(exchange.api, "jumps")
        kind = ENCODINGS[exchange.api].stream_type
        await exchange.send(_begun(events, kind) + b"1f\r\ndata: {")
    else:
        await exchange.send(_begun([whole_body(exchange.api)[:40]], _JSON) + b"1f\r\n")
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
    kind = ENCODINGS[exchange.api].stream_type if exchange.stream else _JSON
    await exchange.send(_with_length(b"", kind))


async def _malformed(exchange: Exchange) -> None:
    """Send one malformed event among good ones; in a whole answer, a malformed end."""
    if not exchange.stream:
        await exchange.send(_with_length(whole_body(exchange.api)[:-20] + b"\x00" * 20))
        return
    events = stream_events(exchange.api)
    at = len(_events_until(exchange.api, "quick"))
    events.insert(at, _framed(exchange.api, b'{"choices": [{"delta": {"conte'))
    await exchange.events(events)


# What is put into a JSON object to damage it; its own fields stay clear.
_DAMAGE = (
    rb'"note":"\ud83d",',
    b'"note":"\x01",',
    b'"note":"\xff\x02",',
    b'"score":NaN,',
    b'"scores":[-Infinity,Infinity],',
)


def _with_damage(data: bytes, nth: int) -> bytes:
    return data.replace(b"{", b"{" + _DAMAGE[nth % len(_DAMAGE)], 1)


async def _damaged(exchange: Exchange) -> None:
    """Damage every event, or the whole answer, so that its content is still clear."""
    if exchange.stream:
        good = enumerate(stream_events(exchange.api), exchange.nth)
        await exchange.events([_with_damage(event, nth) for nth, event in good])
    else:
        await exchange.send(_with_length(_with_damage(whole_body(exchange.api), exchange.nth)))


async def _spoiled(exchange: Exchange) -> None:
    """Damage one good event, or the whole answer, so that its content is not clear."""
    if exchange.stream:
        events = stream_events(exchange.api)
        at = len(_events_until(exchange.api, ("quick", "fox", "lazy")[exchange.nth % 3])) - 1
        cut = (b' "', b'":')[exchange.nth % 2]
        events[at] = events[at].replace(cut, b"", 1)
        await exchange.events(events)
    else:
        await exchange.send(_with_length(whole_body(exchange.api).replace(b'":"', b'"', 1)))


async def _error_event(exchange: Exchange) -> None:
    """Report an error inside a 200, before or after the first words."""
    if not exchange.stream:
        await exchange.status("200 OK")
        return
    error = Failed(ProviderResponseError("overloaded", status=503))
    encoder = ENCODINGS[exchange.api].encoder(_ENVELOPE)
    words = WORDS[: (0, 4)[exchange.nth % 2]]
    events: list[Event] = [Started("m", "c"), *map(TextDelta, words), error]
    await exchange.events([piece for event in events for piece in encoder.encode(event)])


async def _unfinished(exchange: Exchange) -> None:
    """End a stream in good order, but without its final event."""
    if exchange.stream:
        await exchange.events(_events_until(exchange.api, "jumps"))
    else:
        await exchange.send(_with_length(b"{}"))


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
    "damaged": _damaged,
    "spoiled": _spoiled,
    "error": _error_event,
    "unfinished": _unfinished,
    "page": _page,
    "empty": _empty,
}


class Farm:
    """The server, and what it has seen.

    Attributes:
        requests: Requests by fault and API, whole and streamed.
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
        path = head.split(" ", 2)[1].partition("?")[0]
        if path == "/tally":
            await self._tell(writer)
            return b""
        lengths = [line for line in head.lower().split("\r\n") if "content-length:" in line]
        body = await reader.readexactly(int(lengths[0].split(":")[1]))
        asked = Asked(path, json.loads(body))
        kind = f"{asked.fault} {asked.api} {'stream' if asked.stream else 'whole'}"
        exchange = Exchange(writer, asked, self.requests[kind], turn)
        self.requests[kind] += 1
        answer = asyncio.ensure_future(FAULTS[asked.fault](exchange))
        # Clients send nothing more before the answer, so anything read is the end.
        gone = asyncio.ensure_future(reader.read(1))
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            self.hung_up[asked.turns[0][1]] = time.monotonic()
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
