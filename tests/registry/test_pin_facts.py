from datetime import date
from decimal import Decimal

import pytest

from llmring.lockfile.document import ModelRef
from llmring.registry.catalog import LongContext, ModelFacts, PriceChange, Prices
from llmring.registry.pin_facts import facts_of, pin_of, snapshot

DAY = date(2026, 11, 23)
REF = ModelRef("openai", "mini")
PRICES = Prices(
    input=Decimal("0.15"),
    output=Decimal("0.60"),
    cached_input=Decimal("0.0000005"),
    long_context=LongContext(above=200_000, input=Decimal("0.3"), output=Decimal("1.2")),
)
FACTS = ModelFacts(
    provider="openai",
    name="mini",
    aliases=("mini-2026-01-02",),
    context_window=128_000,
    max_output=16_384,
    capabilities=frozenset({"tools", "vision"}),
    prices=PRICES,
    retires=date(2027, 1, 1),
    api="responses",
)


def test_a_pin_has_the_facts_of_the_model() -> None:
    facts = facts_of(pin_of(REF, FACTS, DAY))

    assert (facts.provider, facts.name) == ("openai", "mini")
    assert facts.prices == PRICES
    assert facts.capabilities == FACTS.capabilities
    assert (facts.context_window, facts.max_output) == (128_000, 16_384)
    assert facts.retires == FACTS.retires
    assert facts.api is None


def test_only_facts_that_pins_do_not_cover_come_from_the_catalog() -> None:
    pin = pin_of(REF, ModelFacts(provider="openai", name="mini"), DAY)

    facts = facts_of(pin, FACTS)

    assert facts.api == "responses"
    assert (facts.prices, facts.context_window, facts.retires) == (None, None, None)
    assert facts.capabilities == frozenset()


def test_the_prices_of_the_day_are_pinned() -> None:
    dearer = Prices(input=Decimal(1), output=Decimal(2))
    facts = ModelFacts(
        provider="openai", name="mini", prices=PRICES, announced=(PriceChange(DAY, dearer),)
    )

    pinned = facts_of(pin_of(REF, facts, DAY))

    assert pinned.prices_on(date(2030, 1, 1)) == pinned.prices_on(None) == dearer
    assert facts_of(pin_of(REF, facts, date(2026, 11, 22))).prices == PRICES


@pytest.mark.parametrize(
    ("name", "aliases", "served", "found"),
    [
        ("mini", ("mini-2026-01-02",), None, "mini-2026-01-02"),
        ("mini", ("mini-2026-01-02", "mini-latest"), None, "mini-2026-01-02"),
        ("mini", ("mini-2026-01-02", "mini-2026-03-02"), None, None),
        ("mini", ("mini-2026-01-02", "mini-2026-03-02"), "mini-2026-03-02", "mini-2026-03-02"),
        ("mini", ("mini-2026-01-02",), "mini", "mini-2026-01-02"),
        ("mini", ("mini-20260102",), None, "mini-20260102"),
        ("mini", ("mini-0613",), None, "mini-0613"),
        ("mini", ("mini-001",), None, "mini-001"),
        ("mini", (), None, None),
        ("mini-2026-01-02", ("mini-2026-03-02",), "mini-x", None),
    ],
)
def test_the_snapshot_behind_a_moving_name(
    name: str, aliases: tuple[str, ...], served: str | None, found: str | None
) -> None:
    facts = ModelFacts(provider="openai", name="mini", aliases=aliases)

    assert snapshot(ModelRef("openai", name), facts, served) == found
