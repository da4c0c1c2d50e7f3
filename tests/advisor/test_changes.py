"""The changes to a lockfile that the advisor can propose: their effect, and it in words."""

import pytest

from advisor.fakes import LOCKFILE, MINI
from llmring import LLMRingError
from llmring.advisor.changes import (
    Bind,
    Change,
    CopyProfile,
    CreateProfile,
    RemoveProfile,
    RenameBinding,
    ReplaceModel,
    SetPolicy,
    Several,
    Unbind,
    edit_of,
    listed,
    profile_of,
)
from llmring.lockfile.document import parse
from llmring.lockfile.resolve import bindings

DAY = "2026-11-23"
TWO = f"{LOCKFILE}\n[profiles.dev]\n"


def models(text: str, profile: str = "default") -> dict[str, list[str]]:
    found = bindings(parse(text), profile)
    return {alias: [str(ref) for ref in binding.models] for alias, binding in found.items()}


def applied(change: Change, text: str = TWO) -> str:
    return edit_of(change, profile_of(change, "default"), DAY)(text)


def in_words(change: Change, before: str = TWO) -> str:
    return change.done(before, profile_of(change, "default"))


def test_a_bound_alias_has_its_models_and_the_dated_reason_as_a_comment() -> None:
    after = applied(Bind("new", [MINI, "mock:a"], reason="cheap"))

    assert models(after)["new"] == [MINI, "mock:a"]
    assert f"# {DAY}: cheap\n" in after


def test_a_binding_that_is_there_already_gets_no_reason() -> None:
    assert applied(Bind("old", ["openai:gpt-4o"], reason="again")) == TWO


def test_an_unbound_alias_is_gone() -> None:
    assert models(applied(Unbind("old"))) == {}


def test_a_created_profile_inherits_and_a_copied_one_has_its_own_bindings() -> None:
    created = applied(CreateProfile("new", extends="default"))
    copied = applied(CopyProfile("default", "new"))

    assert models(created, "new") == models(copied, "new") == {"old": ["openai:gpt-4o"]}
    change = Bind("old", [MINI])
    assert models(applied(change, created), "new") == {"old": [MINI]}
    assert models(applied(change, copied), "new") == {"old": ["openai:gpt-4o"]}


def test_a_policy_is_set_for_an_alias_or_a_profile_and_removed_by_null() -> None:
    for_alias = applied(SetPolicy("timeout", 20, alias="old"))
    for_profile = applied(SetPolicy("timeout", 20, profile="dev"))

    assert parse(for_alias).profiles["default"].bindings["old"].policy["timeout"] == 20
    assert parse(for_profile).profiles["dev"].policy["timeout"] == 20
    assert applied(SetPolicy("timeout", None, alias="old"), for_alias) == TWO


@pytest.mark.parametrize(
    "change", [Bind("new", ["nowhere"]), Unbind("new"), SetPolicy("no_such_key", 1)]
)
def test_an_impossible_change_is_an_error(change: Change) -> None:
    with pytest.raises(LLMRingError):
        applied(change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (Bind("new", [MINI]), f"Added binding new → {MINI}"),
        (Bind("old", [MINI]), f"Changed binding old → {MINI}"),
        (
            Bind("new", [MINI, "mock:a", "mock:b"]),
            f"Added binding new → {MINI} (fallbacks: mock:a, mock:b)",
        ),
        (Bind("old", [MINI], profile="dev"), f"Added binding old → {MINI} (profile dev)"),
        (Unbind("old"), "Removed binding old"),
        (Unbind("old", profile="dev"), "Removed binding old (profile dev)"),
        (CreateProfile("new"), "Added profile new"),
        (CreateProfile("new", extends="dev"), "Added profile new, which extends dev"),
        (CopyProfile("dev", "new"), "Copied profile dev to new"),
        (SetPolicy("timeout", 20, alias="old"), "Set timeout of alias old to 20"),
        (
            SetPolicy("needs", ["tools", "vision"], alias="old", profile="dev"),
            "Set needs of alias old to tools, vision (profile dev)",
        ),
        (SetPolicy("timeout", 20, profile="dev"), "Set timeout of profile dev to 20"),
        (SetPolicy("timeout", None), "Removed timeout of profile default"),
    ],
)
def test_a_change_is_described_with_its_profile_unless_that_is_the_default(
    change: Change, words: str
) -> None:
    assert in_words(change) == words


def test_the_default_profile_is_that_of_the_lockfile() -> None:
    text = TWO.replace('version = "1.0"', 'version = "1.0"\ndefault_profile = "dev"')

    assert Bind("a", [MINI]).done(text, "dev") == f"Added binding a → {MINI}"
    assert Bind("a", [MINI]).done("", "default") == f"Added binding a → {MINI}"


def test_a_change_that_names_no_profile_applies_to_the_usual_one() -> None:
    assert profile_of(Unbind("a", profile="dev"), "usual") == "dev"
    assert profile_of(Unbind("a"), "usual") == profile_of(CreateProfile("a"), "usual") == "usual"


def test_a_renamed_alias_keeps_its_models() -> None:
    change = RenameBinding("old", "new")

    assert models(applied(change)) == {"new": ["openai:gpt-4o"]}
    assert in_words(change) == "Renamed alias old to new"


def test_a_model_is_replaced_in_every_profile_or_in_one() -> None:
    both = applied(Bind("mine", [MINI, "openai:gpt-4o"], "dev"))
    everywhere = ReplaceModel("openai:gpt-4o", MINI)
    in_dev = ReplaceModel("openai:gpt-4o", MINI, "dev")

    assert models(applied(everywhere, both)) == {"old": [MINI]}
    assert models(applied(everywhere, both), "dev") == {"mine": [MINI]}
    assert models(applied(in_dev, both)) == {"old": ["openai:gpt-4o"]}
    assert (
        in_words(everywhere, both) == f"Replaced openai:gpt-4o by {MINI} in old, mine (profile dev)"
    )
    assert in_words(everywhere, "") == f"Replaced openai:gpt-4o by {MINI} in no alias"


def test_a_removed_profile_is_gone() -> None:
    assert applied(RemoveProfile("dev")) == LOCKFILE
    assert in_words(RemoveProfile("dev")) == "Removed profile dev"


def test_several_changes_follow_each_other_and_name_only_those_that_change_something() -> None:
    change = Several(
        (Bind("new", [MINI]), Bind("old", ["openai:gpt-4o"]), SetPolicy("rpm", 5, "new"))
    )

    assert parse(applied(change)).profiles["default"].bindings["new"].policy == {"rpm": 5}
    assert in_words(change) == f"Added binding new → {MINI}; Set rpm of alias new to 5"


def test_several_changes_are_listed_one_on_a_line_and_a_single_one_is_not() -> None:
    change = Several((Bind("new", [MINI]), SetPolicy("rpm", 5, "new")))

    assert listed(in_words(change)) == (
        f"\n  Added binding new → {MINI}\n  Set rpm of alias new to 5"
    )
    assert listed(in_words(change.changes[0])) == f" Added binding new → {MINI}"
