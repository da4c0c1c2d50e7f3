"""OpenAI's own client and llmring against one server: the same requests, the same results.

`normal` removes exactly the differences in this table:

| on the wire             | vendor's client           | llmring                        |
|-------------------------|---------------------------|--------------------------------|
| `type` of a message     | may be omitted            | always "message"               |
| `input` that is a text  | as given                  | a user message                 |
| text of a message       | as given: text or parts   | a text, where it is one part   |
| annotations of a text   | required                  | none                           |
| `id`, `status` of items | as the API gave them      | omitted, except for reasoning  |
| `store`                 | omitted: true             | always false                   |
| `strict` of a function  | omitted: tried            | always sent, false by default  |
| headers about a client  | user-agent, x-stainless-… | its own                        |
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conftest import Way
from llmring import LLMRequest, LLMResponse, LLMRing, Message, ProviderError, StreamChunk
from llmring.chat.events import Usage
from llmring.chat.parts import DocumentPart, ReasoningPart, UploadedPart
from llmring.exceptions import (
    ProviderAuthenticationError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
)
from loopback import Answer, Loopback, Request, as_json, as_stream

openai = pytest.importorskip("openai")

Serve = Callable[..., Loopback]
Understood = dict[str, Any]

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / "openai_responses"
KEY = "sk-a-key-that-opens-nothing"
MODEL = "gpt-5-of-no-catalog"
ENCRYPTED = ["reasoning.encrypted_content"]
LOCKFILE = """
version = "1.0"
default_profile = "default"
[providers.openai]
api = "responses"
[profiles.default]
"""
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


class Exchange(msgspec.Struct, kw_only=True):
    """A question in the form of either client, and the beginning of its samples' names."""

    theirs: dict[str, Any]
    ours: dict[str, Any]
    answer: str = ""


EXCHANGES = {
    "chat": Exchange(
        theirs={"input": "Salut", "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 100},
        ours={"messages": "Salut", "temperature": 0.5, "top_p": 0.9, "max_tokens": 100},
    ),
    "conversation": Exchange(
        theirs={
            "input": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "input_text", "text": "Salut"}]},
                {
                    "type": "message",
                    "id": "msg_1",
                    "status": "completed",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "Salut !", "annotations": []}],
                },
                {"role": "user", "content": "Ça va ?"},
            ]
        },
        ours={
            "messages": [
                Message("system", "Be brief."),
                Message("user", "Salut"),
                Message("assistant", "Salut !"),
                Message("user", "Ça va ?"),
            ]
        },
    ),
    "images and documents": Exchange(
        theirs={
            "input": [
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "input_image",
                            "image_url": "https://a.b/c.png",
                            "detail": "low",
                        },
                        {
                            "type": "input_file",
                            "filename": "it.pdf",
                            "file_data": "data:application/pdf;base64,JVBERg==",
                        },
                        {"type": "input_file", "file_id": "file-1"},
                        {"type": "input_text", "text": "What is it?"},
                    ],
                }
            ]
        },
        ours={
            "messages": [
                Message(
                    "user",
                    [
                        {
                            "type": "image_url",
                            "image_url": {"url": "https://a.b/c.png", "detail": "low"},
                        },
                        DocumentPart(data="JVBERg==", name="it.pdf"),
                        UploadedPart("file-1", "application/pdf"),
                        "What is it?",
                    ],
                )
            ]
        },
    ),
    "tools": Exchange(
        theirs={
            "input": "Weather in Paris?",
            "tools": [
                {
                    "type": "function",
                    "name": "weather",
                    "description": "Returns it.",
                    "parameters": WEATHER,
                    "strict": True,
                },
                {"type": "function", "name": "clock", "parameters": WEATHER},
                {"type": "web_search", "search_context_size": "low"},
            ],
            "tool_choice": {"type": "function", "name": "weather"},
            "parallel_tool_calls": False,
        },
        ours={
            "messages": "Weather in Paris?",
            "tools": [
                {
                    "type": "function",
                    "function": {
                        "name": "weather",
                        "description": "Returns it.",
                        "parameters": WEATHER,
                        "strict": True,
                    },
                },
                {"type": "function", "function": {"name": "clock", "parameters": WEATHER}},
                {"type": "web_search", "search_context_size": "low"},
            ],
            "tool_choice": {"type": "function", "function": {"name": "weather"}},
            "extra_params": {"parallel_tool_calls": False},
        },
        answer="tool_",
    ),
    "reasoning and results of tools": Exchange(
        theirs={
            "input": [
                {"role": "user", "content": "Weather in Paris?"},
                {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [{"type": "summary_text", "text": "Look it up."}],
                    "encrypted_content": "gAAA",
                },
                {
                    "type": "function_call",
                    "id": "fc_1",
                    "status": "completed",
                    "call_id": "call_1",
                    "name": "weather",
                    "arguments": '{"city":"Paris"}',
                },
                {"type": "function_call_output", "call_id": "call_1", "output": "12 degrees"},
            ],
            "reasoning": {"effort": "high", "summary": "auto"},
        },
        ours={
            "messages": [
                Message("user", "Weather in Paris?"),
                Message(
                    "assistant",
                    [ReasoningPart("Look it up.", "gAAA", "rs_1", "openai_responses")],
                    tool_calls=[
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "weather", "arguments": '{"city":"Paris"}'},
                        }
                    ],
                ),
                Message("tool", "12 degrees", tool_call_id="call_1"),
            ],
            "reasoning_effort": "high",
        },
    ),
    "structured": Exchange(
        theirs={
            "input": "Where?",
            "text": {
                "format": {
                    "type": "json_schema",
                    "name": "place",
                    "schema": WEATHER,
                    "strict": True,
                }
            },
        },
        ours={
            "messages": "Where?",
            "max_repairs": 0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "place", "schema": WEATHER, "strict": True},
            },
        },
        answer="tool_",
    ),
    "caching": Exchange(
        theirs={
            "input": "Salut",
            "prompt_cache_key": "k",
            "prompt_cache_retention": "24h",
        },
        ours={"messages": "Salut", "cache": {"key": "k", "ttl": "24h"}},
    ),
    "parameters of its own": Exchange(
        theirs={"input": "Salut", "metadata": {"a": "b"}, "truncation": "auto", "store": True},
        ours={
            "messages": "Salut",
            "extra_params": {"metadata": {"a": "b"}, "truncation": "auto", "store": True},
        },
    ),
}


