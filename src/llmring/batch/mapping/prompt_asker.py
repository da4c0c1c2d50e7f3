"""Requests of a block, sent through a ring: a bounded number at a time, and failures as values."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmring.batch.engine import row_result
from llmring.batch.engine.failure_kind import FailureKind, failure_kind
from llmring.batch.mapping.block_journal import BlockJournal
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowProblem, RowRequest
from llmring.exceptions import LLMRingError

if TYPE_CHECKING:
    from llmring import LLMRing

_MOST_PAUSE_SECONDS = 60.0


class PromptAsker:
    """Sends requests through a ring, in one event loop.

    Args:
        ring: The ring.
        profile: The profile of the lockfile; None for the usual choice.
        concurrency: The most requests in flight.
        tries: How many rounds over the models of its alias a request gets.
    """

    def __init__(self, ring: LLMRing, profile: str | None, concurrency: int, tries: int) -> None:
        self._ring = ring
        self._profile = profile
        self._places = asyncio.Semaphore(concurrency)
        self._concurrency = concurrency
        self._tries = tries

    async def ask_all(
        self, requests: Sequence[RowRequest | RowProblem], journal: BlockJournal | None
    ) -> list[RowOutcome]:
        """Return the outcomes of a block's requests, in their order.

        Args:
            requests: The requests.
            journal: Has the outcomes of earlier attempts, and gets the new ones; None without.

        Raises:
            OSError: The journal can't be written.
        """
        found = {} if journal is None else journal.earlier()
        missing = iter([at for at in range(len(requests)) if at not in found])

        async def work() -> None:
            for at in missing:
                request = requests[at]
                if isinstance(request, RowProblem):
                    found[at] = row_result.refused(request)
                    continue
                async with self._places:
                    found[at] = await self._ask(request)
                if journal is not None:
                    journal.add(found[at])

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._concurrency, len(requests) - len(found))):
                    group.create_task(work())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        return [found[at] for at in range(len(requests))]

    async def _ask(self, row: RowRequest) -> RowOutcome:
        cost, attempts = row_result.NOTHING, 0
        for round_ in range(1, self._tries + 1):
            began = time.perf_counter()
            try:
                answer = await self._ring.chat(row.request, profile=self._profile)
            except LLMRingError as error:
                attempts += row_result.requests_of(error)
                cost = row_result.together(cost, row_result.cost_of_failure(error))
                if round_ == self._tries or failure_kind(error) is not FailureKind.AGAIN:
                    return row_result.failed(row, error, attempts, cost)
                await asyncio.sleep(_pause(round_, getattr(error, "retry_after", None)))
                continue
            ms = (time.perf_counter() - began) * 1000
            attempts += row_result.requests_of(answer)
            cost = row_result.together(cost, row_result.cost_of(answer))
            return row_result.answered(row, answer, ms, attempts, cost)
        raise AssertionError


def _pause(round_: int, retry_after: float | None) -> float:
    most = min(_MOST_PAUSE_SECONDS, 2.0 ** (round_ - 1))
    return max(random.uniform(0.0, most), min(retry_after or 0.0, _MOST_PAUSE_SECONDS))  # noqa: S311
