"""The guided mode: a conversation without a model."""

import asyncio
import re
from pathlib import Path

import pytest

from advisor.fakes import LOCKFILE, MINI, Person, editor_of
from llmring.advisor.editor import LockfileEditor
from llmring.advisor.rule_based import RuleBasedAgent, RuleBasedReply
from llmring.advisor.toolset import Tools
from llmring.registry.price import price_tag

HERE = Path("llmring.lock")


def agent(editor: LockfileEditor, *message: str, agrees: bool = True) -> list[RuleBasedReply]:
    guided = RuleBasedAgent(editor, Tools(editor, Person(agrees=agrees).agree))

    async def run() -> list[RuleBasedReply]:
        return [await guided.say(each) for each in message]

    return asyncio.run(run())


def test_a_recommended_model_can_be_bound_by_that() -> None:
    editor = editor_of(None)

    first, second = agent(
        editor, "I need a fast, cheap model for development", "Set that as my 'dev' alias"
    )

    [[name]] = editor.aliases().values()
    facts = editor.facts(name)
    assert facts is not None
    prices = facts.prices_on(editor.day)
    assert prices is not None
    assert first.text.startswith(f"I recommend {facts.name} - it's {price_tag(prices)}")
    assert second.text == f"Done! Added binding dev → {name}"
    assert [*editor.aliases()] == ["dev"]
    assert [*editor.lockfile.profiles] == ["default"]


def test_a_new_need_overrides_the_last_recommendation() -> None:
    editor = editor_of(None)

    agent(editor, "the cheapest model of openai", "bind a model that reads images to google eyes")

    assert not any(models[0].startswith("openai:") for models in editor.aliases().values())


def test_fallbacks_come_from_other_vendors() -> None:
    editor = editor_of(None)

    agent(editor, "use openai:gpt-4o-mini for coder with fallbacks")

    first, *others = [each.partition(":")[0] for each in editor.aliases()["coder"]]
    assert first == "openai"
    assert len({first, *others}) == len(others) + 1 > 1


def test_a_model_added_as_a_fallback_keeps_the_others() -> None:
    editor = editor_of()

    agent(editor, "add openai:gpt-4o-mini as a fallback to old")

    assert editor.aliases() == {"old": ["openai:gpt-4o", MINI]}


@pytest.mark.parametrize(
    ("message", "has"),
    [
        ("copy profile default to dev", "profiles.dev"),
        ("create a profile called dev", "profiles.dev"),
        ("bind gpt-4o-mini to fast for dev", "profiles.dev"),
        ("set timeout of old to 20", "timeout = 20"),
        ("set strategy of old to cheapest", 'strategy = "cheapest"'),
        ("use a model under $1 for small-talk", "small-talk"),
    ],
)
def test_a_plain_request_changes_the_file(message: str, has: str) -> None:
    [reply] = agent(editor_of(), message)

    assert reply.done
    assert reply.text.startswith("Done! ")
    assert has in HERE.read_text()


def test_a_declined_change_is_reported_as_not_written() -> None:
    [reply] = agent(editor_of(), f"bind {MINI} to dev", agrees=False)

    assert not reply.done
    assert reply.text == "Nothing was written. Proposed: Added binding dev → openai:gpt-4o-mini."
    assert HERE.read_text() == LOCKFILE


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        "set that as my dev alias",
        "remove the nothing alias",
        "bind openai:gpt-4o-mni to x",
        "a model under $0.00001",
        "copy profile nowhere to dev",
        "set a timeout of 0 for old",
    ],
)
def test_an_impossible_request_is_reported_and_changes_nothing(message: str) -> None:
    [reply] = agent(editor_of(), message)

    assert not reply.done
    assert reply.text
    assert HERE.read_text() == LOCKFILE


def test_an_invalid_lockfile_does_not_end_the_conversation() -> None:
    editor = editor_of()
    HERE.write_text("version = ")

    [reply] = agent(editor, "bind gpt-4o-mini to dev")

    assert re.search(r"llmring\.lock:1", reply.text)
    assert HERE.read_text() == "version = "