@pytest.fixture(params=list(EXCHANGES.values()), ids=list(EXCHANGES))
def exchange(request: pytest.FixtureRequest) -> Exchange:
    found: Exchange = request.param
    return found


@pytest.fixture(autouse=True)
def lockfile() -> None:
    """Write a lockfile that selects the Responses API."""
    Path("llmring.lock").write_text(LOCKFILE)


def ask_theirs(server: Loopback, question: Mapping[str, Any], *, stream: bool) -> Any:
    """Return the response that the vendor's client reads."""
    fields = {"model": MODEL, "include": ENCRYPTED, **question}

    async def call() -> Any:
        async with openai.AsyncOpenAI(
            api_key=KEY,
            base_url=f"{server.url}/v1",
            max_retries=0,
            # Loading the trusted certificates would take 100 ms.
            http_client=openai.DefaultAsyncHttpxClient(verify=False),
        ) as client:
            if not stream:
                return await client.responses.create(**fields)
            async for event in await client.responses.create(**fields, stream=True):
                last = event
            return last.response

    return asyncio.run(call())


def ask_ours(server: Loopback, question: Mapping[str, Any], *, stream: bool) -> Understood:
    ring = LLMRing(
        environ={
            "LLMRING_RETRIES": "0",
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": KEY,
        }
    )
    request, way = LLMRequest(model=f"openai:{MODEL}", **question), Way("async")
    if not stream:
        answer = way.chat(ring, request)
        return understood(answer.content, answer.reasoning or "", answer)
    *_, last = chunks = way.stream(ring, request)
    reasoning = "".join(chunk.reasoning or "" for chunk in chunks)
    return understood("".join(chunk.delta for chunk in chunks), reasoning, last)


