"""Lookup of models by any name, and the catalog's file format."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.registry.bundled import bundled
from llmring.registry.catalog import (
    Catalog,
    CatalogSource,
    LongContext,
    ModelFacts,
    PriceChange,
    Prices,
    decode,
    encode,
    opened,
)

SMALL = Catalog(
    date(2026, 11, 23),
    {},
    [
        ModelFacts(provider="openai", name="gpt-4o", aliases=("gpt-4o-2024-11-20",)),
        ModelFacts(provider="openai", name="gpt-4o-2024-05-13"),
        ModelFacts(provider="acme", name="gpt-4o"),
    ],
)


@pytest.mark.parametrize(
    ("provider", "sent", "name"),
    [
        ("openai", "gpt-4o-mini", "gpt-4o-mini"),
        ("openai", "gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("openai", "gpt-6.1-sol-2026-09-29", "gpt-6.1-sol"),
        ("openai", "gpt-5.6", "gpt-5.6-sol"),
        ("openai", "gpt-3.5-turbo-0125", "gpt-3.5-turbo"),
        ("anthropic", "claude-opus-4", "claude-opus-4-0"),
        ("anthropic", "claude-opus-4-20250514", "claude-opus-4-0"),
        ("anthropic", "claude-opus-4@20250514", "claude-opus-4-0"),
        ("anthropic", "claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
        ("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("anthropic", "claude-opus-4-7@default", "claude-opus-4-7"),
        ("google", "models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("google", "models/gemini-1.5-pro-latest", "gemini-1.5-pro"),
        ("google", "gemini-2.0-flash-001", "gemini-2.0-flash"),
        ("google", "gemini-flash-latest", "gemini-3.8-flash"),
        ("ollama", "llama3.1:latest", "llama3.1"),
        ("ollama", "llama3.1:8b", "llama3.1"),
        ("ollama", "llama3.1:8b-instruct-q4_K_M", "llama3.1"),
        ("ollama", "gpt-oss:20b", "gpt-oss"),
        ("ollama", "nomic-embed-text:latest", "nomic-embed-text"),
        ("zai", "GLM-5.3", "glm-5.3"),
        ("minimax", "minimax-m3", "MiniMax-M3"),
        ("mistral", "mistral-small-latest", "mistral-small-2603"),
        ("xai", "grok-4.5-latest", "grok-4.5"),
    ],
)
def test_a_model_is_found_by_any_name_in_use(provider: str, sent: str, name: str) -> None:
    facts = bundled().find(provider, sent)

    assert facts is not None
    assert facts.name == name


@pytest.mark.parametrize(
    ("provider", "sent"),
    [
        ("openai", "gpt-4o-audio-preview-2024-12-17"),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc"),
        ("openai", "gpt-5-chat-latest"),
        ("openai", "text-embedding-4"),
        ("openrouter", "openai/gpt-4o:free"),
        ("groq", "gpt-oss-120b"),
        ("openai", "claude-opus-4"),
        ("openai", ""),
        ("google", "gemini-2.0-flash-live-001"),
        ("ollama", "gpt-oss:120b-cloud"),
        ("ollama", "kimi-k3:cloud"),
        ("unknown", "gpt-4o"),
    ],
)
def test_another_model_is_not_taken_for_a_listed_one(provider: str, sent: str) -> None:
    assert bundled().find(provider, sent) is None


def test_a_snapshot_with_its_own_row_is_a_separate_model() -> None:
    facts = SMALL.find("openai", "gpt-4o-2024-05-13")

    assert facts is SMALL.models[1]


def test_the_same_name_at_two_providers_is_two_models() -> None:
    assert SMALL.find("acme", "gpt-4o") is SMALL.models[2]


@given(st.dates(date(2020, 1, 1), date(2039, 12, 31)), st.sampled_from(["-%Y-%m-%d", "-%Y%m%d"]))
def test_a_snapshot_of_any_date_is_found_as_its_model(day: date, form: str) -> None:
    if day == date(2024, 5, 13):
        return

    assert SMALL.find("openai", "gpt-4o" + day.strftime(form)) is SMALL.models[0]


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_name_breaks_the_lookup(provider: str, model: str) -> None:
    SMALL.find(provider, model)


SOURCE = CatalogSource(url="https://example.com/prices", date=date(2026, 11, 1))
FACTS = ModelFacts(
    provider="acme",
    name="one",
    aliases=("uno",),
    context_window=1000,
    capabilities=frozenset({"vision", "tools"}),
    prices=Prices(
        input=Decimal("0.10"),
        output=Decimal(2),
        long_context=LongContext(above=500, input=Decimal("0.2"), output=Decimal(4)),
    ),
    announced=(
        PriceChange(date(2027, 1, 1), Prices(input=Decimal(1), output=Decimal(3))),
        PriceChange(date(2027, 2, 1), Prices(input=Decimal(5), output=Decimal(7))),
    ),
    released=date(2026, 1, 1),
)


OTHER = ModelFacts(provider="acme", name='two "quoted" \\ näme', aliases=("zwei",))
WRITTEN = encode(Catalog(date(2026, 11, 23), {"page": SOURCE}, [FACTS, OTHER]))


@pytest.mark.parametrize("read", [decode, opened])
def test_an_encoded_catalog_decodes_to_the_same_catalog(read: Callable[[bytes], Catalog]) -> None:
    catalog = read(WRITTEN)

    assert catalog.date == date(2026, 11, 23)
    assert catalog.sources == {"page": SOURCE}
    assert catalog.models == (FACTS, OTHER)
    assert encode(catalog) == WRITTEN


@pytest.mark.parametrize("read", [decode, opened])
def test_models_of_a_document_are_found_by_every_name(read: Callable[[bytes], Catalog]) -> None:
    catalog = read(WRITTEN)

    for facts in (FACTS, OTHER):
        for name in (facts.name, facts.name.title(), f"models/{facts.name}", *facts.aliases):
            found = catalog.find("acme", name)
            assert found == facts
            assert found is catalog.find("acme", facts.name)
    assert catalog.find("acme", "on") is None


@pytest.mark.parametrize("read", [decode, opened])
def test_a_catalog_may_be_empty(read: Callable[[bytes], Catalog]) -> None:
    catalog = read(encode(Catalog(date(2026, 11, 23), {}, [])))

    assert catalog.models == ()
    assert catalog.find("acme", "one") is None


def test_a_lookup_decodes_no_other_model() -> None:
    broken = WRITTEN.replace(b'"zwei"]', b'"zwei"')

    catalog = opened(broken)

    assert catalog.find("acme", "uno") == FACTS
    with pytest.raises(msgspec.DecodeError):
        catalog.find("acme", "zwei")
    with pytest.raises(msgspec.DecodeError):
        decode(broken)


def test_case_is_ignored_only_without_an_exact_match() -> None:
    small, large = (ModelFacts(provider="acme", name=name) for name in ("one", "ONE"))
    catalog = opened(encode(Catalog(date(2026, 11, 23), {}, [small, large])))

    assert catalog.find("acme", "one") == small
    assert catalog.find("acme", "ONE") == large
    assert catalog.find("acme", "One") is not None


@given(st.text(max_size=20), st.text(max_size=20))
def test_names_of_any_letters_survive_the_document(name: str, alias: str) -> None:
    if name == alias:
        return
    facts = ModelFacts(provider="acme", name=name, aliases=(alias,))
    document = encode(Catalog(date(2026, 11, 23), {}, [facts]))

    assert decode(document).find("acme", alias) == facts
    assert opened(document).find("acme", alias) == facts
    assert opened(document).find("acme", name) == facts


@given(st.text(), st.text())
def test_no_name_breaks_the_lookup_in_a_document(provider: str, model: str) -> None:
    opened(WRITTEN).find(provider, model)


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b'{"date":"soon"}', WRITTEN[:-9]])
def test_a_document_that_is_not_a_catalog_is_rejected(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(data)


@pytest.mark.parametrize(
    ("was", "became"),
    [
        (b'"acme:uno":"one"', b'"acme:uno":"three"'),
        (b'"acme:uno":"one"', b'"acme:due":"one"'),
        (b'"acme:uno":"one",\n', b""),
        (b'"acme:one":{', b'"acme:eins":{'),
        (b'"aliases":["zwei"]', b'"aliases":["zwei","one"]'),
        (b'"aliases":["zwei"]', b'"aliases":["zwei","zwei"]'),
    ],
)
def test_a_catalog_with_ambiguous_names_is_rejected(was: bytes, became: bytes) -> None:
    assert was in WRITTEN

    with pytest.raises(msgspec.DecodeError):
        decode(WRITTEN.replace(was, became))


@pytest.mark.parametrize(
    ("day", "price"),
    [
        (None, Decimal("0.10")),
        (date(2026, 12, 31), Decimal("0.10")),
        (date(2027, 1, 1), Decimal(1)),
        (date(2027, 1, 31), Decimal(1)),
        (date(2030, 1, 1), Decimal(5)),
    ],
)
def test_an_announced_price_applies_from_its_first_day(day: date | None, price: Decimal) -> None:
    prices = FACTS.prices_on(day)

    assert prices is not None
    assert prices.input == price


@pytest.mark.parametrize(("prompt", "price"), [(500, Decimal("0.10")), (501, Decimal("0.2"))])
def test_long_context_rates_apply_above_the_threshold(prompt: int, price: Decimal) -> None:
    assert FACTS.prices is not None
    assert FACTS.prices.rates(prompt).input == price
