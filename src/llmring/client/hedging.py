"""Attempts of a call, one after another or hedged: the first answer wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

from llmring.bridge.contained import ContainedError, contained
from llmring.bridge.inline import on_loop, pause
from llmring.exceptions import ProviderError
from llmring.routing.attempt import AttemptState

T = TypeVar("T")


class Race(Generic[T]):
    """The attempts of one call.

    Args:
        attempts: The attempts to make, in order.
        ask: Makes an attempt.
        failed: Called with each failure; raises it if no further attempt may be made.
        drop: Discards an answer that came at the same time as the winner.
        delay: Returns how many seconds after this attempt the next one starts if none has
            answered; None to wait until it fails.
    """

    def __init__(
        self,
        attempts: Iterator[AttemptState],
        ask: Callable[[AttemptState], Awaitable[T]],
        failed: Callable[[AttemptState, ProviderError], Awaitable[None]],
        drop: Callable[[T], None],
        delay: Callable[[AttemptState], float | None],
    ) -> None:
        self._attempts = attempts
        self._ask = ask
        self._failed = failed
        self._drop = drop
        self._delay = delay

    async def first(self) -> T | None:
        """Return the first answer; None if all attempts failed.

        Raises:
            ProviderError: An attempt failed, and no further attempt may be made.
        """
        for attempt in self._attempts:
            delay = self._delay(attempt)
            if delay is not None:
                return await self._first_of_several(attempt, delay)
            try:
                return await self._try(attempt)
            except ProviderError as error:
                fault = error
            # Outside the except clause, so that an error raised here has no unrelated context.
            await self._failed(attempt, fault)
        return None

    async def _try(self, attempt: AttemptState) -> T:
        if attempt.pause:
            await pause(attempt.pause)
        return await self._ask(attempt)

    async def _first_of_several(
        self, attempt: AttemptState | None, delay: float | None
    ) -> T | None:
        await on_loop()
        running: dict[asyncio.Task[T], AttemptState] = {}
        try:
            while True:
                if attempt is not None:
                    running[asyncio.create_task(contained(self._try(attempt)))] = attempt
                    delay = self._delay(attempt)
                elif not running:
                    return None
                done, _ = await asyncio.wait(
                    running, timeout=delay, return_when=asyncio.FIRST_COMPLETED
                )
                ended = [(task, running.pop(task)) for task in done]
                # If two answers arrive together, the first one has already dropped the other.
                ended.sort(key=lambda pair: pair[1].is_dropped)
                answers = [task.result() for task, _ in ended if task.exception() is None]
                if answers:
                    for late in answers[1:]:
                        self._drop(late)
                    return answers[0]
                for task, tried in ended:
                    fault = task.exception()
                    if isinstance(fault, ContainedError):
                        raise fault.error
                    if not isinstance(fault, ProviderError):
                        task.result()  # raises
                    else:
                        await self._failed(tried, fault)
                attempt = next(self._attempts, None)
                delay = None if attempt is None else delay
        finally:
            await self._give_up(running)

    async def _give_up(self, running: dict[asyncio.Task[T], AttemptState]) -> None:
        for task in running:
            task.cancel()
        for outcome in await asyncio.gather(*running, return_exceptions=True):
            if not isinstance(outcome, BaseException):
                self._drop(outcome)
