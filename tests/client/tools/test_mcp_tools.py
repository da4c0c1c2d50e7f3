import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from answers import openai
from llmring import LLMRing
from llmring.exceptions import ProviderError, ToolServerError
from loopback import Answer, Loopback, as_json
from rings import MODEL, environ_of

pytest.importorskip("mcp", reason="the extra mcp is not installed")

SERVER = """
from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError

served = MCPServer("kitchen")

@served.tool()
def temperature(city: str) -> str:
    "How warm it is."
    return f"{city}: 21 degrees"

@served.tool()
def oven(degrees: int) -> str:
    "Heats."
    raise ToolError("it is broken")

@served.tool(name="look.around")
def look() -> Image:
    "A picture."
    return Image(data=b"png", format="png")

served.run()
"""


def asks_for(name: str, arguments: str = "{}") -> Answer:
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return as_json({"id": "1", "model": "gpt-4o-mini", "choices": [choice], "usage": usage})


@pytest.fixture
def command(tmp_path: Path) -> str:
    path = tmp_path / "kitchen.py"
    path.write_text(SERVER)
    return f"{sys.executable} {path}"


def said_to_model(server: Loopback) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = json.loads(server.requests[-1].body)["messages"]
    return [message for message in messages if message["role"] == "tool"]


def test_a_model_calls_the_tools_of_an_mcp_server(
    serve: Callable[..., Loopback], command: str
) -> None:
    server = serve(asks_for("temperature", '{"city": "Graz"}'), openai("warm"))
    ring = LLMRing(environ=environ_of(server))

    answer = ring.run_tools(MODEL, "How warm is it?", mcp=[command])

    assert answer.content == "warm"
    assert said_to_model(server)[0]["content"] == "Graz: 21 degrees"
    offered = json.loads(server.requests[0].body)["tools"]
    assert [tool["function"]["name"] for tool in offered] == ["temperature", "oven", "look_around"]
    assert offered[0]["function"]["description"] == "How warm it is."
    assert offered[0]["function"]["parameters"]["required"] == ["city"]


def test_the_error_of_a_tool_is_sent_to_the_model(
    serve: Callable[..., Loopback], command: str
) -> None:
    server = serve(asks_for("oven", '{"degrees": 200}'), openai("sorry"))

    answer = LLMRing(environ=environ_of(server)).run_tools(MODEL, "Bake", mcp=[command])

    assert answer.content == "sorry"
    assert "it is broken" in said_to_model(server)[0]["content"]


def test_tools_of_two_servers_and_own_tools_can_be_combined(
    serve: Callable[..., Loopback], command: str
) -> None:
    def mine() -> str:
        """Return a word."""
        return "mine"

    server = serve(asks_for("temperature_2", '{"city": "Linz"}'), openai("done"))
    ring = LLMRing(environ=environ_of(server))

    async def ask() -> str:
        answer = await ring.run_tools(MODEL, "?", tools=[mine], mcp=[command, command])
        return answer.content

    assert asyncio.run(ask()) == "done"
    names = [t["function"]["name"] for t in json.loads(server.requests[0].body)["tools"]]
    assert names[0] == "mine"
    assert len(set(names)) == len(names) == 7
    assert said_to_model(server)[0]["content"] == "Linz: 21 degrees"


@pytest.mark.parametrize(
    "there_is_none",
    ["no-such-command-here --key=sk-secret", "http://127.0.0.1:9/mcp?key=sk-secret"],
)
def test_a_server_that_cannot_be_used_is_named_without_its_secrets(
    serve: Callable[..., Loopback], there_is_none: str
) -> None:
    server = serve(openai())

    with pytest.raises(ToolServerError, match="can't be used") as caught:
        LLMRing(environ=environ_of(server)).run_tools(MODEL, "?", mcp=[there_is_none])

    assert "sk-secret" not in str(caught.value)
    assert server.requests == []


def test_a_failing_model_fails_as_it_does_without_servers(
    serve: Callable[..., Loopback], command: str
) -> None:
    server = serve(as_json({"error": {"message": "no"}}, 401))

    with pytest.raises(ProviderError, match="no"):
        LLMRing(environ=environ_of(server)).run_tools(MODEL, "?", mcp=[command])
