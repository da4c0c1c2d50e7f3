"""Renaming of aliases: everything else stays byte for byte."""

import pytest

from llmring import AliasNotFoundError, ConfigurationError
from llmring.lockfile.edit.rename_alias import rename_alias

TEXT = """\
version = "1.0"

# Quick answers.
[[profiles.default.bindings]]
alias = 'fast'  # called by the app
models = ["openai:gpt-4o-mini"]
rpm = 60

[[profiles.default.bindings]]
alias = "deep"
models = ["openai:gpt-4o"]

[profiles.dev]
extends = "default"
bindings = [{ alias = "own", models = ["ollama:llama3.2"] }]
"""


def test_only_the_name_changes() -> None:
    after = rename_alias(TEXT, "fast", "quick", "default")

    assert after == TEXT.replace("alias = 'fast'", 'alias = "quick"')


def test_an_alias_in_an_inline_table_is_renamed() -> None:
    after = rename_alias(TEXT, "own", "mine", "dev")

    assert after == TEXT.replace('alias = "own"', 'alias = "mine"')


def test_the_same_name_changes_nothing() -> None:
    assert rename_alias(TEXT, "fast", "fast", "default") == TEXT


@pytest.mark.parametrize("new", ["deep", "", "two words", "a,b"])
def test_a_name_that_is_taken_or_invalid_is_an_error(new: str) -> None:
    with pytest.raises(ConfigurationError):
        rename_alias(TEXT, "fast", new, "default")


@pytest.mark.parametrize(("alias", "profile"), [("none", "default"), ("fast", "dev")])
def test_only_a_profile_s_own_alias_can_be_renamed(alias: str, profile: str) -> None:
    with pytest.raises(AliasNotFoundError):
        rename_alias(TEXT, alias, "quick", profile)
