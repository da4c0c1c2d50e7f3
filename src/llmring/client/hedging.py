"""Attempts of a call, one after another or hedged: the first answer wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

from llmring.exceptions import ProviderError
from llmring.routing.attempt import Trial

T = TypeVar("T")


class Race(Generic[T]):
    """The attempts of one call.

    Args:
        trials: The attempts to make, in order.
        ask: Makes an attempt.
        failed: Called with each failure; raises it if no further attempt may be made.
        drop: Discards an answer that came at the same time as the winner.
        patience: Returns how many seconds after this attempt the next one starts if none has
            answered; None to wait until it fails.
    """

    def __init__(
        self,
        trials: Iterator[Trial],
        ask: Callable[[Trial], Awaitable[T]],
        failed: Callable[[Trial, ProviderError], Awaitable[None]],
        drop: Callable[[T], None],
        patience: Callable[[Trial], float | None],
    ) -> None:
        self._trials = trials
        self._ask = ask
        self._failed = failed
        self._drop = drop
        self._patience = patience

    async def first(self) -> T | None:
        """Return the first answer; None if all attempts failed.

        Raises:
            ProviderError: An attempt failed, and no further attempt may be made.
        """
        for trial in self._trials:
            patience = self._patience(trial)
            if patience is not None:
                return await self._first_of_several(trial, patience)
            try:
                return await self._try(trial)
            except ProviderError as error:
                fault = error
            # Outside the except clause, so that an error raised here has no unrelated context.
            await self._failed(trial, fault)
        return None

    async def _try(self, trial: Trial) -> T:
        if trial.pause:
            await asyncio.sleep(trial.pause)
        return await self._ask(trial)

    async def _first_of_several(self, trial: Trial | None, patience: float | None) -> T | None:
        running: dict[asyncio.Task[T], Trial] = {}
        try:
            while True:
                if trial is not None:
                    running[asyncio.create_task(self._try(trial))] = trial
                    patience = self._patience(trial)
                elif not running:
                    return None
                done, _ = await asyncio.wait(
                    running, timeout=patience, return_when=asyncio.FIRST_COMPLETED
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
                    if not isinstance(fault, ProviderError):
                        task.result()  # raises
                    else:
                        await self._failed(tried, fault)
                trial = next(self._trials, None)
                patience = None if trial is None else patience
        finally:
            await self._give_up(running)

    async def _give_up(self, running: dict[asyncio.Task[T], Trial]) -> None:
        for task in running:
            task.cancel()
        for outcome in await asyncio.gather(*running, return_exceptions=True):
            if not isinstance(outcome, BaseException):
                self._drop(outcome)
