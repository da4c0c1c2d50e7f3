"""Profiles: one file, other models in other places."""

from pathlib import Path

import pytest

from cli.terminal import Call, lockfile_of, run, write
from conftest import Way
from llmring import LLMRequest, LLMRing, MissingAliasesError
from llmring.testing.fake_vendors import DemoServer
from lockfile.texts import EXAMPLE

PROFILES = """\
[profiles.dev]
name = "dev"
[[profiles.dev.bindings]]
alias = "assistant"
models = ["openai:gpt-4o-mini"]  # Cheap

[profiles.prod]
name = "prod"
[[profiles.prod.bindings]]
alias = "assistant"
models = [
    "anthropic:claude-opus-4",    # Best quality
    "anthropic:claude-3-5-sonnet"  # Fallback
]
"""

DEV, PROD = "openai:gpt-4o-mini", "anthropic:claude-3-5-sonnet"
ASK = LLMRequest(model="assistant", messages="Hello")


def test_S087_a_lockfile_without_version_and_default_profile_loads(call: Call) -> None:
    write(PROFILES)

    assert LLMRing().list_aliases("dev") == {"assistant": DEV}
    assert call("lock", "validate").code == 0


def test_S088_a_lockfile_without_a_default_profile_loads() -> None:
    write(PROFILES)
    ring = LLMRing()

    assert ring.list_aliases() == {}
    assert ring.resolve_alias("assistant", profile="prod") == "anthropic:claude-opus-4"


@pytest.fixture
def dev(example: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_PROFILE", "dev")


def test_S089_the_environment_selects_the_profile_of_every_call(
    way: Way, vendors: DemoServer, dev: None
) -> None:
    assert way.chat(LLMRing(), ASK).model == DEV


def test_S089_the_environment_selects_the_profile_of_every_method(dev: None) -> None:
    ring = LLMRing()

    assert ring.resolve_alias("assistant") == DEV
    assert ring.list_aliases() == {"assistant": DEV}
    assert (ring.has_alias("assistant"), ring.has_alias("fast")) == (True, False)
    ring.require_aliases(["assistant"])
    with pytest.raises(MissingAliasesError, match="fast"):
        ring.require_aliases(["fast"])
    ring.bind_alias("mine", DEV)
    assert LLMRing().has_alias("mine", profile="dev")
    ring.unbind_alias("mine")
    assert not LLMRing().has_alias("mine", profile="dev")


def test_S089_the_environment_selects_the_profile_of_every_command(call: Call, dev: None) -> None:
    assert call("aliases").out == f"assistant → {DEV}\n"
    assert "profile dev" in call("bind", "mine", DEV).err
    assert LLMRing().has_alias("mine", profile="dev")
    assert call("unbind", "mine").code == 0
    assert not LLMRing().has_alias("mine", profile="dev")


def test_S090_a_chat_in_a_profile_needs_no_model(example: Path, vendors: DemoServer) -> None:
    message = run("chat", "Hello", "--profile", "dev")

    assert (message.code, message.out) == (0, "Hello!\n")
    assert "assistant" in message.err


def test_S091_chat_takes_the_message_as_its_argument(call: Call) -> None:
    assert call("chat", "Hello there", "--model", "mock:echo").out == "Hello there\n"


def test_S092_aliases_lists_the_profile_that_is_named(call: Call, example: Path) -> None:
    assert call("aliases", "--profile", "prod").out == f"assistant → {PROD}\n"


def test_S093_one_request_serves_two_profiles(way: Way, example: Path, vendors: DemoServer) -> None:
    request = LLMRequest(model="assistant", messages="Hello")
    before = repr(request)
    ring = LLMRing()

    models = [way.chat(ring, request, profile=profile).model for profile in ("dev", "prod")]

    assert models == [DEV, PROD]
    assert repr(request) == before


def test_S094_the_explicit_profile_beats_the_environment(
    way: Way, vendors: DemoServer, dev: None
) -> None:
    assert way.chat(LLMRing(), ASK, profile="prod").model == PROD
    assert LLMRing().list_aliases(profile="prod") == {"assistant": PROD}


def test_S094_the_explicit_profile_of_a_command_beats_the_environment(
    example: Path, vendors: DemoServer
) -> None:
    message = run("chat", "Hello", "--profile", "dev", "--json", LLMRING_PROFILE="prod")

    assert f'"model": "{DEV}"' in message.out


def test_S095_the_environment_beats_the_file_s_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(EXAMPLE.replace('default_profile = "default"', 'default_profile = "prod"'))
    monkeypatch.setenv("LLMRING_PROFILE", "dev")

    assert LLMRing().resolve_alias("assistant") == DEV


def test_S096_the_default_profile_comes_last(example: Path) -> None:
    assert "fast" in LLMRing().list_aliases()


@pytest.mark.parametrize(
    "profile", ["dev", "test", "staging", "prod", "a-b-testing", "us-west", "eu central", "é"]
)
def test_S097_the_name_of_a_profile_is_free(call: Call, example: Path, profile: str) -> None:
    assert call("bind", "assistant", "mock:echo", "--profile", profile).code == 0

    assert LLMRing().list_aliases(profile)["assistant"] == "mock:echo"


@pytest.mark.parametrize("model", ["mock:echo", "ollama:llama3"])
def test_S098_a_test_profile_may_use_mocks_or_local_models(
    way: Way, vendors: DemoServer, model: str
) -> None:
    write(lockfile_of(test={"assistant": [model]}))

    assert way.chat(LLMRing(), ASK, profile="test").model == model


def test_S098_a_mock_answers_with_no_vendor_and_no_key(way: Way) -> None:
    write(lockfile_of(test={"assistant": ["mock:fixed?text=as%20written"]}))

    assert way.chat(LLMRing(), ASK, profile="test").content == "as written"
