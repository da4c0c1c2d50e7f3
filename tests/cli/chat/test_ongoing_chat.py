"""A conversation with models: questions with tools, and taking them back."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

import answers
from advisor.fakes import calling
from cli.chat.screens import Recorder
from llmring import LLMRequest, LLMRing, Message, ProviderError, tool
from llmring.cli.chat.call_watch import CallWatch
from llmring.cli.chat.ongoing_chat import Conversation
from loopback import Loopback

Vendors = Callable[..., Loopback]


def add(a: int, b: int) -> int:
    return a + b


def ask(talk: Conversation, *questions: str) -> Recorder:
    screen = Recorder()

    async def run() -> None:
        async with talk.ring:
            for question in questions:
                await talk.say(question, screen, CallWatch(), screen.show)

    asyncio.run(run())
    return screen


def conversation(*messages: Message, **more: Any) -> Conversation:
    return Conversation(LLMRing(), LLMRequest("fast", messages), None, **more)


def test_the_calls_of_tools_are_part_of_the_conversation(openai: Vendors) -> None:
    server = openai(
        calling(("add", {"a": 1, "b": 2})),
        answers.openai_stream("It is 3."),
        answers.openai_stream("Yes."),
    )
    talk = conversation(tools=[tool(add)])

    screen = ask(talk, "1 + 2?", "Sure?")

    assert screen.shown == ["calls add", "It is 3.", "Yes."]
    assert [each.role for each in talk.messages] == [
        *("user", "assistant", "tool", "assistant", "user", "assistant")
    ]
    assert json.loads(server.requests[-1].body)["messages"][2]["content"] == "3"
    assert talk.undo() == "Sure?"
    assert talk.undo() == "1 + 2?"
    assert talk.undo() is None
    assert talk.messages == []


def test_a_failed_question_leaves_the_conversation_as_it_was(openai: Vendors) -> None:
    openai(answers.openai_error(500), second=answers.openai_error(500))
    system = Message("system", "Be brief")
    talk = conversation(system)

    with pytest.raises(ProviderError):
        ask(talk, "Hello")
    assert talk.messages == [system]
    assert talk.undo() is None


def test_the_cost_of_all_answers_is_counted(openai: Vendors) -> None:
    openai(answers.openai_stream("One"), answers.openai_stream("Two"))
    talk = conversation()

    ask(talk, "1")
    once = talk.meter.total
    ask(talk, "2")

    assert once
    assert talk.meter.total == 2 * once
