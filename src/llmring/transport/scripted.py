"""Playback of scripted answers as if they came over a connection."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from llmring.bridge.inline import now, on_loop
from llmring.exceptions import ProviderConnectionError
from llmring.transport.exchange import Patience, answer_timeout, forgive_absence
from llmring.transport.script import Chunk, Pause, Reset, Script
from llmring.wire import HttpHead


class ScriptedExchange:
    """A scripted answer, read like one over HTTP."""

    def __init__(self, script: Script) -> None:
        self.head = script.head or HttpHead(0, {})
        self._steps = deque(script.steps)
        self._when: float | None = None
        self._patience: Patience | None = None
        self._left_at = 0.0

    def expire_at(self, when: float | None) -> None:
        """End the answer at this time of the loop's clock; None for never."""
        self._when = when

    def watch(self, patience: Patience) -> None:
        """End the answer when it has brought nothing for too long."""
        self._patience = patience
        self._left_at = now()

    async def read(self) -> bytes:
        """Read the rest of the body."""
        body = bytearray()
        while data := await self.chunk():
            body += data
        return bytes(body)

    async def chunk(self) -> bytes:
        """Return the next bytes of the body; empty at its end.

        Raises:
            ProviderError: The script cuts the connection, or its time ran out.
        """
        if self._patience is not None:
            forgive_absence(self._patience, self._left_at, now())
        async with watched(self._when, self._patience, self.head.status):
            data = await self._play()
        if self._patience is not None:
            self._patience.read_at = self._left_at = now()
        return data

    async def _play(self) -> bytes:
        while self._steps:
            match self._steps.popleft():
                case Chunk(data=data):
                    return data
                case Pause(seconds=seconds):
                    await asyncio.sleep(seconds)
                case Reset(message=message):
                    raise ProviderConnectionError(message)
        return b""

    async def finish(self) -> None:
        """Do nothing: no connection can be reused."""

    def close(self) -> None:
        """Do nothing: no connection is open."""


@asynccontextmanager
async def watched(
    when: float | None, patience: Patience | None, status: int
) -> AsyncIterator[None]:
    """End a wait for the next piece of an answer.

    Args:
        when: The time of the loop's clock at which the answer ends; None for never.
        patience: Limits on what it may leave out, if any.
        status: The HTTP status of the answer.

    Raises:
        ProviderTimeoutError: The time ran out.
    """
    stall = asyncio.timeout_at(None if patience is None else patience.due())
    try:
        async with asyncio.timeout_at(when), stall:
            yield
    except TimeoutError:
        fault = answer_timeout(None, status)
        if patience is not None and stall.expired():
            fault = patience.verdict(patience.due()) or fault
    else:
        return
    raise fault


async def open_script(script: Script) -> ScriptedExchange:
    """Play a script up to the head of its answer, and return the answer.

    Raises:
        ProviderError: The script has no answer.
    """
    await on_loop()
    exchange = ScriptedExchange(script)
    if script.head is None:
        await exchange.chunk()
        raise ProviderConnectionError("the script ends without an answer")
    return exchange
