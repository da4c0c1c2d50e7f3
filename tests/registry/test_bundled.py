"""The catalog in the package: every figure has a source, and the models that people use are in."""

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
from llmring.providers import PROVIDERS
from llmring.registry import bundled as module
from llmring.registry.bundled import bundled, facts
from llmring.registry.catalog import ModelFacts, Rates, Source, encode

MODELS = bundled().models
each_model = pytest.mark.parametrize("model", MODELS, ids=str)
each_source = pytest.mark.parametrize("source", bundled().sources.values(), ids=bundled().sources)


def test_the_catalog_is_read_once() -> None:
    assert bundled() is bundled()


def test_the_file_is_what_the_build_script_writes() -> None:
    data = Path(module.__file__).with_name("data") / "models.json"

    assert data.read_bytes() == encode(bundled())


def test_a_reference_of_a_lockfile_is_looked_up() -> None:
    found = facts(ModelRef("openai", "gpt-4o-mini"))

    assert found is bundled().find("openai", "gpt-4o-mini")


def test_no_name_stands_for_two_models() -> None:
    names = Counter((m.provider, name) for m in MODELS for name in (m.name, *m.aliases))

    assert {name for name, count in names.items() if count > 1} == set()


@each_model
def test_every_figure_says_where_it_is_from(model: ModelFacts) -> None:
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
def test_every_source_has_an_address(source: Source) -> None:
    assert source.url.startswith("https://")


@each_source
def test_no_source_is_younger_than_the_catalog(source: Source) -> None:
    assert source.date <= bundled().date


@each_model
def test_every_model_has_a_provider_that_can_be_called(model: ModelFacts) -> None:
    assert model.provider in PROVIDERS


@each_model
def test_every_model_has_prices_and_a_context_window(model: ModelFacts) -> None:
    assert model.prices is not None
    assert model.context_window


@each_model
def test_an_answer_costs_no_less_than_a_prompt_and_a_cached_prompt_no_more(
    model: ModelFacts,
) -> None:
    assert model.prices is not None
    for rates in (model.prices, model.prices.long_context or model.prices):
        assert rates.input <= rates.output
        assert (rates.cached_input or Decimal(0)) <= rates.input


@each_model
def test_a_long_prompt_costs_no_less_than_a_short_one(model: ModelFacts) -> None:
    assert model.prices is not None
    base: Rates = model.prices
    long: Rates = model.prices.long_context or base

    for name in Rates.__struct_fields__:
        assert (getattr(base, name) or 0) <= (getattr(long, name) or 0)


@each_model
def test_a_model_is_released_before_it_retires(model: ModelFacts) -> None:
    assert (model.released or date.min) < (model.retires or date.max)


@each_model
def test_only_models_that_chat_are_listed(model: ModelFacts) -> None:
    other = r"embed|tts|audio|realtime|live|image|transcribe|whisper|moderation|instruct"

    assert re.search(other, model.name) is None


@each_model
def test_an_api_that_is_not_the_usual_one_is_one_that_the_provider_has(model: ModelFacts) -> None:
    assert model.api is None or model.api in PROVIDERS[model.provider].apis


@each_model
def test_efforts_are_those_that_a_request_can_ask_for_and_of_models_that_reason(
    model: ModelFacts,
) -> None:
    assert set(model.efforts) <= set(EFFORTS)
    assert not model.efforts or "reasoning" in model.capabilities


@each_model
def test_only_what_runs_on_the_users_machine_is_free(model: ModelFacts) -> None:
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
    ],
)
def test_models_that_lockfiles_name_are_known(reference: str) -> None:
    assert facts(ModelRef.parse(reference)) is not None


@pytest.mark.parametrize(
    "reference", ["anthropic:claude-3-5-sonnet", "google:gemini-1.5-pro", "openai:o1"]
)
def test_a_retired_model_has_the_day_it_was_retired(reference: str) -> None:
    found = facts(ModelRef.parse(reference))

    assert found is not None
    assert found.retires is not None
    assert found.retires <= bundled().date


def test_a_model_about_to_retire_says_so_beforehand() -> None:
    found = facts(ModelRef("openai", "gpt-5"))

    assert found is not None
    assert found.retires is not None
    assert timedelta(0) < found.retires - bundled().date < timedelta(days=90)
