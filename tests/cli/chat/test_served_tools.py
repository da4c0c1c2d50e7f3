"""MCP servers in a conversation: started once, again after a failure, and ended with it."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from advisor.fakes import calling
from cli.chat.screens import Recorder
from llmring import LLMRequest, LLMRing, ToolServerError, tool
from llmring.cli.chat.call_watch import CallWatch
from llmring.cli.chat.ongoing_chat import Conversation
from llmring.cli.chat.served_tools import ServedTools
from loopback import Loopback

pytest.importorskip("mcp", reason="the extra mcp is not installed")

Vendors = Callable[..., Loopback]

# Writes the number of its process when it starts, and counts its calls.
SERVER = """
import os
from mcp.server.mcpserver import MCPServer

with open("started", "a") as file:
    file.write(f"{os.getpid()}\\n")
served = MCPServer("counter")
calls = 0

@served.tool()
def count() -> str:
    global calls
    calls += 1
    return f"call {calls}"

@served.tool()
def leave() -> str:
    os._exit(1)

served.run()
"""


def command() -> str:
    path = Path("counter.py")
    path.write_text(SERVER)
    return f"{sys.executable} {path.resolve()}"


def started() -> list[int]:
    return [*map(int, Path("started").read_text().split())]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def ask(talk: Conversation, *questions: str) -> list[str | ToolServerError]:
    """Ask as a conversation does: each question in a run of the loop, then close."""
    told: list[str | ToolServerError] = []

    async def say(question: str) -> None:
        screen = Recorder()
        try:
            await talk.say(question, screen, CallWatch(), screen.show)
            told.append(screen.shown[-1])
        except ToolServerError as error:
            told.append(error)

    with asyncio.Runner() as runner:
        for each in questions:
            runner.run(say(each))
        runner.run(talk.close())
    return told


def results(server: Loopback) -> list[str]:
    return [
        each["content"] for each in server.requests[-1].json["messages"] if "tool_call_id" in each
    ]


def conversation(**more: Any) -> Conversation:
    return Conversation(LLMRing(), LLMRequest("fast", ()), None, mcp=[command()], **more)


@pytest.mark.skipif(os.name != "posix", reason="processes of POSIX")
def test_a_server_is_started_once_and_ended_with_the_conversation(openai: Vendors) -> None:
    server = openai(
        calling(("count", {})),
        answers.openai_stream("One."),
        calling(("count", {})),
        answers.openai_stream("Two."),
    )

    assert ask(conversation(), "Count", "Again") == ["One.", "Two."]
    assert results(server) == ["call 1", "call 2"]
    [process] = started()
    assert not is_running(process)


def test_a_server_that_has_gone_is_started_again_at_the_next_question(openai: Vendors) -> None:
    server = openai(
        calling(("leave", {})),
        calling(("count", {})),
        answers.openai_stream("One."),
    )

    failed, answered = ask(conversation(), "Leave", "Count")

    assert isinstance(failed, ToolServerError)
    assert answered == "One."
    assert results(server) == ["call 1"]
    assert len(started()) == 2


def test_functions_and_tools_of_servers_are_offered_together(openai: Vendors) -> None:
    server = openai(answers.openai_stream("Hi."))

    def count() -> str:
        return "mine"

    ask(conversation(tools=[tool(count)]), "Hello")

    offered = [each["function"]["name"] for each in server.requests[0].json["tools"]]
    assert len(offered) == len({*offered}) == 3


def test_a_server_that_can_t_start_is_an_error_and_tried_again() -> None:
    async def run() -> None:
        served = ServedTools(["no-such-program-here"], 5)
        for _ in range(2):
            with pytest.raises(ToolServerError):
                await served.tools()
        await served.close()

    asyncio.run(run())


def test_a_question_that_is_cancelled_while_a_server_starts_leaves_none_behind() -> None:
    async def run() -> None:
        served = ServedTools([f"{sys.executable} -c 'import time; time.sleep(60)'"], 30)
        waiting = asyncio.create_task(served.tools())
        await asyncio.sleep(0.5)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())


def test_without_servers_there_is_nothing_to_connect() -> None:
    async def run() -> None:
        served = ServedTools([], None)
        assert [*await served.tools()] == []
        await served.close()

    asyncio.run(run())
