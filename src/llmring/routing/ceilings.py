"""Models that cost more than the lockfile allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from llmring.exceptions import ProviderError
from llmring.registry.catalog import ModelFacts, Rates
from llmring.registry.price import Unpriced, dollars, price_tag
from llmring.routing.estimate import Load, usd
from llmring.routing.policy import Policy
from llmring.routing.targets import Skip, Target

# To compare models by one rate, three tokens of prompt are taken to come for one of answer, as
# comparisons of prices usually do.
_PROMPT_PARTS = 3


def within(
    candidates: Sequence[Target | Skip],
    first: ModelFacts | None,
    policy: Policy,
    load: Load,
    day: date,
) -> list[Target | Skip]:
    """The candidates, those that may cost too much replaced by the reason for skipping them.

    Args:
        candidates: The models of the binding, in its order.
        first: What is known of the first of them, which `max_price_ratio` refers to even where
            it can't be used.
        policy: What the lockfile says.
        load: The tokens that the request will take.
        day: The day of the call, for prices.
    """
    found: list[Target | Skip] = []
    for at, each in enumerate(candidates):
        if isinstance(each, Target):
            reasons = [*_of_the_call(each.facts, policy, load, day)]
            if at and policy.max_price_ratio is not None:
                reasons += _of_a_fallback(each.facts, first, policy.max_price_ratio, day)
            if reasons:
                found.append(Skip(each.ref, ProviderError("; ".join(reasons))))
                continue
        found.append(each)
    return found


def _of_the_call(facts: ModelFacts | None, policy: Policy, load: Load, day: date) -> Iterator[str]:
    """What speaks against a model for its cost in this call."""
    if policy.max_cost_per_request is None and policy.daily_budget is None:
        return
    cost = load.cost(facts, day)
    if isinstance(cost, Unpriced):
        key = "daily_budget" if policy.max_cost_per_request is None else "max_cost_per_request"
        yield f"{key} can't be held: {cost.reason}"
    elif policy.max_cost_per_request is not None and cost > usd(policy.max_cost_per_request):
        yield (
            f"the call may cost {dollars(cost)} ({load.prompt} tokens of prompt, {load.answer} "
            f"of answer), and max_cost_per_request is {dollars(usd(policy.max_cost_per_request))}"
        )


def _of_a_fallback(
    facts: ModelFacts | None, first: ModelFacts | None, most: float, day: date
) -> Iterator[str]:
    """What speaks against a model for its price beside that of the first."""
    own, other = (_rates(each, day) for each in (facts, first))
    if own is None or other is None:
        whose = "its price" if own is None else "the price of the first model"
        yield f"max_price_ratio can't be held: {whose} is not known"
    elif _blended(own) > most * _blended(other):
        yield (
            f"its price of {price_tag(own)} is more than {most:g} times that of {first}, "
            f"{price_tag(other)} (max_price_ratio)"
        )


def _rates(facts: ModelFacts | None, day: date) -> Rates | None:
    return facts.prices_on(day) if facts is not None else None


def _blended(rates: Rates) -> float:
    """USD for a million tokens of a usual mixture."""
    return (_PROMPT_PARTS * float(rates.input) + float(rates.output)) / (_PROMPT_PARTS + 1)
