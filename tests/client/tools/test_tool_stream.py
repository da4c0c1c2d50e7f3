"""The tool loop as a stream of chunks and calls."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import answers
from llmring import (
    LLMRequest,
    LLMRing,
    ProviderError,
    StreamChunk,
    ToolRun,
    ToolsResponse,
    ToolStart,
    TooManyTurnsError,
    tool,
)
from loopback import Answer, Loopback, Pause, Reset, as_stream
from rings import MODEL, environ_of, ring_at

Serve = Callable[..., Loopback]
Items = list[StreamChunk | ToolStart | ToolRun]

each_way = pytest.mark.parametrize("way", ["sync", "async"])


@tool
def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@tool
async def shout(text: str) -> str:
    """Shout it."""
    await asyncio.sleep(0)
    return text.upper()


def calling(*calls: tuple[str, str], text: str = "") -> Answer:
    made = [
        answers.openai_event(
            tool_calls=[
                {"index": at, "id": f"c{at}", "function": {"name": name, "arguments": given}}
            ]
        )
        for at, (name, given) in enumerate(calls)
    ]
    said = [answers.openai_event(content=text)] if text else []
    end = [answers.openai_event(finish_reason="tool_calls"), answers.USAGE, answers.DONE]
    return as_stream(answers.ROLE, *said, *made, *end)


def read(way: str, ring: LLMRing, *args: Any, **fields: Any) -> tuple[Items, ToolsResponse]:
    """Return the items of a stream, and its response."""
    items: Items = []
    if way == "sync":
        with ring:
            stream = ring.stream_tools(*args, **fields)
            items += stream
            return items, stream.response

    async def call() -> ToolsResponse:
        async with ring:
            stream = ring.stream_tools(*args, **fields)
            async for item in stream:
                items.append(item)
            return stream.response

    return items, asyncio.run(call())


def kinds(items: Items) -> list[str]:
    """Return the items in a short form, with the texts of chunks joined."""
    short: list[str] = []
    for item in items:
        match item:
            case StreamChunk(delta=delta):
                if delta and short and short[-1].startswith("text "):
                    short[-1] += delta
                elif delta:
                    short.append(f"text {delta}")
            case ToolStart(call=call):
                short.append(f"start {call['function']['name']}")
            case ToolRun(message=message):
                short.append(f"run {message.text}")
    return short


@each_way
def test_chunks_and_calls_come_in_order_and_the_response_is_that_of_run_tools(
    serve: Serve, way: str
) -> None:
    server = serve(
        calling(("add", '{"a": 1, "b": 2}'), text="So: "), answers.openai_stream("It is", " 3.")
    )

    items, response = read(way, ring_at(server), MODEL, "1 + 2?", tools=[add])

    assert kinds(items) == ["text So: ", "start add", "run 3", "text It is 3."]
    assert response.content == "It is 3."
    assert response.finish_reason == "stop"
    assert [turn.content for turn in response.turns] == ["So: ", "It is 3."]
    assert [run.message.text for run in response.runs] == ["3"]
    assert [message.role for message in response.messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert response.usage is not None
    assert response.usage.prompt_tokens == 20
    assert response.cost is not None
    assert response.cost == sum(turn.cost or 0 for turn in response.turns)
    assert server.requests[1].json["messages"][-1]["content"] == "3"


@each_way
def test_calls_of_one_turn_run_at_the_same_time_and_each_is_shown(serve: Serve, way: str) -> None:
    both = threading.Barrier(2)

    @tool
    def meet(name: str) -> str:
        """Meet."""
        both.wait(5)
        return name

    server = serve(
        calling(("meet", '{"name": "a"}'), ("meet", '{"name": "b"}')), answers.openai_stream("ok")
    )

    items, response = read(way, ring_at(server), MODEL, "Go", tools=[meet])

    starts = [item for item in items if isinstance(item, ToolStart)]
    runs = [item for item in items if isinstance(item, ToolRun)]
    assert len(starts) == 2
    assert {run.message.text for run in runs} == {"a", "b"}
    assert [run.message.text for run in response.runs] == ["a", "b"]


@each_way
def test_the_error_of_a_function_is_shown_with_its_call(serve: Serve, way: str) -> None:
    server = serve(calling(("add", '{"a": "x"}')), answers.openai_stream("sorry"))

    items, _ = read(way, ring_at(server), MODEL, "1 + 2?", tools=[add])

    [run] = [item for item in items if isinstance(item, ToolRun)]
    assert run.error is not None
    assert (run.message.metadata or {})["is_error"]


@each_way
def test_the_chunks_of_a_turn_are_shown_before_the_next_one_is_asked_for(
    serve: Serve, way: str
) -> None:
    slow = as_stream(answers.ROLE, answers.openai_event(content="a"), Pause(20))
    server = serve(calling(("shout", '{"text": "x"}')), slow)
    ring = ring_at(server)
    seen: list[str] = []

    if way == "sync":
        with ring, ring.stream_tools(MODEL, "Go", tools=[shout]) as stream:
            for item in stream:
                seen += kinds([item])
                if seen[-1:] == ["text a"]:
                    break
    else:

        async def call() -> None:
            async with ring, ring.stream_tools(MODEL, "Go", tools=[shout]) as stream:
                async for item in stream:
                    seen.extend(kinds([item]))
                    if seen[-1:] == ["text a"]:
                        break

        asyncio.run(call())

    assert seen == ["start shout", "run X", "text a"]
    assert server.hung_up.wait(5)


@each_way
@pytest.mark.parametrize(
    ("kind", "texts"), [(StreamChunk, []), (ToolStart, []), (ToolRun, ["X"])], ids=str
)
def test_what_follows_an_item_waits_until_the_next_one_is_asked_for(
    serve: Serve, way: str, kind: type[object], texts: list[str]
) -> None:
    said: list[str] = []
    went_on = threading.Event()

    @tool
    def loudly(text: str) -> str:
        """Say it."""
        said.append(text)
        if kind is not ToolRun:
            went_on.set()
        return text

    server = serve(
        calling(("loudly", '{"text": "X"}'), text="So: "), answers.openai_stream("It is", " X.")
    )
    ring = ring_at(server)

    def look() -> None:
        went_on.wait(0.3)

    if way == "sync":
        with ring, ring.stream_tools(MODEL, "Go", tools=[loudly]) as stream:
            for item in stream:
                if isinstance(item, kind):
                    look()
                    break
    else:

        async def call() -> None:
            async with ring, ring.stream_tools(MODEL, "Go", tools=[loudly]) as stream:
                async for item in stream:
                    if isinstance(item, kind):
                        await asyncio.to_thread(look)
                        break

        asyncio.run(call())

    assert said == texts
    assert len(server.requests) == 1


def complaints_of(call: Callable[[], Coroutine[Any, Any, None]]) -> list[str]:
    """Return what the event loop reports of forgotten tasks while it runs this."""
    reports: list[str] = []

    async def watched() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reports.append(context["message"]))
        await call()
        # Closing a generator that was dropped takes a few turns of the loop.
        for _ in range(10):
            gc.collect()
            await asyncio.sleep(0.01)

    asyncio.run(watched())
    return reports


def test_a_caller_that_leaves_early_leaves_no_unread_failure(serve: Serve) -> None:
    @tool
    async def leave() -> str:
        """Leave."""
        raise SystemExit

    ring = ring_at(serve(calling(("leave", "{}"), ("shout", '{"text": "x"}'))))

    async def call() -> None:
        async with ring.stream_tools(MODEL, "Go", tools=[leave, shout]) as stream:
            async for item in stream:
                if isinstance(item, ToolStart) and item.call["function"]["name"] == "shout":
                    await asyncio.sleep(0.1)
                    break

    assert complaints_of(call) == []


def test_a_stream_that_is_dropped_hangs_up(serve: Serve) -> None:
    server = serve(as_stream(answers.ROLE, answers.openai_event(content="a"), Pause(20)))

    # It stays open, because its end would hang up as well.
    ring = ring_at(server)

    async def call() -> None:
        async for _ in ring.stream_tools(MODEL, "Go", tools=[shout]):
            break

    assert complaints_of(call) == []
    assert server.hung_up.wait(5)


@each_way
def test_errors_are_raised_while_iterating_with_the_conversation_so_far(
    serve: Serve, way: str
) -> None:
    server = serve(calling(("shout", '{"text": "x"}')), answers.openai_error(500))

    with pytest.raises(ProviderError) as caught:
        read(way, ring_at(server), MODEL, "Go", tools=[shout])

    assert [message.role for message in caught.value.messages] == ["user", "assistant", "tool"]


@each_way
def test_too_many_turns_are_an_error(serve: Serve, way: str) -> None:
    server = serve(calling(("shout", '{"text": "x"}')))

    with pytest.raises(TooManyTurnsError):
        read(way, ring_at(server), MODEL, "Go", tools=[shout], max_turns=2)

    assert len(server.requests) == 2


@each_way
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_a_function_that_leaves_ends_the_stream(
    serve: Serve, way: str, kind: type[BaseException]
) -> None:
    @tool
    async def leave() -> str:
        """Leave."""
        raise kind

    ring = ring_at(serve(calling(("leave", "{}"))))

    def call() -> str:
        try:
            read(way, ring, MODEL, "Go", tools=[leave])
        except BaseException as error:  # noqa: BLE001 -- any exception is the point here
            return type(error).__name__
        return "nothing"

    assert call() == kind.__name__


@each_way
def test_another_model_goes_on_within_a_turn(
    serve: Serve, way: str, lockfile: Callable[..., Path]
) -> None:
    first = serve(
        calling(("shout", '{"text": "x"}')),
        as_stream(answers.ROLE, answers.openai_event(content="Once"), Reset()),
    )
    second = serve(answers.anthropic_stream(" upon"))
    environ = {
        **environ_of(first),
        "ANTHROPIC_BASE_URL": second.url,
        "ANTHROPIC_API_KEY": "sk-ant-second-0123456789",
    }
    path = lockfile(fast=[MODEL, "anthropic:claude-sonnet-4-5"])
    ring = LLMRing(path, environ=environ)

    items, response = read(way, ring, "fast", "Go", tools=[shout])

    assert kinds(items) == ["start shout", "run X", "text Once upon"]
    assert response.content == "Once upon"
    assert [each.outcome for each in response.attempts] == ["ok", "failed", "ok"]


@each_way
def test_tools_of_mcp_servers_take_part(serve: Serve, way: str, tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="the extra mcp is not installed")
    path = tmp_path / "kitchen.py"
    path.write_text(
        "from mcp.server.mcpserver import MCPServer\n"
        "served = MCPServer('kitchen')\n"
        "@served.tool()\n"
        "def heat(city: str) -> str:\n    'Heat.'\n    return city + ': 21 degrees'\n"
        "served.run()\n"
    )
    server = serve(calling(("heat", '{"city": "Graz"}')), answers.openai_stream("warm"))

    items, response = read(
        way, ring_at(server), MODEL, "How warm?", mcp=[f"{sys.executable} {path}"]
    )

    assert kinds(items) == ["start heat", "run Graz: 21 degrees", "text warm"]
    assert response.content == "warm"


class Town(BaseModel):
    name: str


@each_way
def test_the_last_answer_is_parsed(serve: Serve, way: str) -> None:
    server = serve(
        calling(("shout", '{"text": "x"}')), answers.openai_stream('{"name": ', '"Oslo"}')
    )
    request = LLMRequest(MODEL, "Go", tools=[shout], response_format=Town)

    _, response = read(way, ring_at(server), request)

    assert response.parsed == Town(name="Oslo")


def test_the_response_is_known_only_at_the_end(serve: Serve) -> None:
    stream = ring_at(serve(answers.openai_stream("a"))).stream_tools(MODEL, "Go", tools=[add])

    with pytest.raises(RuntimeError, match="read all of its items first"):
        _ = stream.response
    list(stream)

    assert stream.response.content == "a"
    with pytest.raises(RuntimeError, match="call stream_tools again"):
        list(stream)
