"""OpenAI's own client and llmring against one server: the same requests, the same results.

`normal` removes exactly the differences in this table:

| on the wire                | vendor's client           | llmring                             |
|----------------------------|---------------------------|-------------------------------------|
| `developer` messages       | as given                  | `system`, which every server knows  |
| `stream`                   | may be `false`            | only if true                        |
| one text as content        | as given: text or parts   | text                                |
| schema of a type           | keeps `title`s            | the same                            |
| headers about a client     | user-agent, x-stainless-… | its own                             |
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import pydantic
import pytest

import answers
from conftest import Way
from llmring import LLMRequest, LLMResponse, LLMRing, ProviderError, StreamChunk
from llmring.chat.events import Usage
from loopback import Answer, Loopback, Request, as_json, as_stream

openai = pytest.importorskip("openai")

Serve = Callable[..., Loopback]

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / "openai_chat"
KEY = "a-key-that-opens-nothing"
MODEL = "gpt-of-no-catalog"
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of the next days",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
FORMULA = {"type": "custom", "custom": {"name": "formula", "description": "A formula"}}


class Wind(pydantic.BaseModel):
    speed: float
    unit: Literal["km/h", "m/s"]


class Forecast(pydantic.BaseModel):
    """The weather of one day."""

    city: str = pydantic.Field(description="Where it is")
    wind: Wind
    gusts: list[Wind]
    rain: int | None


class Exchange(msgspec.Struct, kw_only=True):
    """A question for both clients, and the beginning of its samples' names.

    Attributes:
        same: Fields for both clients.
        theirs: Fields for the vendor's client only.
        ours: Fields for llmring only.
        answer: The beginning of the samples' names.
        spoken: The text of the answer, instead of the sample.
    """

    same: dict[str, Any]
    theirs: dict[str, Any] = {}
    ours: dict[str, Any] = {}
    answer: str = ""
    spoken: str | None = None


TURNS_WITH_TOOLS = [
    {"role": "user", "content": "Weather in Paris, and 4 + 4?"},
    {
        "role": "assistant",
        "content": "Let me look.",
        "tool_calls": [
            {
                "id": "a",
                "type": "function",
                "function": {"name": "weather", "arguments": '{"city":"Paris","days":1}'},
            },
            {"id": "b", "type": "custom", "custom": {"name": "formula", "input": "4 + 4"}},
        ],
    },
    {"role": "tool", "tool_call_id": "a", "content": '{"sky":"blue"}'},
    {"role": "tool", "tool_call_id": "b", "content": "8"},
]

PARTS = [
    {"type": "text", "text": "What is it?"},
    {"type": "image_url", "image_url": {"url": "https://a.b/c.png", "detail": "low"}},
    {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
    {
        "type": "file",
        "file": {"filename": "it.pdf", "file_data": "data:application/pdf;base64,JVBERg=="},
    },
]

EXCHANGES = {
    "chat": Exchange(
        same={
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": "Salut", "name": "ada"},
            ],
            "temperature": 0.5,
            "top_p": 0.9,
            "seed": 7,
        },
        theirs={"max_completion_tokens": 50, "stop": ["END"]},
        ours={"max_tokens": 50, "stop": "END"},
    ),
    "parts": Exchange(same={"messages": [{"role": "user", "content": PARTS}]}),
    "tools": Exchange(
        same={
            "messages": [{"role": "user", "content": "Weather in Paris?"}],
            "tools": [WEATHER, FORMULA],
            "tool_choice": "required",
        },
        theirs={"parallel_tool_calls": False},
        ours={"extra_params": {"parallel_tool_calls": False}},
        answer="tool_",
    ),
    "a named tool": Exchange(
        same={
            "messages": [{"role": "user", "content": "Weather in Paris?"}],
            "tools": [WEATHER],
            "tool_choice": {"type": "function", "function": {"name": "weather"}},
        },
        answer="tool_",
    ),
    "results": Exchange(same={"messages": TURNS_WITH_TOOLS, "tools": [WEATHER, FORMULA]}),
    "results without their tools": Exchange(same={"messages": TURNS_WITH_TOOLS}),
    "any json": Exchange(
        same={
            "messages": [{"role": "user", "content": "Salut in JSON"}],
            "response_format": {"type": "json_object"},
        },
        spoken="{}",
    ),
    "reasoning": Exchange(
        same={
            "messages": [{"role": "user", "content": "Salut"}],
            "reasoning_effort": "low",
        },
    ),
}


def normal(request: Request) -> dict[str, Any]:
    """Remove the differences in the table above from a request."""
    body = request.json
    if body.get("stream") is False:
        del body["stream"]
    for message in body["messages"]:
        if message["role"] == "developer":
            message["role"] = "system"
    return {
        "method": request.method,
        "path": request.path,
        "key": request.headers["authorization"],
        "content-type": request.headers["content-type"],
        "body": body,
    }


def vendor(server: Loopback) -> Any:
    return openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0)


def ring(server: Loopback) -> LLMRing:
    return LLMRing(
        environ={
            "LLMRING_RETRIES": "0",
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": KEY,
        }
    )


def ask_vendor(server: Loopback, fields: dict[str, Any]) -> Any:
    async def ask() -> Any:
        async with vendor(server) as client:
            return await client.chat.completions.create(model=MODEL, **fields)

    return asyncio.run(ask())


def stream_vendor(server: Loopback, fields: dict[str, Any]) -> list[Any]:
    async def ask() -> list[Any]:
        options = {"include_usage": True}
        async with vendor(server) as client:
            stream = await client.chat.completions.create(
                model=MODEL, stream=True, stream_options=options, **fields
            )
            return [chunk async for chunk in stream]

    return asyncio.run(ask())


def our_request(exchange: Exchange) -> LLMRequest:
    return LLMRequest(model=f"openai:{MODEL}", **exchange.same, **exchange.ours)


def whole(name: str) -> Answer:
    body = (SAMPLES / f"{name}whole.json").read_bytes()
    return Answer([body], 200, {"content-type": "application/json"})


@pytest.fixture(params=list(EXCHANGES.values()), ids=list(EXCHANGES))
def exchange(request: pytest.FixtureRequest) -> Exchange:
    found: Exchange = request.param
    return found


# --- Requests ---


def test_requests_equal_those_of_the_vendors_client(
    serve: Serve, way: Way, exchange: Exchange
) -> None:
    server = serve(answers.openai(exchange.spoken) if exchange.spoken else whole(exchange.answer))
    ask_vendor(server, {**exchange.same, **exchange.theirs})
    way.chat(ring(server), our_request(exchange))
    theirs, ours = map(normal, server.requests)

    assert ours == theirs


def test_streamed_requests_equal_those_of_the_vendors_client(serve: Serve, way: Way) -> None:
    exchange = EXCHANGES["tools"]
    server = serve(as_stream((SAMPLES / "tool_stream.txt").read_bytes()))
    stream_vendor(server, {**exchange.same, **exchange.theirs})
    way.stream(ring(server), our_request(exchange))
    theirs, ours = map(normal, server.requests)

    assert ours == theirs


def test_a_pydantic_type_is_sent_as_the_vendors_client_sends_it(serve: Serve, way: Way) -> None:
    wind = {"speed": 3.5, "unit": "m/s"}
    answer = {"city": "Paris", "wind": wind, "gusts": [wind], "rain": None}
    server = serve(answers.openai(json.dumps(answer)))
    messages = [{"role": "user", "content": "Weather in Paris?"}]

    async def ask() -> Any:
        async with vendor(server) as client:
            return await client.chat.completions.parse(
                model=MODEL, messages=messages, response_format=Forecast
            )

    parsed = asyncio.run(ask()).choices[0].message.parsed
    request = LLMRequest(f"openai:{MODEL}", messages, response_format=Forecast)
    text = way.chat(ring(server), request).content
    theirs, ours = map(normal, server.requests)

    assert Forecast.model_validate_json(text) == parsed
    assert ours == theirs


# --- Answers ---


def usage_of(theirs: Any) -> Usage:
    read, spent = theirs.prompt_tokens_details, theirs.completion_tokens_details
    return Usage(
        prompt_tokens=theirs.prompt_tokens,
        completion_tokens=theirs.completion_tokens,
        cached_tokens=(read and read.cached_tokens) or 0,
        cache_write_tokens=(read and read.cache_write_tokens) or 0,
        reasoning_tokens=(spent and spent.reasoning_tokens) or 0,
    )


@pytest.mark.parametrize("name", ["", "tool_"])
def test_answers_equal_those_of_the_vendors_client(serve: Serve, way: Way, name: str) -> None:
    server = serve(whole(name))
    theirs = ask_vendor(server, EXCHANGES["parts"].same)
    ours: LLMResponse = way.chat(ring(server), our_request(EXCHANGES["parts"]))
    (choice,) = theirs.choices
    calls = [call.model_dump() for call in choice.message.tool_calls or ()]

    assert ours.content == choice.message.content
    assert (ours.tool_calls or []) == calls
    assert ours.usage == usage_of(theirs.usage)
    assert (ours.id, ours.served_model) == (theirs.id, theirs.model)
    assert ours.native_finish_reason == choice.finish_reason


@pytest.mark.parametrize("name", ["", "tool_"])
def test_streams_equal_those_of_the_vendors_client(serve: Serve, way: Way, name: str) -> None:
    server = serve(as_stream((SAMPLES / f"{name}stream.txt").read_bytes()))
    theirs = stream_vendor(server, EXCHANGES["parts"].same)
    ours: list[StreamChunk] = way.stream(ring(server), our_request(EXCHANGES["parts"]))
    deltas = [chunk.choices[0].delta for chunk in theirs if chunk.choices]
    calls: dict[int, list[str]] = {}
    for piece in (piece for delta in deltas for piece in delta.tool_calls or ()):
        found = calls.setdefault(piece.index, [piece.id, piece.function.name, ""])
        found[2] += piece.function.arguments
    ours_calls = [[call["id"], *call["function"].values()] for call in ours[-1].tool_calls or ()]

    assert "".join(chunk.delta for chunk in ours) == "".join(
        delta.content or "" for delta in deltas
    )
    assert ours_calls == list(calls.values())
    assert ours[-1].usage == usage_of(theirs[-1].usage)


# --- Errors ---

ERRORS = {
    400: ("Unknown parameter: 'x'.", "unknown_parameter"),
    401: ("Incorrect API key provided.", "invalid_api_key"),
    404: ("The model does not exist.", "model_not_found"),
    429: ("Rate limit reached.", "rate_limit_exceeded"),
    500: ("The server had an error.", "server_error"),
}


@pytest.mark.parametrize("status", ERRORS)
def test_an_error_equals_that_of_the_vendors_client(serve: Serve, way: Way, status: int) -> None:
    message, code = ERRORS[status]
    body = {"error": {"message": message, "type": "invalid", "param": None, "code": code}}
    server = serve(as_json(body, status, retry_after="7", x_request_id="req_1"))
    with pytest.raises(openai.APIStatusError) as theirs:
        ask_vendor(server, EXCHANGES["parts"].same)
    with pytest.raises(ProviderError) as ours:
        way.chat(ring(server), our_request(EXCHANGES["parts"]))

    error = theirs.value
    assert (ours.value.status, ours.value.code) == (error.status_code, error.code)
    assert ours.value.provider_message == error.body["message"]
    assert ours.value.request_id == error.request_id
    assert ours.value.retry_after == float(error.response.headers["retry-after"])


def test_an_error_in_a_stream_equals_that_of_the_vendors_client(serve: Serve, way: Way) -> None:
    body = {"error": {"message": "The server is overloaded", "type": "server_error", "code": None}}
    server = serve(as_stream(b"data: " + json.dumps(body).encode() + b"\n\n"))
    with pytest.raises(openai.APIError) as theirs:
        stream_vendor(server, EXCHANGES["parts"].same)
    with pytest.raises(ProviderError) as ours:
        way.stream(ring(server), our_request(EXCHANGES["parts"]))

    assert ours.value.provider_message == theirs.value.message
    assert ours.value.code == theirs.value.type
