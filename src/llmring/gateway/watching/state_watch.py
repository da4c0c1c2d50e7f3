"""A look at the state of a gateway's process every second, for its metrics and its log."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from llmring.gateway.watching.metric_families import (
    CIRCUIT_OPEN,
    CONFIG_STALE,
    LEDGER_PENDING,
    WORKERS,
)

if TYPE_CHECKING:
    from llmring.gateway.served_ring import ServedRing
    from llmring.gateway.watching.watching import Watching

EVERY_SECONDS = 1.0

_log = logging.getLogger("llmring")


class StateWatch:
    """The state of a process, as it was at the last look.

    Args:
        watching: The records of the process.
        ring: The ring that makes the calls.
        is_stale: Returns True while the lockfile can't be used as it is.
        is_draining: Returns True once the process is to end.
    """

    def __init__(
        self,
        watching: Watching,
        ring: ServedRing,
        *,
        is_stale: Callable[[], bool],
        is_draining: Callable[[], bool],
    ) -> None:
        self._watching = watching
        self._ring = ring
        self._is_stale = is_stale
        self._is_draining = is_draining
        self._open: frozenset[str] = frozenset()
        self._was_stale = self._was_draining = self._has_failed = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look every second from now on."""
        self._watching.metrics.set(1, WORKERS)
        self._report("started")
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look once more, and no longer."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._try_look()
        self._watching.flush()
        self._report("ended")
        self._watching.records.metrics.clear_gauges()

    async def _run(self) -> None:
        while True:
            await self._try_look()
            await asyncio.sleep(EVERY_SECONDS)

    async def _try_look(self) -> None:
        try:
            await self.look()
        except Exception:  # noqa: BLE001 -- the calls go on
            if not self._has_failed:
                self._has_failed = True
                _log.exception("the state of the gateway can't be looked at")

    async def look(self) -> None:
        """Update the metrics, and log what has changed."""
        metrics, log = self._watching.metrics, self._watching.log
        if log is not None:
            log.reopen()
        self._compare(await self._ring.open_circuits())
        metrics.set(self._ring.ledger_pending, LEDGER_PENDING)
        is_stale = self._is_stale()
        metrics.set(float(is_stale), CONFIG_STALE)
        if is_stale != self._was_stale:
            self._was_stale = is_stale
            self._report("config_stale" if is_stale else "config_fresh")
        if self._is_draining() and not self._was_draining:
            self._was_draining = True
            self._report("draining")

    def _compare(self, found: frozenset[str]) -> None:
        # Models of calls that name one directly are as many as clients think of.
        known = self._watching.known_models()
        for model in sorted(found ^ self._open):
            is_open = model in found
            if model in known:
                self._watching.metrics.set(float(is_open), CIRCUIT_OPEN, model)
            self._report("circuit_opened" if is_open else "circuit_closed", model=model)
        self._open = found

    def _report(self, event: str, **facts: object) -> None:
        if self._watching.log is not None:
            self._watching.log.report(event, {"pid": os.getpid(), **facts})
