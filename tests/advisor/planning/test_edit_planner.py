"""Plans: what is unclear is asked back, and nothing is done in part."""

import asyncio
from pathlib import Path

import pytest

from advisor.fakes import Person
from advisor.small_catalog import LOCK, small_agent, small_editor
from llmring.advisor.rule_based import RuleBasedReply

HERE = Path("llmring.lock")


def conversation(*messages: str, agrees: bool = True) -> list[RuleBasedReply]:
    agent = small_agent(small_editor(), Person(agrees=agrees))

    async def run() -> list[RuleBasedReply]:
        return [await agent.say(each) for each in messages]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("message", "choices"),
    [
        ("bind fast to gemini", 3),
        ("bind fast to an openai model", 2),
        ("use haiku for dev", 1),
        ("bind fast to haiku and coder to sonnet in prod", 2),
    ],
)
def test_an_unclear_request_is_a_question_with_choices(message: str, choices: int) -> None:
    [reply] = conversation(message)

    numbers = [line.partition(".")[0] for line in reply.text.splitlines()[1:-1]]
    assert numbers == [str(each) for each in range(1, choices + 1)]
    assert not reply.done
    assert HERE.read_text() == LOCK


@pytest.mark.parametrize(
    "choice",
    ["2", "02", "the second one", "second", "gemini-3.8-flash", "google:gemini-3.8-flash"],
)
def test_a_choice_is_made_by_number_or_name(choice: str) -> None:
    conversation("bind fast to gemini", choice)

    assert 'models = ["google:gemini-3.8-flash"]' in HERE.read_text()


@pytest.mark.parametrize("answer", ["0", "4", "\u00b2", "9" * 5000])
def test_a_number_that_no_choice_has_chooses_nothing(answer: str) -> None:
    *_, reply = conversation("bind fast to gemini", answer)

    assert not reply.done
    assert HERE.read_text() == LOCK


@pytest.mark.parametrize(
    "messages",
    [
        ["limit fast and coder to 5 rpm", "rename it to quick"],
        ["bind fast and coder to haiku and rename it to quick"],
    ],
)
def test_one_name_for_several_aliases_is_a_question(messages: list[str]) -> None:
    *_, reply = conversation(*messages)

    assert not reply.done
    assert "quick" not in HERE.read_text()


def test_a_choice_holds_only_for_the_next_message() -> None:
    conversation("bind fast to gemini", "what is fast bound to?", "2")

    assert HERE.read_text() == LOCK


def test_the_part_that_a_profile_is_meant_for_can_be_chosen() -> None:
    conversation("bind fast to haiku and coder to sonnet in prod", "2")

    default, prod = HERE.read_text().split("[profiles.prod]")
    assert 'models = ["anthropic:claude-haiku-5-5"]' in default
    assert 'models = ["anthropic:claude-sonnet-5-5"]' in prod
    assert "haiku" not in prod


def test_a_request_is_done_wholly_or_not_at_all() -> None:
    [reply] = conversation("bind fast to haiku and remove the nothing alias")

    assert not reply.done
    assert HERE.read_text() == LOCK


def test_the_changes_of_a_request_are_one_proposal_and_one_undo() -> None:
    person = Person()
    agent = small_agent(small_editor(), person)

    async def run() -> RuleBasedReply:
        await agent.say("bind fast to haiku and limit it to 5 rpm and 3 retries")
        return await agent.say("undo that")

    assert asyncio.run(run()).done
    assert len(person.proposals) == 1
    assert HERE.read_text() == LOCK


def test_comments_order_and_policies_stay() -> None:
    conversation("bind fast to haiku")

    assert HERE.read_text() == LOCK.replace(
        '[[profiles.default.bindings]]\nalias = "fast"\n'
        'models = ["openai:gpt-4o-mini", "google:gemini-3.5-flash-lite"]',
        "# 2026-11-23: $0.20/$0.80 per million tokens\n"
        '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["anthropic:claude-haiku-5-5"]',
        1,
    )


def test_a_limit_of_an_inherited_alias_is_set_in_the_profile_only() -> None:
    conversation("in prod, limit fast to 20 rpm")

    default, prod = HERE.read_text().split("[profiles.prod]")
    assert "rpm = 100" in default
    assert "rpm = 20" in prod
    assert '"openai:gpt-4o-mini", "google:gemini-3.5-flash-lite"' in prod


def test_a_missing_capability_is_answered_with_models_that_have_it() -> None:
    question, answer = conversation("coder must hear audio", "1")

    assert "lacks audio" in question.text
    assert answer.done
    assert 'needs = ["audio"]' in HERE.read_text()


def test_a_declined_proposal_changes_nothing() -> None:
    [reply] = conversation("bind fast to haiku and limit it to 5 rpm", agrees=False)

    assert not reply.done
    assert HERE.read_text() == LOCK


def test_the_same_can_be_done_for_a_profile_and_an_alias() -> None:
    conversation("limit fast to 5 rpm", "the same for prod", "and the same for coder")

    assert HERE.read_text().count("rpm = 5\n") == 3


def test_a_vendor_named_like_one_of_its_models_means_all_of_its_models() -> None:
    text = LOCK.replace('models = ["openai:gpt-4o"]', 'models = ["openai:gpt-4o", "mistral:codes"]')
    agent = small_agent(small_editor(text), Person())

    reply = asyncio.run(agent.say("never use mistral in coder"))

    assert reply.done
    assert HERE.read_text() == LOCK
