"""Playback of scripted answers as if they came over a connection."""

import asyncio
from collections import deque

from llmring.exceptions import ProviderConnectionError
from llmring.transport.exchange import answer_timeout
from llmring.transport.script import Chunk, Pause, Reset, Script
from llmring.wire import HttpHead


class ScriptedExchange:
    """A scripted answer, read like one over HTTP."""

    def __init__(self, script: Script) -> None:
        self.head = script.head or HttpHead(0, {})
        self._steps = deque(script.steps)
        self._when: float | None = None
        self._stall: float | None = None

    def expire_at(self, when: float | None) -> None:
        """End the answer at this time of the loop's clock; None for never."""
        self._when = when

    def stall_after(self, seconds: float) -> None:
        """End the answer when no byte has come for this many seconds."""
        self._stall = seconds

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
        stall = asyncio.timeout(self._stall)
        try:
            async with asyncio.timeout_at(self._when), stall:
                return await self._play()
        except TimeoutError:
            fault = answer_timeout(self._stall if stall.expired() else None, self.head.status)
        raise fault

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


async def open_script(script: Script) -> ScriptedExchange:
    """Play a script up to the head of its answer, and return the answer.

    Raises:
        ProviderError: The script has no answer.
    """
    exchange = ScriptedExchange(script)
    if script.head is None:
        await exchange.chunk()
        raise ProviderConnectionError("the script ends without an answer")
    return exchange
