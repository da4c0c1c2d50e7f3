"""Common patterns, common mistakes, and errors."""

from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, lockfile_of, run, write
from conftest import Way
from llmring import LLMRequest, LLMRing, Message, NoUsableModelError
from llmring.exceptions import ModelNotFoundError
from llmring.testing.fake_vendors import DemoServer
from lockfile.texts import EXAMPLE, REGIONS


def test_S124_the_profile_of_a_bind_beats_the_environment(example: Path) -> None:
    message = run(
        *("bind", "assistant", "anthropic:claude-opus-4", "--profile", "prod"),
        LLMRING_PROFILE="dev",
    )

    assert message.code == 0
    assert LLMRing().resolve_alias("assistant", "prod") == "anthropic:claude-opus-4"
    assert LLMRing().resolve_alias("assistant", "dev") == "openai:gpt-4o-mini"


@pytest.mark.parametrize("alias", ["summarizer", "analyst", "coder", "my-alias_2", "v1.5", "é"])
def test_S125_the_name_of_an_alias_is_free(way: Way, call: Call, alias: str) -> None:
    assert call("bind", alias, "mock:echo").code == 0

    assert way.chat(LLMRing(), alias, "Hello").content == "Hello"


@pytest.mark.parametrize("profile", ["us-west", "eu-central"])
def test_S126_a_profile_without_a_name_has_that_of_its_table(call: Call, profile: str) -> None:
    write(REGIONS)

    assert LLMRing().has_alias("assistant", profile=profile)
    assert call("aliases", "--profile", profile).code == 0


def test_S127_a_file_of_nothing_but_profiles_is_good(way: Way, vendors: DemoServer) -> None:
    write(REGIONS)

    response = way.chat(LLMRing(), "assistant", "Hello", profile="eu-central")

    assert response.model == "anthropic:claude-3-5-sonnet"


def test_S128_a_model_may_be_named_directly(way: Way, vendors: DemoServer) -> None:
    request = LLMRequest(model="openai:gpt-4o-mini", messages="Hello")

    assert way.chat(LLMRing(), request).model == "openai:gpt-4o-mini"


def test_S129_an_alias_with_one_model_is_a_hint_and_no_failure(call: Call) -> None:
    write(lockfile_of(default={"assistant": ["anthropic:claude-3-5-sonnet"]}))

    message = call("lock", "validate")

    assert message.code == 0
    assert "hint: " in message.out


def test_S130_a_reference_without_provider_is_refused_and_the_file_untouched(
    example: Path,
) -> None:
    message = run("bind", "fast", "gpt-4o-mini")

    assert (message.code, message.out) == (1, "")
    assert is_plain_error(message.err), message.err
    assert "'gpt-4o-mini'" in message.err
    assert "provider:model" in message.err
    assert example.read_text() == EXAMPLE


def test_S131_a_reference_with_provider_is_taken(call: Call, example: Path) -> None:
    assert call("bind", "fast", "openai:gpt-4o-mini").out == "fast → openai:gpt-4o-mini\n"


def test_S132_model_not_found_is_in_the_exceptions_module() -> None:
    import llmring

    assert llmring.ModelNotFoundError is ModelNotFoundError


def test_S133_resolving_an_unknown_alias_is_model_not_found(example: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="'myalias'"):
        LLMRing().resolve_alias("myalias")


def test_S133_the_error_names_the_alias_that_was_meant(example: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="did you mean 'balanced'"):
        LLMRing().resolve_alias("balancd")


def test_S134_calling_an_unknown_alias_is_model_not_found(way: Way, example: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="'myalias'"):
        way.chat(LLMRing(), LLMRequest(model="myalias", messages="Hello"))


def test_S135_an_alias_none_of_whose_models_has_a_key_is_model_not_found(
    way: Way, example: Path
) -> None:
    with pytest.raises(ModelNotFoundError) as caught:
        way.chat(LLMRing(), LLMRequest(model="balanced", messages="Hello"))

    assert isinstance(caught.value, NoUsableModelError)
    for words in ("anthropic:claude-3-5-sonnet", "OPENAI_API_KEY", "GOOGLE_GEMINI_API_KEY"):
        assert words in str(caught.value)


def test_S137_clearing_the_cache_refreshes_a_changed_lockfile(way: Way) -> None:
    write(lockfile_of(default={"fast": ["mock:fixed?text=old"]}))
    ring = LLMRing()
    way.chat(ring, "fast", "Hello")
    write(lockfile_of(default={"fast": ["mock:fixed?text=new"]}))

    ring.clear_alias_cache()

    assert way.chat(ring, "fast", "Hello").content == "new"


def test_S138_another_model_is_an_edit_of_the_lockfile_and_nothing_else(
    way: Way, call: Call, example: Path, vendors: DemoServer
) -> None:
    ring = LLMRing()
    request = LLMRequest(model="fast", messages="Hello")
    before = way.chat(ring, request).model

    call("bind", "fast", "anthropic:claude-opus-4")

    assert (before, way.chat(ring, request).model) == (
        "openai:gpt-4o-mini",
        "anthropic:claude-opus-4",
    )


@pytest.mark.parametrize("alias", ["summarizer", "analyst", "coder", "libA:summarizer", "a b/c"])
def test_S140_a_request_takes_any_alias(alias: str) -> None:
    assert LLMRequest(model=alias, messages=[Message("user", "Hello")]).model == alias
