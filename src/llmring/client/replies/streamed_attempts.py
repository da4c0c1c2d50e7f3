"""The streamed answers of a call: the first that begins, and those that take over from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Protocol

from llmring.bridge.inline import on_loop
from llmring.chat.response import StreamChunk
from llmring.client.hedging import Race
from llmring.client.replies.reply_reader import StreamReader
from llmring.exceptions import ProviderError
from llmring.limits.admission import Admission
from llmring.routing.attempt import AttemptState
from llmring.routing.failover import Failover
from llmring.transport.exchange import Exchange

Ask = Callable[[AttemptState], Awaitable["OpenStream"]]


class AttemptMaker(Protocol):
    """The maker of a call's attempts."""

    async def first_answer(self, failover: Failover, ask: Ask) -> OpenStream | None:
        """Make the first attempt alone; None if it fails, or if attempts are to be hedged."""

    def race(
        self, failover: Failover, ask: Ask, drop: Callable[[OpenStream], None]
    ) -> Race[OpenStream]:
        """Return the race of the other attempts."""

    async def attempt_failed(
        self, failover: Failover, attempt: AttemptState, error: ProviderError
    ) -> None:
        """Report the failure of an attempt, and end it."""


class OpenStream:
    """A streamed answer that has begun.

    Attributes:
        attempt: The attempt.
        exchange: Its connection.
        reader: Turns its bytes into chunks.
        chunks: Chunks that are ready.
        ended: True if no more chunks follow.
    """

    def __init__(self, attempt: AttemptState, exchange: Exchange, reader: StreamReader) -> None:
        self.attempt = attempt
        self.exchange = exchange
        self.reader = reader
        self.chunks: Iterator[StreamChunk] = iter(())
        self.ended = False

    def close(self) -> None:
        """Close the connection."""
        self.exchange.close()


class StreamedAttempts:
    """The streamed answers of one call: the first that begins, and those that take over from it.

    Args:
        attempts: Makes the attempts.
        failover: The models to try.
        ask: Begins a streamed answer.
        admission: The admission of the call; None if it is not limited.

    Attributes:
        fault: Why the last answer broke off; None if it came to its end.
    """

    def __init__(
        self, attempts: AttemptMaker, failover: Failover, ask: Ask, admission: Admission | None
    ) -> None:
        self._attempts = attempts
        self._failover = failover
        self._admission = admission
        self._ask = ask
        self._race: Race[OpenStream] | None = None
        self._opened: OpenStream | None = None
        self.fault: ProviderError | None = None

    async def next(self) -> OpenStream | None:
        """Return the next streamed answer that begins; None if the last one is whole.

        Raises:
            ProviderError: No model answered, or none may take over.
            LimitExceededError: The call exceeds a limit that the lockfile sets.
        """
        before, fault = self._opened, self.fault
        attempts, failover = self._attempts, self._failover
        opened = None
        if before is None:
            if self._admission is not None:
                await on_loop()
                await self._admission.enter()
            opened = await attempts.first_answer(failover, self._ask)
        elif fault is None:
            await failover.report_settled(before.attempt)
            return None
        else:
            self.fault = None
            await attempts.attempt_failed(failover, before.attempt, fault)
        if opened is None:
            self._race = self._race or attempts.race(failover, self._ask, OpenStream.close)
            opened = await self._race.first()
        if opened is None:
            raise failover.exhausted()
        self._opened = opened
        return opened
