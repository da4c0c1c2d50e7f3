import re
from pathlib import Path

import pytest

from advisor.fakes import LOCKFILE, MINI, editor_of
from llmring import ConfigurationError, LockfileError
from llmring.advisor.changes import (
    Bind,
    Change,
    CopyProfile,
    CreateProfile,
    SetPolicy,
    Unbind,
)

HERE = Path("llmring.lock")


def test_a_proposal_changes_nothing_and_shows_everything() -> None:
    editor = editor_of()

    proposal = editor.propose(Bind("dev", [MINI], None, "cheap"))

    assert HERE.read_text() == LOCKFILE
    assert proposal.done == "Added binding dev → openai:gpt-4o-mini"
    assert '+alias = "dev"' in proposal.diff.split("\n")
    assert "+# 2026-11-23: cheap" in proposal.diff.split("\n")
    [evidence] = proposal.evidence
    assert evidence.startswith("openai:gpt-4o-mini: $0.15/$0.60 per million tokens")


@pytest.mark.parametrize(
    ("change", "done"),
    [
        (Bind("old", [MINI]), "Changed binding old → openai:gpt-4o-mini"),
        (Bind("x", [MINI], "dev"), "Added binding x → openai:gpt-4o-mini (profile dev)"),
        (
            Bind("x", [MINI, "anthropic:claude-haiku-4-5"]),
            "Added binding x → openai:gpt-4o-mini (fallbacks: anthropic:claude-haiku-4-5)",
        ),
        (Unbind("old"), "Removed binding old"),
        (CreateProfile("dev", "default"), "Added profile dev, which extends default"),
        (CopyProfile("default", "dev"), "Copied profile default to dev"),
        (SetPolicy("timeout", 20, "old"), "Set timeout of alias old to 20"),
        (SetPolicy("retries", 2), "Set retries of profile default to 2"),
    ],
)
def test_each_change_is_made_as_it_was_shown_and_can_be_undone(change: Change, done: str) -> None:
    editor = editor_of()

    proposal = editor.propose(change)
    editor.apply(proposal)

    assert proposal.done == done
    assert editor.diff == proposal.diff
    assert editor.done == [done]
    assert editor.undo() == proposal
    assert HERE.read_text() == LOCKFILE
    assert (editor.done, editor.diff) == ([], "")


def test_changes_are_undone_last_first_and_a_new_file_is_deleted() -> None:
    editor = editor_of(None)
    for alias in ("one", "two"):
        editor.apply(editor.propose(Bind(alias, [MINI])))

    assert "two" in editor.undo().done
    assert "one" in HERE.read_text()
    assert "one" in editor.undo().done
    assert not HERE.exists()
    with pytest.raises(ConfigurationError, match="nothing to undo"):
        editor.undo()


def test_a_change_followed_by_another_edit_is_not_undone() -> None:
    editor = editor_of()
    editor.apply(editor.propose(Bind("dev", [MINI])))
    edited = HERE.read_text() + "\n# mine\n"
    HERE.write_text(edited)

    with pytest.raises(LockfileError, match="edited since by someone else"):
        editor.undo()

    assert HERE.read_text() == edited
    assert editor.done == ["Added binding dev → openai:gpt-4o-mini"]


def test_an_unrelated_edit_before_the_change_is_kept() -> None:
    editor = editor_of()
    proposal = editor.propose(Bind("dev", [MINI]))
    HERE.write_text("# mine\n" + LOCKFILE)

    editor.apply(proposal)

    assert HERE.read_text().startswith("# mine\n")
    assert set(editor.aliases()) == {"old", "dev"}


def test_a_conflicting_edit_before_the_change_is_not_overwritten() -> None:
    editor = editor_of()
    proposal = editor.propose(Bind("dev", [MINI]))
    taken = LOCKFILE + '\n[[profiles.default.bindings]]\nalias = "dev"\nmodels = ["ollama:x"]\n'
    HERE.write_text(taken)

    with pytest.raises(ConfigurationError, match="was edited meanwhile"):
        editor.apply(proposal)

    assert HERE.read_text() == taken


def test_a_file_that_becomes_invalid_is_reported_with_the_place() -> None:
    editor = editor_of()
    HERE.write_text("version = ")

    with pytest.raises(LockfileError, match=re.escape("llmring.lock:1")):
        editor.propose(Bind("dev", [MINI]))


def test_a_new_profile_is_empty_and_created_by_a_binding() -> None:
    editor = editor_of(profile="dev")

    assert editor.aliases() == {}
    editor.apply(editor.propose(Bind("fast", [MINI])))

    assert editor.aliases() == {"fast": [MINI]}
    assert editor.aliases("default") == {"old": ["openai:gpt-4o"]}


def test_the_evidence_shows_an_unknown_price_and_a_missing_key() -> None:
    editor = editor_of()

    [unknown] = editor.propose(Bind("x", ["openai:gpt-0-unheard-of"])).evidence
    [known] = editor.propose(Bind("x", [MINI])).evidence

    assert unknown.endswith("price unknown")
    assert "no key is set for it here" in known
