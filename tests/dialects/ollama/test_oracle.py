"""Ollama's own client and llmring against one server: the same requests, the same results.

`normal` removes exactly the differences in this table:

| on the wire                | vendor's client              | llmring                          |
|----------------------------|------------------------------|----------------------------------|
| fields that are not set    | `tools: []`                  | omitted                          |
| a message without text     | no `content`                 | `content: ""`                    |
| a call's ID                | omitted: unknown to it       | `id`, `tool_call_id`             |
| a tool's parameters        | only the fields it knows     | as given                         |
| a format, with tools       | `format`                     | as a prompt: see `ollama.py`     |
| headers about a client     | user-agent, accept           | its own                          |
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conftest import Way
from llmring import LLMRequest, LLMResponse, LLMRing, Message, ProviderError, StreamChunk
from llmring.chat.events import Usage
from llmring.chat.parts import ImagePart, ReasoningPart, TextPart
from loopback import Answer, Loopback, Request, as_json, as_stream

ollama = pytest.importorskip("ollama")

Serve = Callable[..., Loopback]

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / "ollama"
MODEL = "model-of-no-catalog"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of the next days",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Where"}},
            "required": ["city"],
        },
    },
}


class Exchange(msgspec.Struct, kw_only=True):
    """A question in the form of either client, and the beginning of its samples' names."""

    theirs: dict[str, Any]
    ours: dict[str, Any]
    answer: str = ""
    spoken: str | None = None


SALUT = [{"role": "user", "content": "Salut"}]

EXCHANGES = {
    "chat": Exchange(
        theirs={
            "messages": [{"role": "system", "content": "Be brief."}, *SALUT],
            "options": {
                "temperature": 0.5,
                "top_p": 0.9,
                "seed": 7,
                "num_predict": 50,
                "stop": ["END"],
                "num_ctx": 8192,
            },
            "keep_alive": "1h",
        },
        ours={
            "messages": [Message("system", "Be brief."), *SALUT],
            "temperature": 0.5,
            "top_p": 0.9,
            "seed": 7,
            "max_tokens": 50,
            "stop": "END",
            "extra_params": {"num_ctx": 8192, "keep_alive": "1h"},
        },
    ),
    "image": Exchange(
        theirs={"messages": [{"role": "user", "content": "What?", "images": ["iVBORw0KGgo="]}]},
        ours={"messages": [Message("user", ["What?", ImagePart(data="iVBORw0KGgo=")])]},
    ),
    "thinking": Exchange(
        theirs={
            "messages": [
                *SALUT,
                {"role": "assistant", "content": "Salut.", "thinking": "Hm."},
                *SALUT,
            ],
            "think": True,
        },
        ours={
            "messages": [
                *SALUT,
                Message("assistant", [ReasoningPart("Hm."), TextPart("Salut.")]),
                *SALUT,
            ],
            "reasoning_effort": "high",
        },
    ),
    "tools": Exchange(
        theirs={"messages": SALUT, "tools": [WEATHER]},
        ours={"messages": SALUT, "tools": [WEATHER], "tool_choice": "auto"},
        answer="tool_",
    ),
    "results": Exchange(
        theirs={
            "messages": [
                *SALUT,
                {
                    "role": "assistant",
                    "tool_calls": [
                        {"function": {"name": "weather", "arguments": {"city": "Paris"}}}
                    ],
                },
                {"role": "tool", "tool_name": "weather", "content": "12 degrees"},
            ],
        },
        ours={
            "messages": [
                *SALUT,
                Message(
                    "assistant",
                    tool_calls=[
                        {
                            "id": "call_1",
                            "function": {"name": "weather", "arguments": '{"city": "Paris"}'},
                        }
                    ],
                ),
                Message("tool", "12 degrees", tool_call_id="call_1"),
            ],
        },
    ),
    "schema": Exchange(
        theirs={"messages": SALUT, "format": SCHEMA},
        ours={
            "messages": SALUT,
            "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
        },
        spoken='{"n": 1}',
    ),
    "any json": Exchange(
        theirs={"messages": [{"role": "user", "content": "JSON!"}], "format": "json"},
        ours={"messages": "JSON!", "response_format": {"type": "json_object"}},
        spoken='{"n": 1}',
    ),
}


def normal(request: Request) -> dict[str, Any]:
    """Remove the differences in the table above from a request."""
    body = request.json
    if body.get("tools") == []:
        del body["tools"]
    for message in body["messages"]:
        message.setdefault("content", "")
        message.pop("tool_call_id", None)
        for call in message.get("tool_calls", ()):
            call.pop("id", None)
    return {
        "method": request.method,
        "path": request.path,
        "content-type": request.headers["content-type"],
        "body": body,
    }


def ring(server: Loopback) -> LLMRing:
    return LLMRing(environ={"LLMRING_RETRIES": "0", "OLLAMA_BASE_URL": server.url})


def ask_vendor(server: Loopback, fields: dict[str, Any]) -> Any:
    async def ask() -> Any:
        async with ollama.AsyncClient(host=server.url) as client:
            return await client.chat(model=MODEL, **fields)

    return asyncio.run(ask())


def stream_vendor(server: Loopback, fields: dict[str, Any]) -> list[Any]:
    async def ask() -> list[Any]:
        async with ollama.AsyncClient(host=server.url) as client:
            return [line async for line in await client.chat(model=MODEL, stream=True, **fields)]

    return asyncio.run(ask())


