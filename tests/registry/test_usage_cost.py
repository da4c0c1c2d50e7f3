"""The cost of planned tokens and of past calls."""

from datetime import date
from decimal import Decimal

import pytest

from llmring.chat.events import Usage
from llmring.registry.catalog import LongContext, ModelFacts, PriceChange, Prices
from llmring.registry.price import Unpriced
from llmring.registry.usage_cost import usage_cost, volume

TODAY = date(2026, 11, 23)
LONG = LongContext(above=1000, input=Decimal(4), output=Decimal(16))
MODEL = ModelFacts(
    provider="acme",
    name="one",
    prices=Prices(
        input=Decimal(2), output=Decimal(8), cached_input=Decimal("0.2"), long_context=LONG
    ),
)
MILLION = Usage(prompt_tokens=1_000_000, completion_tokens=100_000)


@pytest.mark.parametrize(
    ("prompt", "dollars"), [(0, "2.8"), (1000, "2.8"), (1001, "5.6"), (500_000, "5.6")]
)
def test_the_size_of_each_prompt_decides_the_rates_of_a_volume(prompt: int, dollars: str) -> None:
    assert volume(MILLION, MODEL, TODAY, prompt) == Decimal(dollars)


def test_cached_tokens_of_a_volume_have_their_own_rate() -> None:
    usage = Usage(prompt_tokens=1_000_000, cached_tokens=1_000_000)

    assert volume(usage, MODEL, TODAY) == Decimal("0.2")


def test_a_volume_is_priced_at_the_rates_of_its_day() -> None:
    cheaper = Prices(input=Decimal(1), output=Decimal(1))
    model = ModelFacts(
        provider="acme", name="one", prices=MODEL.prices, announced=(PriceChange(TODAY, cheaper),)
    )

    assert volume(MILLION, model, TODAY) == Decimal("1.1")
    assert volume(MILLION, model, date(2026, 11, 22)) == Decimal("2.8")


@pytest.mark.parametrize("facts", [None, ModelFacts(provider="acme", name="free?")])
def test_a_volume_at_an_unknown_price_has_no_cost(facts: ModelFacts | None) -> None:
    assert isinstance(volume(MILLION, facts, TODAY), Unpriced)
    assert isinstance(usage_cost([MILLION], facts, TODAY).cost, Unpriced)


def test_a_bill_prices_each_call_separately() -> None:
    short, long = Usage(prompt_tokens=1000), Usage(prompt_tokens=2000)
    found = usage_cost([short, long, None], MODEL, TODAY)

    assert found.cost == Decimal("0.002") + Decimal("0.008")
    assert (found.calls, found.unpriced) == (3, 1)


def test_a_bill_without_calls_has_no_cost() -> None:
    assert usage_cost([], MODEL, TODAY).cost == Unpriced("no calls were made")
