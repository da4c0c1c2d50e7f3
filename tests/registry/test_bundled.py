"""The bundled catalog: sources of its figures, plausibility, and coverage of common models."""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from llmring.chat.reasoning import EFFORTS
from llmring.lockfile.document import ModelRef
from llmring.providers.table import PROVIDERS
from llmring.registry import bundled as module
from llmring.registry.bundled import bundled, facts
from llmring.registry.catalog import (
    CatalogSource,
    ModelFacts,
    Rates,
    TokenRange,
    decode,
    encode,
)

MODELS = bundled().models
each_model = pytest.mark.parametrize("model", MODELS, ids=str)
each_chat = pytest.mark.parametrize("model", [m for m in MODELS if m.kind == "chat"], ids=str)
each_embedding = pytest.mark.parametrize(
    "model", [m for m in MODELS if m.kind == "embedding"], ids=str
)
each_source = pytest.mark.parametrize("source", bundled().sources.values(), ids=bundled().sources)


def test_the_catalog_is_read_once() -> None:
    assert bundled() is bundled()


def test_the_bundled_file_is_as_encoded() -> None:
    data = Path(module.__file__).with_name("data") / "models.json"

    assert data.read_bytes() == encode(bundled())


def test_a_model_reference_is_found_in_the_bundled_catalog() -> None:
    found = facts(ModelRef("openai", "gpt-4o-mini"))

    assert found is bundled().find("openai", "gpt-4o-mini")


def test_the_bundled_file_passes_the_checks_for_foreign_catalogs() -> None:
    data = Path(module.__file__).with_name("data") / "models.json"

    assert decode(data.read_bytes()).models == MODELS


def test_names_are_unique_ignoring_case() -> None:
    names = Counter((m.provider, name.lower()) for m in MODELS for name in (m.name, *m.aliases))

    assert {name for name, count in names.items() if count > 1} == set()


@each_model
def test_every_figure_has_a_source(model: ModelFacts) -> None:
    figures = msgspec.structs.asdict(model)
    origins: Mapping[str, tuple[str, ...]] = msgspec.structs.asdict(model.origins)

    assert {name for name, keys in origins.items() if keys} == {
        name for name in origins if figures[name] not in (None, frozenset(), ())
    }


@each_model
def test_every_origin_is_a_source_of_the_catalog(model: ModelFacts) -> None:
    origins = msgspec.structs.astuple(model.origins)

    assert {key for keys in origins for key in keys} <= bundled().sources.keys()


@each_source
def test_every_source_has_an_address(source: CatalogSource) -> None:
    assert source.url.startswith("https://")


@each_source
def test_no_source_is_newer_than_the_catalog(source: CatalogSource) -> None:
    assert source.date <= bundled().date


@each_model
def test_every_model_has_a_supported_provider(model: ModelFacts) -> None:
    assert model.provider in PROVIDERS


@each_model
def test_every_model_is_found_by_each_of_its_names(model: ModelFacts) -> None:
    for name in (model.name, *model.aliases):
        assert bundled().find(model.provider, name) is model


@each_model
def test_every_model_has_prices(model: ModelFacts) -> None:
    assert model.prices is not None


@each_chat
def test_every_chat_model_has_a_context_window(model: ModelFacts) -> None:
    # For models on the user's machine, the user chooses the context window.
    assert model.context_window or not PROVIDERS[model.provider].key_env


@each_chat
def test_output_costs_at_least_as_much_as_input_and_cached_input_at_most(
    model: ModelFacts,
) -> None:
    assert model.prices is not None
    for rates in (model.prices, model.prices.long_context or model.prices):
        assert rates.input <= rates.output
        assert (rates.cached_input or Decimal(0)) <= rates.input


@each_model
def test_long_context_rates_are_not_lower(model: ModelFacts) -> None:
    assert model.prices is not None
    base: Rates = model.prices
    long: Rates = model.prices.long_context or base

    for name in Rates.__struct_fields__:
        assert (getattr(base, name) or 0) <= (getattr(long, name) or 0)


@each_model
def test_a_model_is_released_before_it_retires(model: ModelFacts) -> None:
    assert (model.released or date.min) < (model.retires or date.max)


@each_chat
def test_chat_models_are_not_named_like_other_kinds(model: ModelFacts) -> None:
    other = r"embed|tts|realtime|\blive\b|image|transcribe|whisper|moderation|ocr"

    assert re.search(other, model.name, re.IGNORECASE) is None


@each_embedding
def test_an_embedding_has_a_price_of_input_only_and_no_capabilities(model: ModelFacts) -> None:
    assert "embed" in model.name.lower() or model.name in {"bge-m3", "all-minilm"}
    assert model.prices is not None
    assert model.prices.output == 0
    assert model.capabilities == frozenset()


@each_model
def test_a_successor_is_a_model_of_the_catalog_and_newer(model: ModelFacts) -> None:
    if model.successor is None:
        return

    successor = bundled().find(model.provider, model.successor)

    assert successor is not None
    assert (successor.released or date.max) > (model.released or date.min)


@each_model
def test_a_deprecated_model_retires_later(model: ModelFacts) -> None:
    if model.deprecated is not None:
        assert model.deprecated <= bundled().date
        assert model.retires is not None
        assert model.deprecated < model.retires


