"""The models suggested for a new lockfile."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.lockfile.edit.starter import Suggestion
from llmring.registry.bundled import bundled
from llmring.registry.catalog import Catalog, ModelFacts, PriceChange, Prices
from llmring.registry.suggest import suggestions

TODAY = date(2026, 11, 23)


def usd(each_way: str) -> Prices:
    return Prices(input=Decimal(each_way), output=Decimal(each_way))


def model(
    name: str,
    each_way: str = "0.5",
    *,
    provider: str = "acme",
    released: date | None = date(2026, 1, 1),
    retires: date | None = None,
    announced: tuple[PriceChange, ...] = (),
) -> ModelFacts:
    return ModelFacts(
        provider=provider,
        name=name,
        prices=usd(each_way),
        capabilities=frozenset({"tools", "json_schema", "vision"}),
        released=released,
        retires=retires,
        announced=announced,
    )


def chosen(
    alias: str, models: Sequence[ModelFacts], providers: tuple[str, ...] = ()
) -> tuple[str, ...]:
    choices = suggestions(Catalog(TODAY, {}, models), providers)
    return next((choice.models for choice in choices if choice.alias == alias), ())


def test_the_newest_model_of_a_vendor_in_a_price_class_is_chosen() -> None:
    older = model("older", released=date(2026, 1, 1))
    newer = model("newer", released=date(2026, 2, 1))

    assert chosen("fast", [older, newer]) == ("acme:newer",)


@pytest.mark.parametrize(
    ("each_way", "alias"),
    [("0.1", "fast"), ("1", "fast"), ("1.01", "balanced"), ("6", "vision"), ("6.01", "deep")],
)
def test_the_price_decides_the_alias_of_a_model(each_way: str, alias: str) -> None:
    assert chosen(alias, [model("one", each_way)]) == ("acme:one",)


def test_vendors_are_ordered_cheapest_first() -> None:
    models = [model("a", "0.9", provider="one"), model("b", "0.2", provider="two")]

    assert chosen("fast", models) == ("two:b", "one:a")


def test_only_providers_that_can_be_called_are_suggested() -> None:
    models = [model("a", provider="one"), model("b", provider="two")]

    assert chosen("fast", models, ("two",)) == ("two:b",)


def test_without_a_key_all_vendors_are_suggested() -> None:
    models = [model("a", provider="one"), model("b", provider="two")]

    assert chosen("fast", models, ("elsewhere",)) == ("one:a", "two:b")


def test_neither_embedding_nor_audio_models_are_suggested() -> None:
    embedding = msgspec.structs.replace(model("embedding"), kind="embedding")
    speaking = Prices(input=Decimal("0.5"), output=Decimal("0.5"), output_audio=Decimal(8))
    speaks = msgspec.structs.replace(model("speaks"), prices=speaking)

    assert suggestions(Catalog(TODAY, {}, [embedding, speaks])) == []


def test_without_a_model_in_the_class_the_nearest_in_price_is_chosen() -> None:
    models = [model("cheap", "0.2"), model("dear", "0.9")]

    assert chosen("deep", models) == ("acme:dear",)
    assert chosen("fast", [model("a", "3"), model("b", "30")]) == ("acme:a",)


def test_no_alias_has_more_than_three_fallbacks() -> None:
    models = [model("m", provider=f"vendor{number}") for number in range(9)]

    assert len(chosen("fast", models)) == 4


@pytest.mark.parametrize(
    "unfit",
    [
        model("retired", retires=date(2026, 11, 1)),
        model("retiring", retires=date(2027, 1, 31)),
        model("coming", released=date(2026, 12, 1)),
        model("free", "0"),
        model("undated", released=None),
        ModelFacts(provider="acme", name="unpriced", released=date(2026, 1, 1)),
        ModelFacts(provider="acme", name="bare", prices=usd("1"), released=date(2026, 1, 1)),
    ],
    ids=lambda facts: facts.name,
)
def test_unsuitable_models_are_not_suggested(unfit: ModelFacts) -> None:
    assert suggestions(Catalog(TODAY, {}, [unfit])) == []


def test_an_announced_price_increase_decides_the_class() -> None:
    dearer = model("one", "0.5", announced=(PriceChange(date(2026, 12, 1), usd("3")),))

    assert chosen("balanced", [dearer]) == ("acme:one",)


def test_the_comment_shows_the_prices_of_the_day() -> None:
    models = [model("one", "0.5", announced=(PriceChange(date(2026, 12, 1), usd("3")),))]

    choices = {choice.alias: choice for choice in suggestions(Catalog(TODAY, {}, models))}

    assert (
        choices["balanced"].comment == "everyday work; per million tokens in/out: one $0.50/$0.50"
    )


@given(st.permutations(bundled().models))
def test_the_choice_does_not_depend_on_the_order_of_the_catalog(
    models: list[ModelFacts],
) -> None:
    shuffled = Catalog(bundled().date, {}, models)

    assert suggestions(shuffled) == suggestions(bundled())


CHOICES = suggestions(bundled())
each_choice = pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.alias)


def test_a_new_lockfile_has_the_common_aliases() -> None:
    assert [choice.alias for choice in CHOICES] == ["fast", "balanced", "deep", "vision"]


@each_choice
def test_every_alias_falls_back_to_other_vendors(choice: Suggestion) -> None:
    vendors = [reference.partition(":")[0] for reference in choice.models]

    assert sorted(vendors) == ["anthropic", "google", "openai"]


@each_choice
def test_a_comment_is_one_line(choice: Suggestion) -> None:
    assert choice.comment.isprintable()


def test_the_largest_vendors_are_suggested_for_keys_of_unknown_providers() -> None:
    assert suggestions(bundled(), ["huggingface"]) == CHOICES


@pytest.mark.parametrize("provider", ["groq", "mistral", "deepseek", "xai", "openrouter"])
def test_one_key_of_another_vendor_is_enough_for_the_text_aliases(provider: str) -> None:
    choices = {choice.alias: choice.models for choice in suggestions(bundled(), [provider])}

    assert choices.keys() >= {"fast", "balanced", "deep"}
    assert all(ref.startswith(f"{provider}:") for models in choices.values() for ref in models)


@pytest.mark.parametrize("provider", ["anthropic", "google", "openai"])
def test_one_key_is_enough_for_every_common_alias(provider: str) -> None:
    aliases = [choice.alias for choice in suggestions(bundled(), [provider])]

    assert aliases == ["fast", "balanced", "deep", "vision"]
