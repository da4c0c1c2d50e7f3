"""MCP servers with lists of many pages, and servers that can't be used."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring import LLMRing, PendingTools, ProviderError
from llmring.exceptions import ToolServerError
from loopback import Answer, Loopback, Pause, as_json
from rings import MODEL, environ_of, ring_at

pytest.importorskip("mcp", reason="the extra mcp is not installed")

Serve = Callable[..., Loopback]

# Answers as the specification says, but for what the first argument asks for.
SERVER = r"""
import json, sys, time

fault = sys.argv[1]
schema = {"type": "object", "properties": {}}
if fault == "exits":
    sys.exit("no configuration")
if fault == "prints":
    print("Welcome!", flush=True)
    time.sleep(60)
for line in sys.stdin:
    message = json.loads(line)
    id_, method = message.get("id"), message.get("method")
    if id_ is None:
        continue
    if fault == "sleeps":
        time.sleep(60)
    result = error = None
    if method == "initialize":
        version = message["params"]["protocolVersion"]
        result = {
            "protocolVersion": version,
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "x", "version": "1"},
        }
    elif method == "tools/list":
        page = int((message.get("params") or {}).get("cursor") or 0)
        result = {"tools": [{"name": f"t{page}", "inputSchema": schema}]}
        if page < 2 or fault == "endless":
            result["nextCursor"] = str(0 if fault == "circles" and page else page + 1)
        if fault == "list fails" and page == 1:
            result, error = None, {"code": -32603, "message": "the second page is missing"}
    elif method == "tools/call":
        if fault == "dies":
            sys.exit(1)
        if fault == "refuses":
            error = {"code": -32602, "message": "not today"}
        else:
            result = {"content": [{"type": "text", "text": message["params"]["name"]}]}
    else:
        error = {"code": -32601, "message": "unknown method"}
    reply = {"result": result} if result is not None else {"error": error}
    print(json.dumps({"jsonrpc": "2.0", "id": id_, **reply}), flush=True)
