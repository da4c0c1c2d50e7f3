"""The facts about a model, as commands print them."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from llmring.cli.model_facts import fact_rows, lifecycle, near
from llmring.config.settings import effective_facts_here
from llmring.lockfile.document import parse
from llmring.registry.catalog import LongContext, ModelFacts, PriceChange, Prices

DAY = date(2026, 11, 23)
BEFORE, AFTER = DAY - timedelta(days=1), DAY + timedelta(days=1)
PRICES = Prices(input=Decimal(1), output=Decimal(2))


def model(**facts: Any) -> ModelFacts:
    return ModelFacts(provider="openai", name="t-1", **facts)


def shown(facts: ModelFacts) -> dict[str, str]:
    return {figure.label: figure.text for figure in fact_rows(facts, DAY)}


def test_unknown_facts_are_shown_as_not_known() -> None:
    assert shown(model()) == {
        "context": "not known",
        "longest answer": "not known",
        "can": "not known",
        "price": "not known",
    }


def test_sizes_have_their_unit_and_capabilities_are_sorted() -> None:
    facts = shown(
        model(
            context_window=128_000, max_input=100_000, capabilities=frozenset({"vision", "tools"})
        )
    )

    assert (facts["context"], facts["longest prompt"]) == ("128,000 tokens", "100,000 tokens")
    assert facts["can"] == "tools, vision"


def test_prices_of_long_prompts_and_of_cached_tokens_are_shown_separately() -> None:
    long = LongContext(above=200_000, input=Decimal(2), output=Decimal(4))
    prices = Prices(
        input=Decimal(1), output=Decimal(2), cached_input=Decimal("0.1"), long_context=long
    )
    facts = shown(model(prices=prices))

    assert facts["price"].startswith("$1.00/$2.00")
    assert facts["  read from a cache"] == "$0.10 per million tokens"
    assert facts["price above 200,000 tokens"].startswith("$2.00/$4.00")


def test_only_announced_prices_that_lie_ahead_are_listed() -> None:
    dearer = Prices(input=Decimal(5), output=Decimal(6))
    announced = (PriceChange(starts=AFTER, prices=dearer),)
    facts = shown(model(prices=PRICES, announced=announced))

    assert facts["price"].startswith("$1.00/$2.00")
    assert facts[f"price from {AFTER}"].startswith("$5.00/$6.00")
    past = shown(model(prices=PRICES, announced=(PriceChange(starts=BEFORE, prices=dearer),)))
    assert past["price"].startswith("$5.00/$6.00")
    assert f"price from {BEFORE}" not in past


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ""),
        ({"retires": AFTER}, f"retires {AFTER}"),
        ({"retires": DAY}, f"retired {DAY}"),
        ({"deprecated": BEFORE}, "deprecated"),
        ({"deprecated": BEFORE, "retires": AFTER}, f"deprecated, retires {AFTER}"),
        ({"deprecated": BEFORE, "retires": BEFORE}, f"retired {BEFORE}"),
    ],
)
def test_a_model_is_retired_from_the_day_of_its_retirement(
    facts: dict[str, Any], words: str
) -> None:
    assert lifecycle(model(**facts), DAY) == words
    assert ("retired" in shown(model(**facts))) == words.startswith("retired")


KNOWN = effective_facts_here(
    parse(
        "".join(
            f'[registry.models."{name}"]\nfamily = "z"\n'
            for name in ("openai:zebra-one", "mistral:zebra-two", "mistral:zebra-one")
        )
    )
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("zebra-two", ["mistral:zebra-two"]),
        ("mistral:zebra-one", ["mistral:zebra-one"]),
        ("mistral:zebra-tow", ["mistral:zebra-two", "mistral:zebra-one"]),
        ("openai:qqqqqqqqqqqqqqqqqqqq", []),
    ],
)
def test_a_mistyped_name_is_compared_with_the_models_of_its_provider_or_of_all(
    text: str, found: list[str]
) -> None:
    assert near(text, KNOWN) == found
