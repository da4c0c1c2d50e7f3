"""Models that are skipped for their cost."""

from datetime import date

import pytest

from llmring.exceptions import ProviderAuthenticationError
from llmring.registry.catalog import ModelFacts
from llmring.routing.estimate import TokenEstimate
from llmring.routing.policy import Policy
from llmring.routing.selection.filters import within
from llmring.routing.targets import Skip, Target
from priced import facts, target

DAY = date(2026, 11, 23)
LOAD = TokenEstimate(prompt=1_000_000, answer=1_000_000)
BASE = facts("first", "1")
NEW = target("new")


def reason(
    policy: Policy, *candidates: Target | Skip, first: ModelFacts | None = BASE
) -> str | None:
    """Return why the last of these is skipped."""
    found = within(candidates, first, policy, LOAD, DAY)[-1]
    return found.error.message if isinstance(found, Skip) else None


def test_without_a_ceiling_every_model_stays() -> None:
    candidates = [target("first", "1"), NEW]

    assert within(candidates, BASE, Policy(), LOAD, DAY) == candidates


def test_a_model_that_was_skipped_keeps_its_reason() -> None:
    skip = Skip(NEW.ref, ProviderAuthenticationError("no key"))

    assert reason(Policy(max_cost_per_request=0.1, max_price_ratio=1), skip) == "no key"


@pytest.mark.parametrize("dollars", ["1", "1.00", "0.5", "0"])
def test_a_call_may_cost_as_much_as_the_ceiling(dollars: str) -> None:
    assert reason(Policy(max_cost_per_request=2), target("a", dollars)) is None


def test_a_model_whose_answer_may_cost_more_is_skipped_with_the_figures() -> None:
    assert reason(Policy(max_cost_per_request=2), target("a", "1", "1.01")) == (
        "the call may cost $2.01 (1000000 tokens of prompt, 1000000 of answer), "
        "and max_cost_per_request is $2.00"
    )


@pytest.mark.parametrize("key", ["max_cost_per_request", "daily_budget"])
def test_a_model_without_a_price_is_skipped_where_money_is_limited(key: str) -> None:
    policy = Policy(**{key: 100.0})  # type: ignore[arg-type]

    assert reason(policy, NEW) == f"{key} can't be checked: the model is not in the catalog"


def test_a_fallback_may_cost_up_to_the_max_price_ratio() -> None:
    assert reason(Policy(max_price_ratio=3), target("first", "1"), target("b", "3")) is None


def test_a_fallback_above_the_max_price_ratio_is_skipped_with_both_prices() -> None:
    # (3 x 2 + 6.04) / 4 = 3.01, three parts of input to one of output.
    assert reason(Policy(max_price_ratio=3), target("first", "1"), target("b", "2", "6.04")) == (
        "its price of $2.00/$6.04 per million tokens is more than 3 times that of openai:first, "
        "$1.00/$1.00 per million tokens (max_price_ratio)"
    )


def test_the_max_price_ratio_does_not_apply_to_the_first_model() -> None:
    assert reason(Policy(max_price_ratio=3), NEW, first=None) is None


def test_the_max_price_ratio_refers_to_the_first_model_even_if_it_can_t_be_used() -> None:
    skip = Skip(target("first").ref, ProviderAuthenticationError("no key"))

    assert "max_price_ratio" in str(reason(Policy(max_price_ratio=3), skip, target("b", "4")))


def test_a_fallback_without_a_price_is_skipped() -> None:
    assert reason(Policy(max_price_ratio=3), target("first", "1"), NEW) == (
        "max_price_ratio can't be checked: its price is not known"
    )


def test_fallbacks_of_a_model_without_a_price_are_skipped() -> None:
    assert reason(Policy(max_price_ratio=3), NEW, target("b", "1"), first=None) == (
        "max_price_ratio can't be checked: the price of the first model is not known"
    )


def test_a_fallback_that_costs_nothing_is_within_any_ratio() -> None:
    free = facts("first", "0")

    assert (
        reason(Policy(max_price_ratio=1), target("first", "0"), target("b", "0"), first=free)
        is None
    )


def test_a_model_may_have_two_reasons() -> None:
    policy = Policy(max_cost_per_request=2, max_price_ratio=3)

    assert str(reason(policy, target("first", "1"), target("b", "4"))).count(";") == 1
