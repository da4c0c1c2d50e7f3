"""The things that limits count for: an alias, a key of the gateway, a team."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from msgspec import Struct

Period = Literal["day", "week", "month", "total"]


class Budget(Struct, frozen=True):
    """USD that may be spent in a period, which begins and ends in UTC.

    Attributes:
        period: The period; a week begins on Monday, and "total" has no end.
        usd: The amount.
    """

    period: Period
    usd: Decimal


class Account(Struct, frozen=True, kw_only=True):
    """A thing that limits count for.

    Attributes:
        key: What identifies it, on all machines that share a count.
        name: Its name in errors, such as "key 'web'".
        rpm: Requests to providers that it may send in any minute; None for no limit.
        tpm: Tokens that they may have in any minute; None for no limit.
        max_concurrency: Calls that it may have in progress; None for no limit.
        budgets: What it may spend.
        waits: True if a call waits for its turn; False if it is refused at once.
        is_hard: True if what a request may cost at most is set aside for it, not what it is likely
            to cost, so that the budgets are never exceeded.
    """

    key: str
    name: str
    rpm: int | None = None
    tpm: int | None = None
    max_concurrency: int | None = None
    budgets: tuple[Budget, ...] = ()
    waits: bool = True
    is_hard: bool = False

    @property
    def is_limited(self) -> bool:
        """True if there is anything to count."""
        return bool(
            self.rpm is not None
            or self.tpm is not None
            or self.max_concurrency is not None
            or self.budgets
        )
