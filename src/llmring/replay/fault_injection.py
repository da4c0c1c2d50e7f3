"""Scripted faults, as the reader of an answer meets them."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from llmring.bridge.inline import now
from llmring.exceptions import ProviderConnectionError, ProviderTimeoutError
from llmring.replay.scripted_replies import refusal
from llmring.routing.fault_script import Connection, ScriptedFault
from llmring.transport.exchange import forgive_absence
from llmring.transport.script import Chunk, Pause, Reset, Step
from llmring.transport.scripted import open_script, watched

if TYPE_CHECKING:
    from llmring.transport.exchange import Exchange, Patience

# Longer than any call waits.
_FOR_GOOD = 86_400.0

_CONNECTIONS: Mapping[Connection, str] = {
    "refused": "connection refused (a scripted fault)",
    "reset": "connection reset before an answer came (a scripted fault)",
    "dns": "can't find the host (a scripted fault)",
}

# End of an event in a stream, by the stream's media type.
_ENDS: Mapping[str, re.Pattern[bytes]] = {
    "text/event-stream": re.compile(rb"\r?\n\r?\n"),
    "application/x-ndjson": re.compile(rb"\n"),
}


async def open_faulty(
    fault: ScriptedFault,
    dialect: str,
    seconds: float | None,
    answer: Callable[[float | None], Awaitable[Exchange]],
) -> Exchange:
    """Open an answer with a fault in it.

    Args:
        fault: The fault.
        dialect: Name of the dialect in which to write an error.
        seconds: How long to wait for the head; None for no limit.
        answer: Opens the real answer within the given seconds.

    Raises:
        ProviderError: No answer came.
    """
    if fault.latency is not None:
        await _wait(fault.latency, seconds)
        seconds = None if seconds is None else seconds - fault.latency
    if fault.connection == "timeout":
        await _wait(_FOR_GOOD, seconds)
    elif fault.connection is not None:
        raise ProviderConnectionError(_CONNECTIONS[fault.connection])
    if fault.status is not None:
        error = refusal(dialect, fault.status, fault.message, fault.code, fault.retry_after)
        return await open_script(error)
    exchange = await answer(seconds)
    steps = _steps(fault)
    return FaultyExchange(exchange, steps) if steps else exchange


async def _wait(seconds: float, limit: float | None) -> None:
    if limit is not None and limit < seconds:
        await asyncio.sleep(max(0.0, limit))
        raise ProviderTimeoutError("no answer in time")
    await asyncio.sleep(seconds)


_Plan = list[tuple[int, Step]]


def _steps(fault: ScriptedFault) -> _Plan:
    """Return what happens within the answer, each step with the number of events before it."""
    stall = fault.stall_seconds if fault.stall_seconds is not None else _FOR_GOOD
    plan: list[tuple[int | None, Step]] = [
        (fault.malformed, Chunk(b"")),
        (fault.stall, Pause(stall)),
        (fault.cut, Reset("the connection was cut (a scripted fault)")),
    ]
    return sorted(((at, step) for at, step in plan if at is not None), key=lambda pair: pair[0])


class FaultyExchange:
    """An answer in which something happens after some of its events.

    An answer that is not a stream counts as one event; any fault in it happens in its middle.

    Args:
        exchange: The answer.
        plan: Steps, each with the number of events before it; an empty `Chunk` becomes an event
            that can't be read.
    """

    def __init__(self, exchange: Exchange, plan: _Plan) -> None:
        self.head = exchange.head
        self._exchange = exchange
        self._plan = deque(plan)
        self._ready: deque[Step] = deque()
        self._events = 0
        self._open = b""
        self._ended = False
        self._when: float | None = None
        self._patience: Patience | None = None
        self._left_at = 0.0
        self._end = _ENDS.get(exchange.head.content_type)

    def expire_at(self, when: float | None) -> None:
        """End the answer at this time of the loop's clock; None for never."""
        self._when = when
        self._exchange.expire_at(when)

    def watch(self, patience: Patience) -> None:
        """End the answer when it has brought nothing for too long."""
        self._patience = patience
        self._left_at = now()
        self._exchange.watch(patience)

    async def read(self) -> bytes:
        """Read the rest of the body."""
        body = bytearray()
        while data := await self.chunk():
            body += data
        return bytes(body)

    async def chunk(self) -> bytes:
        """Return the next bytes of the body; empty at its end.

        Raises:
            ProviderError: The connection is cut, or its time ran out.
        """
        if self._patience is not None:
            forgive_absence(self._patience, self._left_at, now())
        data = await self._next()
        self._left_at = now()
        return data

    async def _next(self) -> bytes:
        while True:
            while self._ready:
                match self._ready.popleft():
                    case Chunk(data=data):
                        return data
                    case Pause(seconds=seconds):
                        await self._pause(seconds)
                    case Reset(message=message):
                        raise ProviderConnectionError(message, status=self.head.status)
            if self._ended:
                return b""
            self._ready.extend(await self._more())

    async def _pause(self, seconds: float) -> None:
        async with watched(self._when, self._patience, self.head.status):
            await asyncio.sleep(seconds)

    async def _more(self) -> list[Step]:
        if self._end is None:
            self._ended = True
            return [*self._halves(await self._exchange.read())]
        data = await self._exchange.chunk()
        self._ended = not data
        return [*self._due(), *self._between(data, self._end)]

    def _halves(self, body: bytes) -> Iterator[Step]:
        """Yield a whole body with the faults in it."""
        yield from self._due()
        half = len(body) // 2
        yield Chunk(body[:half])
        for _, step in self._plan:
            if step == Chunk(b""):
                return
            yield step
        yield Chunk(body[half:])

    def _between(self, data: bytes, end: re.Pattern[bytes]) -> Iterator[Step]:
        """Yield these bytes of a stream with the faults between its events."""
        # The mark at the end of an event may come in two pieces.
        seen = len(self._open)
        text, begun = self._open + data, 0
        passed = seen
        for match in end.finditer(text):
            if text[begun : match.start()].strip():
                self._events += 1
            begun = match.end()
            due = [*self._due()]
            if due:
                yield from _chunk(text[passed:begun])
                passed = max(passed, begun)
                yield from due
        yield from _chunk(text[passed:])
        self._open = text[begun:]

    def _due(self) -> Iterator[Step]:
        while self._plan and self._plan[0][0] <= self._events:
            _, step = self._plan.popleft()
            yield step if step != Chunk(b"") else Chunk(self._nonsense())

    def _nonsense(self) -> bytes:
        line = b'{"malformed": '
        if self._end is None:
            return line
        return (
            line + b"\n" if self.head.content_type.endswith("json") else b"data: " + line + b"\n\n"
        )

    async def finish(self) -> None:
        """Read and discard the rest of a body, if there is little left."""
        await self._exchange.finish()

    def close(self) -> None:
        """Close the connection."""
        self._exchange.close()


def _chunk(data: bytes) -> Iterator[Step]:
    if data:
        yield Chunk(data)
