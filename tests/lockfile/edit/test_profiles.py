import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.exceptions import AliasNotFoundError, ConfigurationError, LockfileError
from llmring.lockfile.document import parse
from llmring.lockfile.edit.profiles import copy_profile, create_profile, give_reason, set_policy
from lockfile.texts import EXAMPLE, bound_aliases, lockfile_texts

SETTINGS = st.sampled_from(
    (
        ("retries", 2),
        ("timeout", 12.5),
        ("strategy", "cheapest"),
        ("needs", ["tools", "vision"]),
        ("weights", {"openai:gpt-4o": 2}),
    )
)


def tree(text: str) -> dict[str, Any]:
    return tomllib.loads(text, parse_float=str)


@settings(deadline=None, max_examples=60)
@given(lockfile_texts())
def test_creating_a_profile_adds_only_that_profile(text: str) -> None:
    after = create_profile(text, "staging")

    assert after.replace("\r\n", "\n").startswith(text.replace("\r\n", "\n"))
    assert "staging" in parse(after).profiles


@settings(deadline=None, max_examples=60)
@given(bound_aliases(), SETTINGS)
def test_setting_a_policy_of_an_alias_changes_only_that_alias(
    case: tuple[str, str, str], setting: tuple[str, Any]
) -> None:
    (text, alias, profile), (key, value) = case, setting

    after = set_policy(text, key, value, profile, alias)

    before, now = parse(text).profiles, parse(after).profiles
    assert now[profile].bindings[alias].policy[key] == value
    for name, each in before.items():
        others = {a: b for a, b in each.bindings.items() if (name, a) != (profile, alias)}
        assert {a: now[name].bindings[a] for a in others} == others
    assert [line for line in text.splitlines() if "#" in line and "{" not in line] == [
        line for line in after.splitlines() if "#" in line and "{" not in line
    ]


@settings(deadline=None, max_examples=60)
@given(bound_aliases(), SETTINGS)
def test_a_policy_of_a_profile_can_be_set_and_set_again(
    case: tuple[str, str, str], setting: tuple[str, Any]
) -> None:
    (text, _, profile), (key, value) = case, setting

    once = set_policy(text, key, value, profile)

    assert parse(once).profiles[profile].policy[key] == value
    assert set_policy(once, key, value, profile) == once


def test_removing_an_added_policy_restores_the_text() -> None:
    text = EXAMPLE
    profile = next(iter(parse(text).profiles))

    assert set_policy(set_policy(text, "retries", 2, profile), "retries", None, profile) == text


def test_a_copied_profile_has_everything_of_the_original_and_is_independent() -> None:
    text = """\
[profiles.default]
timeout = 5
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:a", "ollama:b"]
retries = 1

[profiles.dev]
extends = "default"
[[profiles.dev.bindings]]
alias = "deep"
models = "ollama:c"
"""
    after = parse(copy_profile(text, "dev", "staging"))

    assert copy_profile(text, "dev", "staging").startswith(text)
    copy = after.profiles["staging"]
    assert copy.extends is None
    assert {a: [*map(str, b.models)] for a, b in copy.bindings.items()} == {
        "fast": ["openai:a", "ollama:b"],
        "deep": ["ollama:c"],
    }
    assert copy.bindings["fast"].policy == {"retries": 1}


def test_a_reason_is_written_above_its_binding_and_replaces_an_earlier_one() -> None:
    text = '# mine\n[[profiles.default.bindings]]\nalias = "fast"\nmodels = "openai:a"\n'

    once = give_reason(text, "fast", "default", "2026-11-23: the\ncheapest")
    again = give_reason(once, "fast", "default", "2026-12-01: a better one")

    assert once == "# mine\n# 2026-11-23: the cheapest\n" + text.removeprefix("# mine\n")
    assert again == once.replace("2026-11-23: the cheapest", "2026-12-01: a better one")


@settings(deadline=None, max_examples=60)
@given(bound_aliases())
def test_a_reason_changes_only_comments(case: tuple[str, str, str]) -> None:
    text, alias, profile = case

    assert tree(give_reason(text, alias, profile, "2026-11-23: x")) == tree(text)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda t: create_profile(t, "dev"), ConfigurationError, "already"),
        (lambda t: create_profile(t, ""), ConfigurationError, "empty"),
        (lambda t: create_profile(t, "new", "dve"), ConfigurationError, "did you mean 'dev'"),
        (lambda t: copy_profile(t, "nope", "new"), ConfigurationError, "use one of: "),
        (lambda t: set_policy(t, "retires", 1, "dev"), ConfigurationError, "mean 'retries'"),
        (lambda t: set_policy(t, "retries", -1, "dev"), ConfigurationError, "whole number from 0"),
        (lambda t: set_policy(t, "retries", 1, "dev", "nope"), AliasNotFoundError, "nope"),
        (lambda t: set_policy(t, "timeout", None, "dev"), LockfileError, "by hand"),
    ],
)
def test_impossible_edits_of_profiles_are_rejected_with_the_fix(
    change: Any, error: type[Exception], words: str
) -> None:
    text = "[profiles]\ndev = { timeout = 5, bindings = [] }\n"

    with pytest.raises(error, match=words):
        change(text)
