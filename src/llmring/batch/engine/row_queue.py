"""The order in which rows are sent: by model, with those of a later round behind the others.

Only a bounded number of rows is held: a model that takes no rows at the moment does not stop those
of the others until that many of its own wait.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator

from llmring.batch.engine.row_result import NOTHING, CallCost
from llmring.batch.row import RowRequest


class Work:
    """A row on its way.

    Attributes:
        request: Its request.
        lane: The rows of its model.
        rounds: The rounds that have failed.
        attempts: The requests sent.
        cost: What it has cost so far.
        equal: The rows that wait for its answer, as they ask the same.
        was_alone: True if it was refused for lack of money while no other row was in flight.
    """

    __slots__ = ("attempts", "cost", "equal", "lane", "request", "rounds", "was_alone")

    def __init__(self, request: RowRequest, lane: Lane) -> None:
        self.request = request
        self.lane = lane
        self.rounds = 0
        self.attempts = 0
        self.cost: CallCost = NOTHING
        self.equal: list[RowRequest] = []
        self.was_alone = False


class Lane:
    """The rows of one model or alias.

    Args:
        name: The model or alias.
        most: The most rows in flight.
        is_cold: True if one row is to be answered before the others are sent.

    Attributes:
        waiting: The rows whose turn has not come.
        in_flight: The number of rows in flight.
        is_paused: True while no row of it is sent.
    """

    def __init__(self, name: str, most: int, *, is_cold: bool = False) -> None:
        self.name = name
        self._most = float(most)
        self._width = 1.0 if is_cold else self._most
        self._is_cold = is_cold
        self.waiting: deque[Work] = deque()
        self.in_flight = 0
        self.is_paused = False

    @property
    def has_room(self) -> bool:
        """True if a further row may be sent."""
        return self.in_flight < int(self._width) and not self.is_paused

    @property
    def may_go_on(self) -> bool:
        """True if a row may be sent in place of one that has ended."""
        return self.in_flight <= int(self._width) and not self.is_paused

    def narrow(self) -> None:
        """Send one row less at a time than are in flight now."""
        self._width = float(max(1, self.in_flight - 1))

    def row_answered(self) -> None:
        """Let more rows be in flight, if there were less than the most."""
        if self._is_cold:
            self._is_cold = False
            self._width = self._most
        elif self._width < self._most:
            self._width = min(self._most, self._width + _GROWTH)


# Rows more in flight for each answer, after money was short.
_GROWTH = 0.25


class RowQueue:
    """The rows that wait.

    Args:
        most: The most rows that may wait.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._later: list[tuple[float, int, Work]] = []
        self._number = 0
        self.lanes: dict[str, Lane] = {}

    @property
    def is_full(self) -> bool:
        """True if no further row may wait."""
        return self._count >= self._most

    @property
    def count(self) -> int:
        """The number of rows that wait."""
        return self._count

    def hold(self) -> None:
        """Count a row that waits elsewhere, such as for the answer to an equal one."""
        self._count += 1

    def release(self, count: int) -> None:
        """Count rows no longer that `hold` has counted."""
        self._count -= count

    def add(self, work: Work, *, first: bool = False) -> None:
        """Let a row wait for its turn, behind the others or before them."""
        self._count += 1
        if first:
            work.lane.waiting.appendleft(work)
        else:
            work.lane.waiting.append(work)

    def add_later(self, work: Work, at: float) -> None:
        """Let a row wait until a time."""
        self._count += 1
        self._number += 1
        heapq.heappush(self._later, (at, self._number, work))

    def next_time(self) -> float | None:
        """Return the time at which the next row of a later round is due; None without one."""
        return self._later[0][0] if self._later else None

    def put_due(self, now: float) -> None:
        """Put the rows whose time has come behind those that wait for their turn."""
        while self._later and self._later[0][0] <= now:
            work = heapq.heappop(self._later)[2]
            work.lane.waiting.append(work)

    def take(self, lane: Lane) -> Work | None:
        """Return the next row of a model, if one waits."""
        if not lane.waiting:
            return None
        self._count -= 1
        return lane.waiting.popleft()

    def ready(self) -> Iterator[Lane]:
        """Yield the models that have rows and room for them."""
        for lane in self.lanes.values():
            while lane.waiting and lane.has_room:
                yield lane

    def clear(self) -> int:
        """Drop all rows; return their number."""
        dropped = self._count
        self._count = 0
        self._later.clear()
        for lane in self.lanes.values():
            lane.waiting.clear()
        return dropped
