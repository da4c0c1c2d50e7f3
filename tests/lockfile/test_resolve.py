from pathlib import Path

import pytest

from llmring.exceptions import (
    AliasNotFoundError,
    ConfigurationError,
    InvalidModelReferenceError,
    ModelNotFoundError,
)
from llmring.lockfile.document import Lockfile, parse
from llmring.lockfile.resolve import candidates, is_reference, primaries, profile_name
from lockfile.texts import EXAMPLE, REGIONS

PROD_FIRST = Lockfile(default_profile="prod")


def models(alias: str, profile: str, text: str = EXAMPLE) -> list[str]:
    return [str(ref) for ref in candidates(parse(text), alias, profile)]


@pytest.mark.parametrize(
    ("explicit", "environment", "lockfile", "expected"),
    [
        ("dev", "test", PROD_FIRST, "dev"),
        (None, "test", PROD_FIRST, "test"),
        (None, None, PROD_FIRST, "prod"),
        (None, "", PROD_FIRST, "prod"),
        (None, None, Lockfile(), "default"),
    ],
)
def test_C5_profile_is_argument_then_environment_then_file_then_default(
    explicit: str | None, environment: str | None, lockfile: Lockfile, expected: str
) -> None:
    assert profile_name(explicit, environment, lockfile) == expected


def test_S093_the_same_alias_gives_other_models_in_another_profile() -> None:
    assert models("assistant", "dev") == ["openai:gpt-4o-mini"]
    assert models("assistant", "prod") == ["anthropic:claude-3-5-sonnet"]


def test_S094_the_argument_beats_the_environment() -> None:
    assert profile_name("prod", "dev", Lockfile()) == "prod"


def test_S095_the_environment_beats_the_default() -> None:
    assert profile_name(None, "dev", Lockfile()) == "dev"


def test_S096_the_default_profile_comes_last() -> None:
    assert profile_name(None, None, Lockfile()) == "default"


def test_an_alias_gives_its_models_best_first() -> None:
    assert models("balanced", "default") == [
        "anthropic:claude-3-5-sonnet",
        "openai:gpt-4o",
        "google:gemini-1.5-pro",
    ]


def test_S128_a_model_reference_resolves_to_itself() -> None:
    assert models("ollama:llama3:8b", "default") == ["ollama:llama3:8b"]


def test_a_reference_without_a_model_is_rejected() -> None:
    with pytest.raises(InvalidModelReferenceError):
        models("openai:", "default")


def test_a_name_with_a_colon_is_a_reference() -> None:
    assert is_reference("openai:gpt-4o")
    assert not is_reference("fast")


def test_S133_an_unknown_alias_is_a_model_not_found_error() -> None:
    with pytest.raises(ModelNotFoundError, match="no alias 'myalias'"):
        models("myalias", "default")


def test_an_alias_not_found_is_a_value_error_too() -> None:
    with pytest.raises(ValueError, match="no alias 'myalias'"):
        models("myalias", "default")


def test_the_error_for_a_misspelt_alias_suggests_the_right_one() -> None:
    with pytest.raises(AliasNotFoundError, match=r"; did you mean 'balanced'\? If not, bind it: "):
        models("balansed", "default")


def test_the_error_for_an_alias_of_other_profiles_names_them() -> None:
    with pytest.raises(AliasNotFoundError, match="it is defined in profiles: dev, prod"):
        models("assistant", "default")


def test_the_error_for_an_unknown_alias_gives_the_file_and_the_command_to_bind_it() -> None:
    lockfile = parse(EXAMPLE, Path("a/llmring.lock"))

    with pytest.raises(AliasNotFoundError, match=r"in a/llmring\.lock.*llmring bind x .*--profile"):
        candidates(lockfile, "x", "dev")


def test_an_unknown_profile_is_an_error_that_names_the_others() -> None:
    with pytest.raises(ConfigurationError, match=r"'prd'.*did you mean 'prod'.*default, dev, prod"):
        models("assistant", "prd")


@pytest.mark.parametrize("text", ["", REGIONS])
def test_a_default_profile_that_is_not_in_the_file_is_empty(text: str) -> None:
    with pytest.raises(AliasNotFoundError):
        models("fast", "default", text)


def test_S076_aliases_come_with_their_first_model_in_the_order_of_the_file() -> None:
    assert [*primaries(parse(EXAMPLE), "default").items()] == [
        ("fast", "openai:gpt-4o-mini"),
        ("balanced", "anthropic:claude-3-5-sonnet"),
        ("deep", "anthropic:claude-opus-4"),
    ]


def test_S077_aliases_of_another_profile_can_be_listed() -> None:
    assert primaries(parse(EXAMPLE), "dev") == {"assistant": "openai:gpt-4o-mini"}
