"""Limits on concurrent calls, and on requests and tokens per minute.

Several event loops and threads may share a limit; each call waits in its own loop.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable

from llmring.exceptions import LimitExceededError

WINDOW_SECONDS = 60.0


class Slots:
    """A limit on concurrent calls; others wait, first come, first served."""

    def __init__(self) -> None:
        # Reentrant, as the garbage collector may end a call while its thread holds this lock.
        self._lock = threading.RLock()
        self._running = 0
        self._queue: deque[_Waiting] = deque()

    async def enter(self, limit: int, seconds: float | None) -> None:
        """Wait for a slot; `leave` gives it back.

        Args:
            limit: The number of calls that may be in progress.
            seconds: The longest wait; None for no limit.

        Raises:
            LimitExceededError: No slot became free in that time.
        """
        with self._lock:
            if not self._queue and self._running < limit:
                self._running += 1
                return
            waiting = _Waiting(limit)
            self._queue.append(waiting)
            self._admit()
        entered = False
        try:
            async with asyncio.timeout(seconds):
                await waiting.turn
            entered = True
        except TimeoutError:
            pass
        finally:
            if not entered:
                self._give_up(waiting)
        if not entered:
            raise LimitExceededError(
                f"{limit} calls were in progress all the time that the call could wait "
                "(max_concurrency in the lockfile)"
            )

    def leave(self) -> None:
        """Give a slot back."""
        with self._lock:
            self._running -= 1
            self._admit()

    def _give_up(self, waiting: _Waiting) -> None:
        with self._lock:
            if waiting.admitted:
                self._running -= 1
            elif waiting in self._queue:
                self._queue.remove(waiting)
            self._admit()

    def _admit(self) -> None:
        while self._queue and self._running < self._queue[0].limit:
            waiting = self._queue.popleft()
            waiting.admitted = True
            self._running += 1
            try:
                waiting.loop.call_soon_threadsafe(waiting.wake)
            except RuntimeError:
                # Its loop was closed, so the call will neither continue nor leave.
                waiting.admitted = False
                self._running -= 1


class _Waiting:
    """A call that waits for a slot."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.admitted = False
        self.loop = asyncio.get_running_loop()
        self.turn = self.loop.create_future()

    def wake(self) -> None:
        if not self.turn.done():
            self.turn.set_result(None)


class WindowEntry:
    """A request: the time when it may be sent, and its tokens."""

    __slots__ = ("at", "tokens")

    def __init__(self, at: float, tokens: int) -> None:
        self.at = at
        self.tokens = tokens


class RateWindow:
    """A limit on requests and tokens in any sixty seconds.

    Each request gets its time on arrival, so one that can't wait that long fails at once, and none
    has to be woken.

    Args:
        clock: Returns the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        # In the order of their times, some of which may be in the future.
        self._sent: deque[WindowEntry] = deque()

    async def enter(
        self, rpm: int | None, tpm: int | None, tokens: int, deadline: float | None
    ) -> WindowEntry:
        """Wait until a request may be sent; see `take`."""
        sent, seconds = self.take(rpm, tpm, tokens, deadline)
        if seconds > 0:
            try:
                await asyncio.sleep(seconds)
            except BaseException:
                self.withdraw(sent)
                raise
        return sent

    def take(
        self, rpm: int | None, tpm: int | None, tokens: int, deadline: float | None
    ) -> tuple[WindowEntry, float]:
        """Add a request; return it and the seconds until it may be sent.

        Args:
            rpm: Requests that may be sent in a minute.
            tpm: Tokens that may be used in a minute.
            tokens: The estimated tokens of this request; correct them in the returned object.
            deadline: When it must be sent at the latest, on this object's clock.

        Raises:
            LimitExceededError: It can't be sent by then.
        """
        if tpm is not None and tokens > tpm:
            raise LimitExceededError(
                f"the call may use {tokens} tokens, more than the {tpm} of a minute (tpm in the "
                "lockfile); ask for a shorter answer with max_tokens, or raise tpm"
            )
        with self._lock:
            now = self._clock()
            at = self._earliest(now, rpm, tpm, tokens)
            if deadline is not None and at > deadline:
                limits = {"rpm": rpm, "tpm": tpm}
                named = " and ".join(f"{key} = {most}" for key, most in limits.items() if most)
                raise LimitExceededError(
                    f"the call could be sent in {at - now:.1f} s, later than its time allows "
                    f"({named} in the lockfile)",
                    retry_after=at - now,
                )
            sent = WindowEntry(at, tokens)
            self._sent.append(sent)
            return sent, at - now

    def withdraw(self, sent: WindowEntry) -> None:
        """Remove a request that was not sent after all."""
        with self._lock:
            if sent in self._sent:
                self._sent.remove(sent)

    def _earliest(self, now: float, rpm: int | None, tpm: int | None, tokens: int) -> float:
        while self._sent and self._sent[0].at <= now - WINDOW_SECONDS:
            self._sent.popleft()
        # Not before requests that came earlier.
        at = max(now, self._sent[-1].at) if self._sent else now
        if rpm is not None and len(self._sent) >= rpm:
            at = max(at, self._sent[-rpm].at + WINDOW_SECONDS)
        if tpm is None:
            return at
        for sent in reversed(self._sent):
            tokens += sent.tokens
            if tokens > tpm:
                return max(at, sent.at + WINDOW_SECONDS)
        return at
