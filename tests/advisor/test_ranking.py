from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from llmring.advisor.ranking import Availability, Need, across_vendors, ranked
from llmring.registry.catalog import ModelFacts, Prices

DAY = date(2026, 11, 23)


def model(provider: str, name: str, price: str | None = "1", **more: Any) -> ModelFacts:
    rates = None if price is None else Prices(input=Decimal(price), output=Decimal(price))
    usual: dict[str, Any] = {"kind": "chat", "released": date(2026, 1, 1), "capabilities": ABLE}
    return ModelFacts(provider=provider, name=name, prices=rates, **(usual | more))


ABLE = frozenset({"tools", "json_schema"})
MODELS = [
    model("a", "dear", "9", context_window=1_000_000),
    model("a", "cheap", "1", context_window=8_000),
    model("a", "cheapest-but-dull", "0.1", capabilities=frozenset()),
    model("b", "sees", "2", capabilities=ABLE | {"vision"}, released=date(2026, 6, 1)),
    model("b", "unpriced", None),
    model("b", "gone", retires=date(2026, 1, 1)),
    model("b", "going", retires=date(2026, 12, 24)),
    model("b", "to-come", released=date(2027, 1, 1)),
    model("b", "embeds", kind="embedding"),
    model("home", "free", "0"),
]


def names(need: Need, near: str = "") -> list[str]:
    def standing(provider: str) -> Availability:
        return Availability.AT_HAND if provider == near else Availability.KNOWN

    return [each.name for each in ranked(MODELS, need, standing, DAY)]


def test_the_cheapest_capable_model_comes_first() -> None:
    assert names(Need()) == ["cheap", "sees", "dear", "cheapest-but-dull", "unpriced"]


@pytest.mark.parametrize("name", ["gone", "going", "to-come", "embeds", "free"])
def test_retired_and_unreleased_models_are_left_out(name: str) -> None:
    assert name not in names(Need())


def test_local_models_are_included_if_their_provider_is_named() -> None:
    assert names(Need(providers=("home",))) == ["free"]


def test_models_with_a_key_come_first() -> None:
    assert names(Need(), near="b")[0] == "sees"
    assert set(names(Need(usable_only=True), near="b")) == {"sees", "unpriced"}


@pytest.mark.parametrize(
    ("need", "first"),
    [
        (Need(order="best"), "dear"),
        (Need(order="newest"), "sees"),
        (Need(order="longest context"), "dear"),
        (Need(capabilities=("vision",)), "sees"),
        (Need(min_context=100_000), "dear"),
        (Need(providers=("b",)), "sees"),
    ],
)
def test_the_need_filters_models(need: Need, first: str) -> None:
    assert names(need)[0] == first


def test_the_best_model_is_not_an_outdated_one_of_its_family() -> None:
    older = model("a", "old", "9", family="f", released=date(2026, 1, 1))
    newer = model("a", "new", "5", family="f", released=date(2026, 6, 1))
    other = model("a", "other", "4", family="g", released=date(2026, 1, 1))
    found = ranked([older, newer, other], Need(order="best"), lambda _: Availability.KNOWN, DAY)

    assert [each.name for each in found] == ["new", "other", "old"]


def test_a_preview_comes_first_only_in_the_order_newest() -> None:
    preview = model("a", "new-preview", "9", family="f", released=date(2026, 6, 1))
    present = model("a", "old", "5", family="f", released=date(2026, 1, 1))

    def first(need: Need) -> str:
        return ranked([present, preview], need, lambda _: Availability.KNOWN, DAY)[0].name

    assert first(Need(order="best")) == first(Need()) == "old"
    assert first(Need(order="newest")) == "new-preview"


def test_an_unknown_price_exceeds_every_limit() -> None:
    assert "unpriced" not in names(Need(max_input_price=Decimal(100)))
    assert names(Need(max_output_price=Decimal("1.5"))) == ["cheap", "cheapest-but-dull"]


def test_fallbacks_come_from_different_vendors() -> None:
    def chosen() -> Iterator[str]:
        yield from (each.provider for each in across_vendors(MODELS, 2))

    assert [*chosen()] == ["a", "b"]
