"""Requests and amounts that were reserved, and what became of them."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from llmring.chat.events import Usage
from llmring.exceptions import ProviderConnectionError, ProviderRateLimitError
from llmring.limits.counts import nanos
from llmring.limits.lease_broker import BudgetNeed, LeaseBroker
from llmring.limits.machine_counts import MachineCounts
from llmring.limits.reservation import CountedRequest, Reservation

DOLLAR = nanos(Decimal(1))


@pytest.fixture
def leases(tmp_path: Path) -> Iterator[LeaseBroker]:
    broker = LeaseBroker(MachineCounts(tmp_path / "spending.db"))
    yield broker
    broker.close()


def spent_after(leases: LeaseBroker, *outcomes: Callable[[Reservation], None]) -> int:
    """Return what is counted for a reserved dollar after these outcomes."""

    async def story() -> int:
        reservation = Reservation(leases)
        need = BudgetNeed(leases.budget("fast", "total"), DOLLAR, 10 * DOLLAR)
        assert await leases.reserve([need]) is None
        reservation.add_amounts([need])
        for outcome in outcomes:
            outcome(reservation)
        return await leases.spent("fast", "total")

    return asyncio.run(story())


def cost(amount: str, **usage: object) -> Callable[[Reservation], None]:
    return lambda made: made.answered(Decimal(amount), Usage(**usage))  # type: ignore[arg-type]


def test_g112_a_call_is_settled_by_its_cost_and_only_once(leases: LeaseBroker) -> None:
    withdraw = Reservation.withdraw

    assert spent_after(leases, cost("0.25"), cost("0.5"), withdraw) == DOLLAR // 4


def test_what_was_not_sent_or_not_answered_costs_nothing_and_the_rest_its_estimate(
    leases: LeaseBroker,
) -> None:
    refused, cut = ProviderRateLimitError("no", status=429), ProviderConnectionError("cut")

    assert spent_after(leases, Reservation.withdraw) == 0
    assert spent_after(leases, lambda made: made.failed(refused)) == 0
    assert spent_after(leases, lambda made: made.answered(None, Usage())) == DOLLAR
    assert spent_after(leases, lambda made: made.failed(cut)) == 2 * DOLLAR


def test_g163_uses_of_the_provider_s_tools_and_a_dear_service_class_are_counted(
    leases: LeaseBroker,
) -> None:
    dear = cost("0.25", provider_tool_calls=10, service_tier="priority")

    assert spent_after(leases, dear) == nanos(Decimal("0.64"))


def test_tokens_count_as_the_answer_reports_them(leases: LeaseBroker) -> None:
    async def story() -> int:
        lease = leases.rate("fast")
        first = await leases.request(lease, None, 100, 90, 0)
        assert not isinstance(first, int)
        reservation = Reservation(leases)
        reservation.add_request(CountedRequest(lease, first.bucket, 90))
        reservation.answered(None, Usage(prompt_tokens=10))
        second = await leases.request(lease, None, 100, 80, 0)
        assert not isinstance(second, int)
        return second.requests

    assert asyncio.run(story()) >= 1
