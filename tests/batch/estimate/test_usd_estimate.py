from datetime import date
from decimal import Decimal

import msgspec

from llmring.batch.estimate.usd_estimate import UsdEstimator
from llmring.registry.catalog import LongContext
from llmring.routing.targets import Target
from priced import target

DAY = date(2026, 11, 23)
ONE = Decimal(1)


def priced(most: int | None = None, **prices: object) -> Target:
    made = target("m", "1", "10")
    assert made.facts is not None
    assert made.facts.prices is not None
    facts = msgspec.structs.replace(
        made.facts, max_output=most, prices=msgspec.structs.replace(made.facts.prices, **prices)
    )
    return msgspec.structs.replace(made, facts=facts)


def test_b13_low_expected_and_high_are_priced_apart() -> None:
    sums = UsdEstimator(priced(), DAY)
    for _ in range(1000):
        sums.add_low(1000, 10)
        sums.add_expected(1000, 100)
        sums.add_high(2000, 400)

    found = sums.estimate(ONE)

    assert found.model == "openai:m"
    assert found.usd.low == Decimal("1.1")
    assert found.usd.expected == Decimal(2)
    assert found.usd.high == Decimal(6)
    assert found.tokens_high == 400_000


def test_b13_a_sample_is_extrapolated() -> None:
    sums = UsdEstimator(priced(), DAY)
    sums.add_low(1000, 100)
    sums.add_expected(1000, 100)
    sums.add_high(1000, 100)

    found = sums.estimate(Decimal(500))

    assert found.usd.low == found.usd.expected == found.usd.high == Decimal(1)
    assert found.tokens_high == 50_000


def test_b13_an_unknown_price_is_unknown_and_not_0() -> None:
    sums = UsdEstimator(target("m"), DAY)
    sums.add_low(1000, 10)

    found = sums.estimate(ONE)

    assert (found.usd.low, found.usd.expected, found.usd.high) == (None, None, None)
    assert found.usd.reason == "the model is not in the catalog"


def test_b13_the_vendor_s_batches_have_their_rate_where_it_is_known() -> None:
    sums = UsdEstimator(priced(), DAY)
    sums.add_low(1000, 100)
    sums.add_expected(1000, 100)
    unknown = UsdEstimator(target("m"), DAY)

    assert sums.estimate(ONE).usd_batch == Decimal("0.001")
    assert unknown.estimate(ONE).usd_batch is None


def test_b13_without_any_limit_of_the_answer_the_highest_cost_is_unknown() -> None:
    sums = UsdEstimator(priced(), DAY)
    sums.add_low(1000, 10)
    sums.add_expected(1000, 100)
    sums.add_high(1000, None)

    found = sums.estimate(ONE)

    assert found.usd.expected == Decimal("0.002")
    assert found.usd.high is None
    assert "max_tokens" in (found.usd.reason or "")


def test_b13_the_model_s_own_limit_bounds_the_answer() -> None:
    sums = UsdEstimator(priced(most=200), DAY)
    sums.add_high(0, None)
    sums.add_high(0, 5000)

    assert sums.estimate(ONE).tokens_high == 400


def test_b13_long_prompts_have_their_own_price() -> None:
    long = LongContext(above=5000, input=Decimal(2), output=Decimal(20))
    sums = UsdEstimator(priced(long_context=long), DAY)
    for prompt in (5000, 5001):
        sums.add_low(prompt, 0)
        sums.add_expected(prompt, 1000)

    found = sums.estimate(ONE)

    assert found.usd.low == Decimal("0.005") + Decimal("0.010002")
    assert found.usd.expected == Decimal("0.015") + Decimal("0.030002")
