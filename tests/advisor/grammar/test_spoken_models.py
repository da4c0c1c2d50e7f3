"""Names of models as people write them."""

import pytest

from advisor.fakes import DAY
from advisor.small_catalog import MODELS
from llmring.advisor.grammar.spoken_models import ModelNames
from llmring.advisor.ranking import Availability

VENDORS = ("openai", "anthropic", "google", "ollama", "local")


def availability(provider: str) -> Availability:
    return Availability.KNOWN if provider in VENDORS else Availability.ONE_OF_MANY


NAMES = ModelNames(MODELS, availability, DAY)


def meant(text: str) -> tuple[str, ...] | None:
    found = NAMES.find(text.split())
    return None if found is None else found.models


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("openai:gpt-4o-mini", "openai:gpt-4o-mini"),
        ("gpt-4o-mini", "openai:gpt-4o-mini"),
        ("gpt 4o mini", "openai:gpt-4o-mini"),
        ("gpt4o", "openai:gpt-4o"),
        ("4o mini", "openai:gpt-4o-mini"),
        ("o4 mini", "openai:o4-mini"),
        ("gpt 5.4", "openai:gpt-5.4"),
        ("haiku", "anthropic:claude-haiku-5-5"),
        ("claude haiku", "anthropic:claude-haiku-5-5"),
        ("haiku 4.5", "anthropic:claude-haiku-4-5"),
        ("claude sonnet 4.5", "anthropic:claude-sonnet-4-5"),
        ("luna", "openai:gpt-6-luna"),
        ("gemini flash", "google:gemini-3.8-flash"),
        ("gemini flash lite", "google:gemini-3.5-flash-lite"),
        ("mistral large", "mistral:mistral-large-2512"),
    ],
)
def test_a_clear_name_means_one_model(text: str, model: str) -> None:
    assert meant(text) == (model,)


@pytest.mark.parametrize("text", ["gemini", "claude", "gpt", "llama 3.3 70b"])
def test_a_name_of_several_models_is_a_choice(text: str) -> None:
    found = meant(text)

    assert found is not None
    assert len(found) > 1


@pytest.mark.parametrize("text", ["gpt-9", "claude 9", "gemini 1"])
def test_a_version_that_does_not_exist_is_no_guess(text: str) -> None:
    assert meant(text) == ()


@pytest.mark.parametrize(
    "text", ["fast", "mini", "coder", "it", "summarizer", "flash summarizer", "4"]
)
def test_other_words_are_no_model(text: str) -> None:
    assert meant(text) is None


def test_the_only_provider_with_a_key_is_chosen() -> None:
    def one_key(provider: str) -> Availability:
        return Availability.AT_HAND if provider == "groq" else availability(provider)

    found = ModelNames(MODELS, one_key, DAY).find(["llama", "3.3", "70b", "versatile"])

    assert found is not None
    assert found.models == ("groq:llama-3.3-70b-versatile",)


def test_a_model_is_found_at_its_provider() -> None:
    assert NAMES.hosted("llama3.2", "ollama") == "ollama:llama3.2"
    assert NAMES.hosted("llama3.2", "openai") is None
