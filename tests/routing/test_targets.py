"""References become targets, or reasons for skipping them."""

import pytest

from llmring.exceptions import ProviderAuthenticationError, ProviderNotFoundError
from llmring.lockfile.document import ModelRef
from llmring.providers.endpoint import Endpoint
from llmring.providers.table import PROVIDERS
from llmring.registry.catalog import ModelFacts
from llmring.routing.targets import Skip, Target, targets

ENDPOINTS = {
    "openai": Endpoint(PROVIDERS["openai"], "https://api.openai.com/v1", "sk-secret"),
    "anthropic": Endpoint(PROVIDERS["anthropic"], "https://api.anthropic.com"),
    "ollama": Endpoint(PROVIDERS["ollama"], "http://localhost:11434"),
}


def only(ref: str) -> Target | Skip:
    [found] = targets([ModelRef.parse(ref)], ENDPOINTS, lambda _: None)
    return found


@pytest.mark.parametrize("ref", ["openai:gpt-4o", "ollama:llama3.2"])
def test_a_model_whose_provider_has_what_it_needs_is_a_target(ref: str) -> None:
    assert isinstance(only(ref), Target)


def test_S105_a_provider_without_its_key_is_skipped_with_the_variable_named() -> None:
    found = only("anthropic:claude-sonnet-4-5")

    assert isinstance(found, Skip)
    assert isinstance(found.error, ProviderAuthenticationError)
    assert "set ANTHROPIC_API_KEY" in found.error.message


def test_W23_an_unknown_provider_is_skipped_with_the_one_that_was_meant() -> None:
    found = only("opnai:gpt-4o")

    assert isinstance(found, Skip)
    assert isinstance(found.error, ProviderNotFoundError)
    assert "did you mean openai?" in found.error.message


def test_no_repr_shows_the_key() -> None:
    assert "sk-secret" not in repr(only("openai:gpt-4o"))


@pytest.mark.parametrize("takes", [False, True])
def test_a_model_takes_late_system_messages_if_its_facts_say_so(takes: bool) -> None:
    facts = ModelFacts(provider="openai", name="m", system_turns=takes)
    [found] = targets([ModelRef.parse("openai:m")], ENDPOINTS, lambda _: facts)

    assert isinstance(found, Target)
    assert found.quirks.system_turns is takes


@pytest.mark.parametrize("key", ["sk-0123456789Abcdef", "with/slash+and=more"])
def test_a_key_in_bytes_of_the_server_is_masked_in_any_case(key: str) -> None:
    provider = PROVIDERS["openai"]
    target = Target(ModelRef("openai", "m"), Endpoint(provider, "https://x", key), provider.dialect)
    data = f"ä {key} b {key.upper()} c".encode()

    assert target.masked(data) == "ä *** b *** c".encode()
    assert target.masked("ä".encode()) == "ä".encode()
