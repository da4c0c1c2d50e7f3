"""Limits on concurrent calls.

Several event loops and threads may share a limit; each call waits in its own loop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from llmring.limits.counts import SlotGrant, SlotQuery
from llmring.limits.fair_line import FairLine

# Slots that no call has used for so long are given back to the other processes.
IDLE_SECONDS = 0.5


def _ask_nobody(_: Slots) -> None:
    """Do nothing: no other process shares the slots."""


class Slots:
    """The slots of an account that this process holds; calls without one wait for their turn.

    Args:
        key: The account.
        ask: Called when more slots are needed, or some can be given back; None if the slots are
            this process's own.
        lock: Guards them; reentrant, as the garbage collector may end a call while its thread holds
            this lock.
    """

    def __init__(
        self,
        key: str = "",
        ask: Callable[[Slots], None] | None = None,
        lock: threading.RLock | None = None,
    ) -> None:
        self._lock = lock or threading.RLock()
        self._key = key
        self._is_shared = ask is not None
        self._ask = ask or _ask_nobody
        self._limit = 0
        self._running = 0
        self._held = 0
        self._reported = 0
        self._yields = False
        self._used_at = 0.0
        self._line: FairLine[_Waiting] = FairLine()

    async def enter(self, limit: int, seconds: float | None, group: str = "") -> bool:
        """Wait for a slot; `leave` gives it back. Return False if there was none in time.

        Args:
            limit: The number of calls that may be in progress.
            seconds: The longest wait; None for no limit.
            group: On whose behalf the call is made; the groups that wait take turns.
        """
        with self._lock:
            self._limit = limit
            if not self._line and self._has_room():
                self._begin()
                return True
            at_once = seconds is not None and seconds <= 0
            if at_once and not self._may_get_more():
                return False
            waiting = _Waiting(at_once=at_once)
            self._line.add(group, waiting)
            self._admit()
            if waiting.admitted is None and self._may_get_more():
                self._ask(self)
        entered = False
        try:
            async with asyncio.timeout(None if at_once else seconds):
                entered = await waiting.turn
        except TimeoutError:
            pass
        finally:
            if not entered:
                self._give_up(group, waiting)
        return entered

    def leave(self) -> None:
        """Give a slot back."""
        with self._lock:
            self._running -= 1
            self._used_at = time.monotonic()
            gives = self._yields and self._held > self._running
            if gives:
                self._held -= 1
                self._yields = False
            self._admit()
            if gives or self.polls:
                self._ask(self)

    def query(self, *, ends: bool = False) -> SlotQuery | None:
        """Return what is to be asked or reported; None for nothing.

        Args:
            ends: True if the process ends, so that all slots are given back.
        """
        with self._lock:
            idle = time.monotonic() - self._used_at >= IDLE_SECONDS
            if ends:
                self._held = 0
            elif idle and not self._line:
                self._held = min(self._held, self._running)
            wanted = min(len(self._line), self._limit - self._held)
            if not (self._held or self._reported or wanted > 0):
                return None
            self._reported = self._held
            for waiting in self._line:
                waiting.asked = True
            return SlotQuery(
                key=self._key, limit=self._limit, held=self._held, wanted=max(0, wanted)
            )

    def answer(self, grant: SlotGrant) -> None:
        """Take the answer to the last query."""
        with self._lock:
            self._held += grant.granted
            self._reported += grant.granted
            self._yields = grant.yields
            self._admit()
            for waiting in self._line:
                if waiting.asked and waiting.at_once:
                    waiting.resolve(admitted=False)

    @property
    def is_live(self) -> bool:
        """True if something is held or to be reported, or a call waits."""
        return bool(self._held or self._running or self._reported or self._line)

    @property
    def polls(self) -> bool:
        """True if calls wait for slots that other processes hold."""
        return bool(self._line) and self._may_get_more()

    def _has_room(self) -> bool:
        most = min(self._limit, self._held) if self._is_shared else self._limit
        return self._running < most

    def _may_get_more(self) -> bool:
        return self._is_shared and self._held < self._limit

    def _begin(self) -> None:
        self._running += 1
        self._used_at = time.monotonic()

    def _give_up(self, group: str, waiting: _Waiting) -> None:
        with self._lock:
            if waiting.admitted:
                waiting.admitted = False
                self._running -= 1
            else:
                self._line.remove(group, waiting)
            self._admit()

    def _admit(self) -> None:
        while self._line and self._has_room():
            waiting = self._line.pop()
            if waiting is None or not waiting.resolve(admitted=True):
                continue  # its loop was closed, so the call will neither continue nor leave
            self._begin()


class _Waiting:
    """A call that waits for a slot."""

    def __init__(self, *, at_once: bool) -> None:
        self.at_once = at_once
        self.asked = False
        self.admitted: bool | None = None
        self.loop = asyncio.get_running_loop()
        self.turn: asyncio.Future[bool] = self.loop.create_future()

    def resolve(self, *, admitted: bool) -> bool:
        """Let the call go on; return False if it can't."""
        try:
            self.loop.call_soon_threadsafe(self._wake, admitted)
        except RuntimeError:
            return False
        self.admitted = admitted
        return True

    def _wake(self, admitted: bool) -> None:
        if not self.turn.done():
            self.turn.set_result(admitted)