@pytest.mark.parametrize(
    ("reference", "family"),
    [
        ("openai:gpt-4o", "gpt"),
        ("openai:gpt-5.5", "gpt"),
        ("openai:gpt-4o-mini", "gpt-mini"),
        ("openai:gpt-5.4-nano", "gpt-nano"),
        ("openai:gpt-6.1-sol", "gpt-sol"),
        ("openai:o4-mini", "o-mini"),
        ("anthropic:claude-3-5-sonnet", "claude-sonnet"),
        ("anthropic:claude-sonnet-5-5", "claude-sonnet"),
        ("google:gemini-3.1-flash-lite", "gemini-flash-lite"),
        ("google:gemini-3.1-pro-preview", "gemini-pro"),
        ("groq:openai/gpt-oss-120b", "gpt-oss-120b"),
        ("fireworks:accounts/fireworks/models/deepseek-v4p1-flash", "deepseek-flash"),
        ("mistral:mistral-large-2512", "mistral-large"),
        ("minimax:MiniMax-M2.7-highspeed", "minimax-m-highspeed"),
        ("cohere:command-r7b-12-2024", "command-r7b"),
    ],
)
def test_versions_share_a_family_and_sizes_do_not(reference: str, family: str) -> None:
    found = facts(ModelRef.parse(reference))

    assert found is not None
    assert found.family == family


@pytest.mark.parametrize(
    ("reference", "figure", "usd"),
    [
        ("anthropic:claude-opus-4-8", "cache_write_1h", "10"),
        ("google:gemini-2.5-flash", "input_audio", "1"),
        ("google:gemini-2.5-flash", "cached_audio", "0.1"),
        ("openai:gpt-audio", "output_audio", "64"),
        ("openai:text-embedding-3-small", "input", "0.02"),
        ("openai:gpt-4o-2024-05-13", "input", "5"),
        ("openai:gpt-4o-2024-08-06", "input", "2.5"),
    ],
)
def test_rates_other_than_those_of_text_are_known(reference: str, figure: str, usd: str) -> None:
    found = facts(ModelRef.parse(reference))

    assert found is not None
    assert getattr(found.prices, figure) == Decimal(usd)


def test_models_that_refuse_forced_tools_or_disabled_reasoning_are_marked() -> None:
    found = facts(ModelRef("anthropic", "claude-opus-5-5"))

    assert found is not None
    assert found.refuses == {"forced_tools", "no_reasoning"}


@each_model
def test_a_model_s_api_is_one_that_its_provider_has(model: ModelFacts) -> None:
    assert model.api is None or model.api in PROVIDERS[model.provider].apis


@each_model
def test_efforts_are_valid_and_only_for_reasoning_models(
    model: ModelFacts,
) -> None:
    assert set(model.efforts) <= set(EFFORTS)
    assert not model.efforts or "reasoning" in model.capabilities


@each_model
def test_only_models_on_the_user_s_machine_are_free(model: ModelFacts) -> None:
    assert model.prices is not None
    own = model.origins.prices == ("own-machine",)

    assert (model.prices.input == 0) == own == (not PROVIDERS[model.provider].key_env)


@pytest.mark.parametrize(
    "reference",
    [
        "openai:gpt-4o",
        "openai:gpt-4o-mini",
        "openai:gpt-4.1",
        "anthropic:claude-3-5-sonnet",
        "anthropic:claude-opus-4",
        "anthropic:claude-sonnet-4-5",
        "google:gemini-1.5-pro",
        "google:gemini-2.5-pro",
        "ollama:llama3:8b",
        "ollama:nomic-embed-text:latest",
        "groq:llama-3.3-70b-versatile",
        "mistral:mistral-small-latest",
        "deepseek:deepseek-v4-pro",
        "xai:grok-4.7",
        "together:moonshotai/Kimi-K3",
        "openrouter:openai/gpt-4o-mini",
        "azure:gpt-5.4-mini",
        "azure:text-embedding-3-large",
    ],
)
def test_common_models_are_in_the_catalog(reference: str) -> None:
    assert facts(ModelRef.parse(reference)) is not None


@pytest.mark.parametrize(
    "reference", ["anthropic:claude-3-5-sonnet", "google:gemini-1.5-pro", "openai:o1"]
)
def test_a_retired_model_has_its_retirement_date(reference: str) -> None:
    found = facts(ModelRef.parse(reference))

    assert found is not None
    assert found.retires is not None
    assert found.retires <= bundled().date


def test_a_model_about_to_retire_has_its_retirement_date() -> None:
    found = facts(ModelRef("openai", "gpt-5"))

    assert found is not None
    assert found.retires is not None
    assert timedelta(0) < found.retires - bundled().date < timedelta(days=90)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("gemini-2.5-pro", 128, 32768),
        ("gemini-2.5-flash", 1, 24576),
        ("gemini-2.5-flash-lite", 512, 24576),
    ],
)
def test_the_ranges_of_reasoning_budgets_are_the_vendor_s(name: str, least: int, most: int) -> None:
    found = bundled().find("google", name)

    assert found is not None
    assert found.budget == TokenRange(least, most)
    assert ("no_reasoning" in found.refuses) == (name == "gemini-2.5-pro")
    assert bundled().sources[found.origins.budget[0]].url.startswith("https://ai.google.dev/")


@each_model
def test_a_range_of_budgets_belongs_to_a_model_that_takes_budgets(model: ModelFacts) -> None:
    if model.budget is not None:
        assert 0 < model.budget.least < model.budget.most
        assert "reasoning_budget" in model.capabilities


@each_model
def test_the_api_for_tools_is_one_that_the_provider_has(model: ModelFacts) -> None:
    if model.tools_api is not None:
        assert model.tools_api in PROVIDERS[model.provider].apis
        assert {"tools", "reasoning"} <= model.capabilities
