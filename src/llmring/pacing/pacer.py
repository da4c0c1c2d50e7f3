"""The pace of a batch: each request waits for its turn with its model."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence

from llmring.dialects.rates.rate_limits import RateLimits
from llmring.exceptions import ProviderError
from llmring.pacing.controller import PaceController, Sent
from llmring.pacing.pace_state import PaceState
from llmring.routing.call_wishes import RequestTurn
from llmring.routing.circuits import circuit_key
from llmring.routing.targets import Skip, Target

MOST_IN_FLIGHT = 256
MOST_WAIT_SECONDS = 900.0
# Of one request, while others are answered.
_MOST_LIMITS = 10
# A timer that is so little early is left as it is.
_SLACK_SECONDS = 0.001


class Pacer:
    """The pace of all requests of a batch, for `CallWishes.patience`; used in one event loop.

    Each model, address and key has a pace of its own, so that the limits of one do not slow
    another.

    Args:
        most: The most requests in flight to one model.
        spills: True if the next model of an alias takes what the first has no room for.
        most_wait: Seconds after which a model that answers nothing but limits has failed; a longer
            `retry-after` is a failure at once.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        most: int = MOST_IN_FLIGHT,
        *,
        spills: bool = False,
        most_wait: float = MOST_WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.most_wait = most_wait
        self._most = most
        self._spills = spills
        self._clock = clock
        self._lanes: dict[str, _ModelLane] = {}

    async def turn(self, target: Target, tokens: int, *, limits: int) -> RequestTurn:
        """Wait until a request may be sent to a model; see `CallPatience`."""
        lane = self._lane(target)
        return _PacedTurn(lane, await lane.enter(tokens, again=limits > 0), limits)

    def ordered(self, candidates: Sequence[Target | Skip]) -> Sequence[Target | Skip]:
        """Return the models of a call: if this pacer spills, one with room first."""
        if not self._spills:
            return candidates
        for index, each in enumerate(candidates):
            if isinstance(each, Target) and self._lane(each).has_room():
                return [each, *candidates[:index], *candidates[index + 1 :]]
        return candidates

    def states(self) -> list[PaceState]:
        """Return the pace of each model that was called."""
        return [lane.state() for lane in self._lanes.values()]

    def close(self) -> None:
        """Cancel the calls that wait for their turns."""
        for lane in self._lanes.values():
            lane.close()

    def _lane(self, target: Target) -> _ModelLane:
        key = circuit_key(target)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _ModelLane(target, self._most, self.most_wait, self._clock)
        return lane


class _ModelLane:
    """The requests to one model: those in flight, and those that wait for their turn."""

    def __init__(
        self, target: Target, most: int, most_wait: float, clock: Callable[[], float]
    ) -> None:
        self.controller = PaceController(most, clock())
        self.most_wait = most_wait
        self.clock = clock
        # When the first limit was met since the last answer.
        self.dry_since: float | None = None
        self._target = target
        # Those that have met a limit go first.
        self._repeated: deque[tuple[asyncio.Future[Sent], int]] = deque()
        self._line: deque[tuple[asyncio.Future[Sent], int]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self, tokens: int, *, again: bool) -> Sent:
        """Wait for a turn.

        Args:
            tokens: The tokens that the request may take.
            again: True if it comes before the others.
        """
        now = self.clock()
        if not self._waits() and self.controller.wait(tokens, now) <= 0:
            return self.controller.send(tokens, now)
        turn: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        (self._repeated if again else self._line).append((turn, tokens))
        self.admit()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.controller.failed()  # it has come in the same moment
            self.admit()
            raise

    def has_room(self) -> bool:
        """Return True if a request could be sent at once."""
        return not self._waits() and self.controller.wait(0, self.clock()) <= 0

    def _waits(self) -> bool:
        return bool(self._line or self._repeated)

    def admit(self) -> None:
        """Let those at the head of the line send their requests, as far as the pace allows."""
        now = self.clock()
        while line := self._repeated or self._line:
            turn, tokens = line[0]
            if not turn.done():
                wait = self.controller.wait(tokens, now)
                if wait > 0:
                    if not math.isinf(wait):
                        self._wake(wait)
                    return
                turn.set_result(self.controller.send(tokens, now))
            line.popleft()

    def _wake(self, seconds: float) -> None:
        """Admit requests again after some seconds, or somewhat earlier."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + seconds + _SLACK_SECONDS:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self.admit()

    def state(self) -> PaceState:
        """Return the pace for people to read."""
        controller = self.controller
        return PaceState(
            model=self._target.name,
            address=self._target.endpoint.base_url,
            in_flight=controller.in_flight,
            waiting=sum(not turn.done() for turn, _ in (*self._repeated, *self._line)),
            window=controller.window,
            rate=controller.rate,
            resumes_in=controller.resumes_in(self.clock()),
            limits=controller.limits,
        )

    def close(self) -> None:
        """Cancel the requests in the line."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting = [*self._repeated, *self._line]
        self._repeated.clear()
        self._line.clear()
        for turn, _ in waiting:
            turn.cancel()


class _PacedTurn:
    """The turn of one request; see `RequestTurn`."""

    def __init__(self, lane: _ModelLane, sent: Sent, limits: int) -> None:
        self._lane = lane
        self._sent = sent
        self._limits = limits
        self._has_ended = False

    def report(self, limits: RateLimits) -> None:
        """Take the limits that the head of the reply reports."""
        self._lane.controller.report(self._sent, limits, self._lane.clock())

    def answered(self, tokens: int | None) -> None:
        """End the turn with an answer; see `RequestTurn`."""
        if self._has_ended:
            return
        lane = self._lane
        lane.dry_since = None
        lane.controller.answered(self._sent, tokens, lane.clock())
        self._leave()

    def limited(self, error: ProviderError) -> bool:
        """End the turn with a rate limit; see `RequestTurn`."""
        lane, now = self._lane, self._lane.clock()
        if self._has_ended:
            return False
        if error.retry_after is not None and error.retry_after > lane.most_wait:
            self.end()
            return False
        # Others are answered meanwhile: it is larger than the limit itself.
        is_too_large = lane.dry_since is None and self._limits >= _MOST_LIMITS
        if lane.dry_since is None:
            lane.dry_since = now
        lane.controller.limited(self._sent, error.retry_after, now)
        self._leave()
        return not is_too_large and now - lane.dry_since < lane.most_wait

    def end(self) -> None:
        """End the turn without such an outcome, unless it has ended."""
        if not self._has_ended:
            self._lane.controller.failed()
            self._leave()

    def _leave(self) -> None:
        self._has_ended = True
        self._lane.admit()
