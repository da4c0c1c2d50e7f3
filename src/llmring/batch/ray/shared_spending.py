"""The money of a job, dealt out to its workers so that all of them never spend more than it."""

from __future__ import annotations

from decimal import Decimal

from llmring.chat.cost import EXACT


class Money:
    """The USD that a job may still spend.

    Args:
        most: USD that the job may cost in all its runs; None for no limit.
        spent: USD that it has cost before.
    """

    def __init__(self, most: Decimal | None, spent: Decimal) -> None:
        self._most = most
        self._spent = spent
        self._dealt: dict[int, Decimal] = {}
        self._known: dict[int, Decimal] = {}
        self._before: dict[int, Decimal] = {}

    @property
    def is_limited(self) -> bool:
        """True if there is a limit."""
        return self._most is not None

    def begin(self, number: int, spent: Decimal) -> None:
        """Begin a partition, whose earlier attempts the job has counted already.

        Args:
            number: The partition.
            spent: USD of all its attempts.
        """
        self._before[number] = spent

    def deal(self, number: int, ways: int) -> Decimal | None:
        """Deal out money for an attempt at a partition; None without a limit.

        Args:
            number: The partition.
            ways: Among how many attempts the money is to be divided that is left.
        """
        if self._most is None:
            return None
        share = self.left / max(1, ways)
        self._dealt[number] = share
        return share

    def settle(self, number: int, spent: Decimal) -> None:
        """End an attempt.

        Args:
            number: The partition.
            spent: USD of all its attempts.
        """
        self._dealt.pop(number, None)
        self._known[number] = EXACT.subtract(spent, self._before.get(number, Decimal(0)))

    @property
    def left(self) -> Decimal:
        """USD that are neither spent nor dealt out."""
        if self._most is None:
            return Decimal("Infinity")
        total = self._spent
        for each in (*self._known.values(), *self._dealt.values()):
            total = EXACT.add(total, each)
        return max(Decimal(0), self._most - total)
