"""Changes that are tried on a copy of the lockfile."""

from pathlib import Path

import pytest

from advisor.small_catalog import LOCK, small_editor
from llmring.advisor.changes import Bind, SetPolicy, Several, Unbind
from llmring.advisor.planning.working_copy import WorkingCopy
from llmring.exceptions import AliasNotFoundError


def test_changes_see_those_before_and_write_nothing() -> None:
    copy = WorkingCopy(small_editor())

    copy.make(Bind("new", ["openai:gpt-4o"]))
    copy.make(SetPolicy("rpm", 5, "new"))

    assert copy.models("new", "default") == ["openai:gpt-4o"]
    assert isinstance(copy.change(), Several)
    assert Path("llmring.lock").read_text() == LOCK


def test_a_binding_that_follows_another_takes_its_place() -> None:
    copy = WorkingCopy(small_editor())

    copy.make(Bind("new", ["openai:gpt-4o"], None, "why"))
    copy.make(Bind("new", ["openai:gpt-4o", "ollama:llama3.2"]))

    assert copy.change() == Bind("new", ["openai:gpt-4o", "ollama:llama3.2"], None, "why")


def test_an_impossible_change_is_an_error() -> None:
    copy = WorkingCopy(small_editor())

    with pytest.raises(AliasNotFoundError):
        copy.make(Unbind("none"))
    assert copy.change() is None


def test_an_inherited_alias_becomes_the_profiles_own_with_its_policy() -> None:
    copy = WorkingCopy(small_editor())

    copy.own("fast", "prod")

    binding = copy.bindings("prod")["fast"]
    assert binding.at[1] == "prod"
    assert binding.policy == {"rpm": 100}
    assert copy.models("fast", "prod") == copy.models("fast", "default")
