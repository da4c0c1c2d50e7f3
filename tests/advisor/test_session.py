"""Conversations with the advisor: the choice of its model, and what follows if that fails."""

from pathlib import Path

import pytest

import answers
from advisor.fakes import (
    LOCKFILE,
    MINI,
    Person,
    Serve,
    calling,
    conversation,
    say,
    saying,
)
from llmring import AliasNotFoundError

HERE = Path("llmring.lock")


def test_if_all_calls_fail_the_guided_mode_takes_over(model: Serve) -> None:
    model(answers.openai_error(500, "out of order"))
    person = Person()
    session = conversation(person)
    first, second = say(session, person, f"bind {MINI} to dev", "remove the dev alias")

    assert "out of order" in first.text
    assert "guided mode" in first.text
    assert first.text.endswith("Done! Added binding dev → openai:gpt-4o-mini")
    assert second.text == "Done! Removed binding dev"
    assert session.who.mode == "guided"


def test_a_change_made_before_the_calls_failed_is_not_repeated(model: Serve) -> None:
    model(
        calling(("bind", {"alias": "dev", "models": [MINI]})),
        answers.openai_error(500, "out of order"),
    )
    person = Person()
    session = conversation(person)
    [turn] = say(session, person, f"bind {MINI} to dev")

    assert "/diff" in turn.text
    assert len(person.proposals) == 1


def test_C14_the_users_own_advisor_alias_precedes_the_bundled_one(model: Serve) -> None:
    server = model(saying("Yes."))
    own = LOCKFILE + f'\n[[profiles.default.bindings]]\nalias = "mine"\nmodels = ["{MINI}"]\n'
    person = Person()
    for alias, text in (("mine", own), ("advisor", None), ("advisor", own)):
        HERE.unlink(missing_ok=True)
        session = conversation(person, text, alias, "not-there-yet")
        assert session.who.mode == "model"
        say(session, person, "hello")

    models = [request.json["model"] for request in server.requests]
    assert models[0] == "gpt-4o-mini"
    assert models[1] == models[2] != "gpt-4o-mini"


def test_C14_without_a_key_the_guided_mode_answers_and_introduces_itself() -> None:
    person = Person()
    session = conversation(person, None, "advisor")
    assert session.who.mode == "guided"
    assert "This is the guided mode" in session.who.greeting
    assert "set OPENAI_API_KEY" in session.who.greeting
    [turn] = say(session, person, f"bind {MINI} to dev")
    assert turn.text == "Done! Added binding dev → openai:gpt-4o-mini"


def test_an_unknown_advisor_alias_is_an_error() -> None:
    person = Person()
    with pytest.raises(AliasNotFoundError, match="missing"):
        conversation(person, alias="missing")