def our_request(exchange: Exchange) -> LLMRequest:
    return LLMRequest(model=f"ollama:{MODEL}", **exchange.ours)


def whole(name: str) -> Answer:
    body = (SAMPLES / f"{name}whole.json").read_bytes()
    return Answer([body], 200, {"content-type": "application/json"})


def lines(name: str) -> Answer:
    body = (SAMPLES / f"{name}stream.txt").read_bytes()
    return as_stream(body, content_type="application/x-ndjson")


def answer_to(exchange: Exchange) -> Answer:
    if exchange.spoken is None:
        return whole(exchange.answer)
    message = {"role": "assistant", "content": exchange.spoken}
    return as_json({"model": "m", "created_at": "now", "message": message, "done": True})


# --- Requests ---


@pytest.mark.parametrize("name", EXCHANGES)
def test_requests_equal_those_of_the_vendors_client(serve: Serve, way: Way, name: str) -> None:
    exchange = EXCHANGES[name]
    server = serve(answer_to(exchange))
    ask_vendor(server, exchange.theirs)
    way.chat(ring(server), our_request(exchange))
    theirs, ours = map(normal, server.requests)

    assert ours == theirs


def test_W7_streamed_requests_equal_those_of_the_vendors_client(serve: Serve, way: Way) -> None:
    exchange = EXCHANGES["chat"]
    server = serve(lines(""))
    stream_vendor(server, exchange.theirs)
    way.stream(ring(server), our_request(exchange))
    theirs, ours = map(normal, server.requests)

    assert ours == theirs
    assert ours["body"]["stream"] is True


# --- Answers ---


def usage_of(theirs: Any) -> Usage:
    return Usage(prompt_tokens=theirs.prompt_eval_count, completion_tokens=theirs.eval_count)


def calls_of(theirs: list[Any]) -> list[tuple[str, Any]]:
    calls = [call.function for each in theirs for call in each.message.tool_calls or ()]
    return [(call.name, call.arguments) for call in calls]


def our_calls(ours: LLMResponse | StreamChunk) -> list[tuple[str, Any]]:
    functions = [call["function"] for call in ours.tool_calls or ()]
    return [(each["name"], msgspec.json.decode(each["arguments"])) for each in functions]


@pytest.mark.parametrize("name", ["", "tool_"])
def test_answers_equal_those_of_the_vendors_client(serve: Serve, way: Way, name: str) -> None:
    server = serve(whole(name))
    theirs = ask_vendor(server, {"messages": SALUT})
    ours: LLMResponse = way.chat(ring(server), LLMRequest(f"ollama:{MODEL}", SALUT))

    assert (ours.content, ours.reasoning) == (theirs.message.content, theirs.message.thinking)
    assert our_calls(ours) == calls_of([theirs])
    assert (ours.usage, ours.served_model) == (usage_of(theirs), theirs.model)
    assert ours.native_finish_reason == theirs.done_reason


@pytest.mark.parametrize("name", ["", "tool_"])
def test_W7_streams_equal_those_of_the_vendors_client(serve: Serve, way: Way, name: str) -> None:
    server = serve(lines(name))
    theirs = stream_vendor(server, {"messages": SALUT})
    ours: list[StreamChunk] = way.stream(ring(server), LLMRequest(f"ollama:{MODEL}", SALUT))

    assert "".join(chunk.delta for chunk in ours) == "".join(
        line.message.content or "" for line in theirs
    )
    assert "".join(chunk.reasoning or "" for chunk in ours) == "".join(
        line.message.thinking or "" for line in theirs
    )
    assert our_calls(ours[-1]) == calls_of(theirs)
    assert ours[-1].usage == usage_of(theirs[-1])


# --- Errors ---

ERRORS = {
    400: '"llama3" does not support thinking',
    401: "unauthorized",
    404: 'model "llama9" not found, try pulling it first',
    429: "too many requests",
    500: "llama runner process has terminated",
}


@pytest.mark.parametrize("status", ERRORS)
def test_an_error_equals_that_of_the_vendors_client(serve: Serve, way: Way, status: int) -> None:
    server = serve(as_json({"error": ERRORS[status]}, status, retry_after="7"))
    with pytest.raises(ollama.ResponseError) as theirs:
        ask_vendor(server, {"messages": SALUT})
    with pytest.raises(ProviderError) as ours:
        way.chat(ring(server), LLMRequest(f"ollama:{MODEL}", SALUT))

    assert (ours.value.status, ours.value.provider_message) == (
        theirs.value.status_code,
        theirs.value.error,
    )
    assert ours.value.retry_after == 7


def test_an_error_in_a_stream_equals_that_of_the_vendors_client(serve: Serve, way: Way) -> None:
    server = serve(as_stream(b'{"error":"unexpected EOF"}\n', content_type="application/x-ndjson"))
    with pytest.raises(ollama.ResponseError) as theirs:
        stream_vendor(server, {"messages": SALUT})
    with pytest.raises(ProviderError) as ours:
        way.stream(ring(server), LLMRequest(f"ollama:{MODEL}", SALUT))

    assert ours.value.provider_message == theirs.value.error


def test_W7_the_error_names_a_server_that_is_down(serve: Serve, way: Way) -> None:
    server = serve(whole(""))
    nowhere, address = ring(server), server.url.removeprefix("http://")
    server.close()
    with pytest.raises(ProviderError) as caught:
        way.stream(nowhere, LLMRequest(f"ollama:{MODEL}", SALUT))

    assert address in str(caught.value)