"""


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], str]:
    path = tmp_path / "served.py"
    path.write_text(SERVER)
    return lambda fault: f"{sys.executable} {path} {fault!r} --key=sk-secret-0123"


def asks_for(name: str) -> Answer:
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return as_json({"id": "1", "model": "m", "choices": [choice]})


def run(way: str, ring: LLMRing, *servers: Any, **more: Any) -> str:
    if way == "sync":
        pending: PendingTools = ring.run_tools(MODEL, "Hi", mcp=servers, **more)
        return pending.content

    async def call() -> str:
        pending: PendingTools = ring.run_tools(MODEL, "Hi", mcp=servers, **more)
        return (await pending).content

    return asyncio.run(call())


QUERY = "key=sk-secret-0123"

each_way = pytest.mark.parametrize("way", ["sync", "async"])


@each_way
def test_all_pages_of_tools_are_offered_and_can_be_called(
    serve: Serve, command: Callable[[str], str], way: str
) -> None:
    server = serve(asks_for("t2"), answers.openai("done"))

    assert run(way, ring_at(server), command("none")) == "done"

    offered = [each["function"]["name"] for each in server.requests[0].json["tools"]]
    assert offered == ["t0", "t1", "t2"]
    assert server.requests[1].json["messages"][-1]["content"] == "t2"


def test_tools_of_a_server_give_way_to_the_application_s_own(
    serve: Serve, command: Callable[[str], str]
) -> None:
    def t1() -> str:
        """Return a word."""
        return "mine"

    server = serve(asks_for("t1_2"), answers.openai("done"))

    run("sync", ring_at(server), command("none"), tools=[t1])

    offered = [each["function"]["name"] for each in server.requests[0].json["tools"]]
    assert offered == ["t1", "t0", "t1_2", "t2"]
    assert server.requests[1].json["messages"][-1]["content"] == "t1"


UNUSABLE = {
    "exits": "run the command in a terminal",
    "prints": "check that the server is running, or raise the timeout",
    "sleeps": "check that the server is running, or raise the timeout",
    "list fails": "the second page is missing",
    "circles": "its list of tools does not end",
    "endless": "its list of tools does not end",
}


@each_way
@pytest.mark.parametrize(("fault", "words"), UNUSABLE.items(), ids=UNUSABLE)
def test_a_server_that_fails_is_one_error_with_the_server_and_a_remedy(
    serve: Serve, command: Callable[[str], str], way: str, fault: str, words: str
) -> None:
    server = serve(answers.openai("never"))
    before = time.monotonic()

    with pytest.raises(ToolServerError, match=words) as caught:
        run(way, ring_at(server, timeout=3), command(fault))

    assert f"the MCP server {sys.executable} can't be used" in str(caught.value)
    assert "sk-secret" not in "".join(traceback.format_exception(caught.value))
    assert server.requests == []
    assert time.monotonic() - before < 12


@each_way
def test_a_server_that_dies_in_a_call_is_such_an_error(
    serve: Serve, command: Callable[[str], str], way: str
) -> None:
    server = serve(asks_for("t0"), answers.openai("never"))

    with pytest.raises(ToolServerError, match="can't be used"):
        run(way, ring_at(server), command("dies"))

    assert len(server.requests) == 1


@each_way
def test_a_server_that_refuses_a_call_is_the_model_s_business(
    serve: Serve, command: Callable[[str], str], way: str
) -> None:
    server = serve(asks_for("t0"), answers.openai("sorry"))

    assert run(way, ring_at(server), command("refuses")) == "sorry"

    assert "not today" in server.requests[1].json["messages"][-1]["content"]


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


PAGES = {
    "an error": Answer([b"oops"], 500, {"content-type": "text/plain"}),
    "a page": Answer([b"<html>Hello</html>"], 200, {"content-type": "text/html"}),
    "a refusal": as_json({"error": "invalid key"}, 401),
    "no answer": Answer([Pause(30)]),
}


@each_way
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_an_address_that_is_no_server_s_is_one_error_without_its_key(
    serve: Serve, way: str, page: Answer
) -> None:
    there, server = serve(page), serve(answers.openai("never"))

    with pytest.raises(ToolServerError, match=r"the MCP server at 127\.0\.0\.1:\d+ ") as caught:
        run(way, ring_at(server, timeout=2), f"{there.url}/mcp?{QUERY}")

    assert "sk-secret" not in "".join(traceback.format_exception(caught.value))
    assert server.requests == []


@each_way
def test_nobody_at_an_address_is_one_error(serve: Serve, way: str) -> None:
    place = f"http://127.0.0.1:{unused_port()}/mcp"

    with pytest.raises(ToolServerError, match="check that the server is running"):
        run(way, ring_at(serve(answers.openai("never"))), place)


@each_way
def test_one_of_two_servers_that_fails_is_the_one_that_is_named(
    serve: Serve, command: Callable[[str], str], way: str
) -> None:
    ring = ring_at(serve(answers.openai("never")))

    with pytest.raises(ToolServerError, match="no-such-program can't be used"):
        run(way, ring, command("none"), "no-such-program --fast")


@each_way
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_tool_that_leaves_is_not_wrapped_by_the_servers(
    serve: Serve, command: Callable[[str], str], way: str, kind: type[BaseException]
) -> None:
    async def leave() -> str:
        """Leave."""
        raise kind

    ring = ring_at(serve(asks_for("leave")))

    def call() -> str:
        try:
            return run(way, ring, command("none"), tools=[leave])
        except BaseException as error:  # noqa: BLE001 -- any exception is the point here
            return type(error).__name__

    assert call() == kind.__name__


def test_a_failing_model_fails_as_it_does_without_servers(
    serve: Serve, command: Callable[[str], str]
) -> None:
    server = serve(as_json({"error": {"message": "no"}}, 401))

    with pytest.raises(ProviderError, match="no"):
        LLMRing(environ=environ_of(server)).run_tools(MODEL, "?", mcp=[command("none")])
    assert json.loads(server.requests[0].body)["tools"]
