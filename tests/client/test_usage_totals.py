"""Usage and cost of several answers together."""

from decimal import Decimal, localcontext

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.client.usage_totals import total_cost, total_usage

THIRD = Cost(Decimal("0.1"), Decimal("0.02"), Decimal("0.003"), Decimal("0.0004"))


def test_all_counts_are_added() -> None:
    usage = Usage(prompt_tokens=10, audio_prompt_tokens=3, cache_write_1h_tokens=2)

    assert total_usage([usage, usage]) == Usage(
        prompt_tokens=20, audio_prompt_tokens=6, cache_write_1h_tokens=4
    )


def test_every_service_tier_is_named_once() -> None:
    flex, fast = Usage(service_tier="flex"), Usage(service_tier="priority")

    total = total_usage([flex, Usage(), fast, flex])

    assert total == Usage(service_tier="flex, priority")


def test_costs_are_added_part_by_part_and_exactly() -> None:
    with localcontext(prec=1):
        cost, reason = total_cost([(THIRD, None), (THIRD, None)])

    assert cost is not None
    assert (cost, cost.cached_input, reason) == (Decimal("0.2468"), Decimal("0.04"), None)


def test_a_remark_about_an_inexact_cost_is_not_repeated() -> None:
    remarks = ["with an estimate", None, "with an estimate", "at the usual prices"]

    _, reason = total_cost([(THIRD, remark) for remark in remarks], "turn")

    assert reason == "with an estimate; at the usual prices"