def understood(text: str, reasoning: str, end: LLMResponse | StreamChunk) -> Understood:
    usage = end.usage or Usage()
    return {
        "text": text,
        "reasoning": reasoning,
        "calls": [
            (call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in end.tool_calls or ()
        ],
        "input": usage.prompt_tokens,
        "cached": usage.cached_tokens,
        "output": usage.completion_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "total": usage.total_tokens,
    }


def as_ours(response: Any) -> Understood:
    """Convert the response of the vendor's client to the form of `understood`."""
    usage, output = response.usage, response.output
    summaries = [part for item in output if item.type == "reasoning" for part in item.summary]
    return {
        "text": response.output_text,
        "reasoning": "\n\n".join(part.text for part in summaries),
        "calls": [
            (item.call_id, item.name, item.arguments)
            for item in output
            if item.type == "function_call"
        ],
        "input": usage.input_tokens,
        "cached": usage.input_tokens_details.cached_tokens,
        "output": usage.output_tokens,
        "reasoning_tokens": usage.output_tokens_details.reasoning_tokens,
        "total": usage.total_tokens,
    }


def answer_of(exchange: Exchange, *, stream: bool) -> Answer:
    name = "stream.txt" if stream else "whole.json"
    body = (SAMPLES / f"{exchange.answer}{name}").read_bytes()
    return as_stream(body) if stream else as_json(json.loads(body))


def normal(request: Request) -> dict[str, Any]:
    """Remove the differences in the table above from a request."""
    body = request.json
    if isinstance(body["input"], str):
        body["input"] = [{"role": "user", "content": body["input"]}]
    body["input"] = [normal_item(item) for item in body["input"]]
    body.setdefault("store", False)
    for tool in body.get("tools", ()):
        if tool["type"] == "function":
            tool.setdefault("strict", False)
    return {
        "method": request.method,
        "path": request.path,
        "headers": {name: request.headers[name] for name in ("authorization", "content-type")},
        "body": body,
    }


def normal_item(item: dict[str, Any]) -> dict[str, Any]:
    match item:
        case {"content": [{"text": text}]}:
            item = {**item, "content": text}
    dropped = () if item.get("type") == "reasoning" else ("id", "status")
    return {"type": "message", **{key: item[key] for key in item if key not in dropped}}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_requests_and_results_equal_those_of_the_vendors_client(
    serve: Serve, exchange: Exchange, stream: bool
) -> None:
    server = serve(answer_of(exchange, stream=stream))

    theirs = ask_theirs(server, exchange.theirs, stream=stream)
    ours = ask_ours(server, exchange.ours, stream=stream)

    assert ours == as_ours(theirs)
    assert normal(server.requests[1]) == normal(server.requests[0])


ERRORS = [
    (400, openai.BadRequestError, ProviderRequestError),
    (401, openai.AuthenticationError, ProviderAuthenticationError),
    (403, openai.PermissionDeniedError, ProviderAuthenticationError),
    (404, openai.NotFoundError, ProviderModelNotFoundError),
    (409, openai.ConflictError, ProviderResponseError),
    (422, openai.UnprocessableEntityError, ProviderRequestError),
    (429, openai.RateLimitError, ProviderRateLimitError),
    (500, openai.InternalServerError, ProviderResponseError),
    (503, openai.InternalServerError, ProviderResponseError),
]


@pytest.mark.parametrize(("status", "theirs", "ours"), ERRORS)
def test_an_error_equals_that_of_the_vendors_client(
    serve: Serve, status: int, theirs: type[Exception], ours: type[ProviderError]
) -> None:
    message = {"error": {"message": "Not now.", "type": "some_error", "param": None, "code": "odd"}}
    server = serve(as_json(message, status, x_request_id="req_1", retry_after="3"))

    with pytest.raises(theirs) as their:
        ask_theirs(server, {"input": "Salut"}, stream=False)
    with pytest.raises(ours) as our:
        ask_ours(server, {"messages": "Salut"}, stream=False)

    vendor: Any = their.value
    assert (our.value.status, our.value.code) == (vendor.status_code, vendor.code)
    assert our.value.request_id == vendor.request_id == "req_1"
    assert our.value.provider_message == vendor.body["message"]
    assert our.value.retry_after == 3


def test_an_error_in_a_stream_equals_that_of_the_vendors_client(serve: Serve) -> None:
    message = {"type": "server_error", "code": "overloaded", "message": "Overloaded", "param": None}
    event = {"type": "error", "error": message, "sequence_number": 0}
    server = serve(as_stream(b"event: error\ndata: " + json.dumps(event).encode() + b"\n\n"))

    with pytest.raises(openai.APIError) as their:
        ask_theirs(server, {"input": "Salut"}, stream=True)
    with pytest.raises(ProviderResponseError) as our:
        ask_ours(server, {"messages": "Salut"}, stream=True)

    assert (our.value.code, our.value.provider_message) == (their.value.code, their.value.message)


def test_both_clients_report_a_failed_stream(serve: Serve) -> None:
    body = json.loads((SAMPLES / "whole.json").read_bytes())
    error = {"code": "server_error", "message": "It broke."}
    event = {"type": "response.failed", "sequence_number": 0}
    failed = {**event, "response": {**body, "status": "failed", "error": error}}
    server = serve(as_stream(b"data: " + json.dumps(failed).encode() + b"\n\n"))

    theirs = ask_theirs(server, {"input": "Salut"}, stream=True)
    with pytest.raises(ProviderResponseError) as our:
        ask_ours(server, {"messages": "Salut"}, stream=True)

    assert theirs.status == "failed"
    assert (our.value.code, our.value.provider_message) == (
        theirs.error.code,
        theirs.error.message,
    )
