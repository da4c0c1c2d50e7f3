"""The advisor for models that fill in a form: rules parse the sentence, the model only chooses."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import answers
from advisor.fakes import LOCKFILE, MINI, Person, Serve, editor_of
from llmring import LLMRing, ProviderError
from llmring.advisor.agent import Turn
from llmring.advisor.small_model import SmallModelAgent
from llmring.advisor.toolset import Tools
from llmring.advisor.usage_meter import UsageMeter
from loopback import Loopback


class Conversation:
    """A conversation with a small model, played by a fake provider."""

    def __init__(self, text: str = LOCKFILE) -> None:
        self.editor = editor_of(text)
        self.meter = UsageMeter()
        self.person = Person()
        self._tools = Tools(self.editor, self.person.agree)

    def say(self, text: str) -> Turn:
        async def run() -> Turn:
            async with LLMRing("llmring.lock") as ring:
                form = SmallModelAgent(ring, MINI, None, self.editor, self._tools, self.meter)
                return await form.say(text)

        return asyncio.run(run())


def choices(server: Loopback) -> list[str]:
    """Return the models that the form of the first request allows."""
    form: Any = server.requests[0].json["response_format"]["json_schema"]["schema"]
    return list(form["properties"]["model"]["enum"])


def choosing(model: str) -> Any:
    return answers.openai(json.dumps({"model": model}))


def test_the_model_chooses_among_models_that_meet_the_need(model: Serve) -> None:
    server = model(choosing("openai:made-up"))
    Conversation().say("use a cheap openai model for helper")
    offered = choices(server)
    server.answers[:] = [choosing(offered[-1])]
    conversation = Conversation()

    turn = conversation.say("use a cheap openai model for helper")

    assert 2 <= len(offered) <= 5
    assert all(each.startswith("openai:") for each in offered)
    assert (turn.model, turn.done) == (MINI, True)
    assert conversation.editor.aliases()["helper"][0] == offered[-1]


def test_each_choice_is_offered_with_its_price(model: Serve) -> None:
    server = model(choosing("openai:made-up"))
    Conversation().say("use a cheap openai model for helper")

    prompt = server.requests[0].json["messages"][-1]["content"]
    lines = [line for line in prompt.splitlines() if line.startswith("- ")]
    assert [line[2:].rsplit(": ", 1)[0] for line in lines] == choices(server)
    assert all("per million tokens" in line for line in lines)


@pytest.mark.parametrize("text", [f"bind {MINI} to dev", "remove the old alias"])
def test_a_request_that_leaves_no_choice_calls_no_model(model: Serve, text: str) -> None:
    server = model(answers.openai("no"))
    turn = Conversation().say(text)

    assert (server.requests, turn.model, turn.done) == ([], None, True)
    assert Path("llmring.lock").read_text() != LOCKFILE


def test_an_answer_outside_the_form_leaves_the_choice_to_the_rules(model: Serve) -> None:
    model(choosing("openai:made-up"))
    conversation = Conversation()

    turn = conversation.say("use a cheap openai model for helper")

    assert (turn.model, turn.done) == (None, True)
    assert conversation.editor.aliases()["helper"][0].startswith("openai:")
    assert "made-up" not in Path("llmring.lock").read_text()
    assert (conversation.meter.total or 0) > 0


def test_a_failed_call_changes_nothing(model: Serve) -> None:
    model(answers.openai_error(500, "out of order"))

    with pytest.raises(ProviderError, match="out of order"):
        Conversation().say("use a cheap openai model for helper")
    assert Path("llmring.lock").read_text() == LOCKFILE
