"""The permission to send one request, and its share of the limits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.exceptions import ProviderError
from llmring.limits.counts import nanos
from llmring.registry.cost_extras import used_extras
from llmring.routing.estimate import may_have_cost

if TYPE_CHECKING:
    from llmring.limits.lease_broker import BudgetNeed, LeaseBroker
    from llmring.limits.leases import RateLease


class CountedRequest(Struct, frozen=True):
    """A request as a minute's count has it.

    Attributes:
        lease: The count.
        bucket: Its place there.
        tokens: Its tokens, by estimate.
    """

    lease: RateLease
    bucket: int
    tokens: int


class Reservation:
    """The permission to send one request, and its share of the limits.

    It is settled once: by the first call of `answered`, `failed` or `withdraw`. If none is called,
    the request stays counted by its estimate.

    Args:
        broker: The broker of the leases; None if nothing is limited.
    """

    __slots__ = ("_broker", "_needs", "_sent")

    def __init__(self, broker: LeaseBroker | None) -> None:
        self._broker = broker
        self._sent: list[CountedRequest] = []
        self._needs: Sequence[BudgetNeed] = ()

    def add_request(self, sent: CountedRequest) -> None:
        """Add the request as a minute's count has it."""
        self._sent.append(sent)

    def add_amounts(self, needs: Sequence[BudgetNeed]) -> None:
        """Add the amounts that were reserved."""
        self._needs = needs

    def answered(self, cost: Decimal | None, usage: Usage | None) -> None:
        """Count the tokens and cost of the answer, if known.

        Args:
            cost: The cost in USD.
            usage: The tokens.
        """
        if usage is not None:
            self._count_tokens(usage.total_tokens)
        if cost is not None:
            self._settle(used_extras(usage).added_to(cost))

    def failed(self, error: ProviderError) -> None:
        """Stop counting the request, unless the provider may charge for this failure."""
        if not may_have_cost(error):
            self._count_tokens(0)
            self._settle(Decimal(0))

    def withdraw(self) -> None:
        """Stop counting the request, as it was not sent."""
        sent, self._sent = self._sent, []
        if self._broker is not None:
            for each in sent:
                self._broker.change_rate(each.lease, each.bucket, -1, -each.tokens)
        self._settle(Decimal(0))

    def _count_tokens(self, tokens: int) -> None:
        sent, self._sent = self._sent, []
        if self._broker is not None:
            for each in sent:
                self._broker.change_rate(each.lease, each.bucket, 0, tokens - each.tokens)

    def _settle(self, cost: Decimal) -> None:
        needs, self._needs = self._needs, ()
        if needs and self._broker is not None:
            spent = nanos(cost)
            for need in needs:
                self._broker.correct(need.lease, need.amount - spent)
