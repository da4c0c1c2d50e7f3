"""The rates of vendors' batches."""

from datetime import date
from decimal import Decimal

import pytest

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.providers.table import PROVIDERS
from llmring.registry.batch_rates import apart_from_batch, batch_rate, is_batch
from llmring.registry.catalog import LongContext, ModelFacts, Prices
from llmring.registry.price import Unpriced, caveat, cost_of

PRICES = Prices(
    input=Decimal(2),
    output=Decimal(8),
    cached_input=Decimal(1),
    long_context=LongContext(above=1000, input=Decimal(4), output=Decimal(16)),
)


def cost(provider: str, usage: Usage, model: str = "m") -> Cost | Unpriced:
    return cost_of(usage, ModelFacts(provider=provider, name=model, prices=PRICES))


def million(**counts: int) -> Usage:
    return Usage(**counts, service_tier="batch")


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google", "mistral"])
def test_b43_a_batch_costs_half_at_these_vendors(provider: str) -> None:
    found = cost(provider, million(prompt_tokens=1000, completion_tokens=100))

    assert found == Decimal("0.0014")


def test_b43_a_discount_that_is_not_known_is_not_taken_for_half() -> None:
    found = cost("groq", million(prompt_tokens=1000))

    assert found == Unpriced("no batch rate is known for groq:m")


def test_b43_together_lists_the_models_with_a_discount() -> None:
    usage = million(prompt_tokens=1000)

    assert cost("together", usage) == Decimal("0.002")
    assert cost("together", usage, "Qwen/Qwen2.5-7B-Instruct-Turbo") == Decimal("0.001")


@pytest.mark.parametrize(
    ("provider", "dollars"), [("anthropic", Decimal("0.0005")), ("google", Decimal("0.001"))]
)
def test_b43_the_discount_for_cached_tokens_stacks_where_it_does(
    provider: str, dollars: Decimal
) -> None:
    assert cost(provider, million(prompt_tokens=1000, cached_tokens=1000)) == dollars


def test_b43_a_long_prompt_costs_half_of_its_own_rate() -> None:
    assert cost("openai", million(prompt_tokens=2000)) == Decimal("0.004")


def test_the_price_of_a_batch_is_no_caveat() -> None:
    assert caveat(Usage(service_tier="batch")) is None
    assert caveat(Usage(service_tier="batch, us")) == "at standard prices, though served as 'us'"


def test_a_class_of_several_may_be_that_of_batches() -> None:
    assert [is_batch(tier) for tier in ("batch", "batch, us", "flex", "")] == [
        True,
        True,
        False,
        False,
    ]
    assert apart_from_batch("batch, us") == "us"


@pytest.mark.parametrize(
    "name", [row.name for row in PROVIDERS.values() if row.batches not in (None, "groq")]
)
def test_a_rate_names_its_page_and_its_day(name: str) -> None:
    rate = batch_rate(name, "any")

    assert rate is not None
    assert rate.source.startswith("https://")
    assert date(2026, 1, 1) < rate.read
