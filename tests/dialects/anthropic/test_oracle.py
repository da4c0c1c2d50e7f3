"""Anthropic's own client and llmring against one server: the same requests, the same results.

`normal` removes exactly the differences in this table:

| on the wire             | vendor's client           | llmring                       |
|-------------------------|---------------------------|-------------------------------|
| text of a message       | as given: text or blocks  | always blocks                 |
| system prompt           | as given: text or blocks  | always blocks                 |
| content of a result     | as given: text or blocks  | always blocks                 |
| `stream`                | may be `false`            | only if true                  |
| path with betas         | `/v1/messages?beta=true`  | `/v1/messages`, header only   |
| the key                 | `authorization: Bearer`   | `x-api-key`; both work        |
| `anthropic-version`     | `2026-10-21`              | `2023-06-01`, see below       |
| headers about a client  | user-agent, x-stainless-… | its own                       |

The newer version of the API has no sampling parameters, which older models and other servers of
this API still accept: https://platform.claude.com/docs/en/api/versioning
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
from llmring.chat.parts import DocumentPart, ReasoningPart
from loopback import Answer, Loopback, Request, as_json, as_stream

anthropic = pytest.importorskip("anthropic")

Serve = Callable[..., Loopback]
Understood = dict[str, Any]

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / "anthropic"
KEY = "a-key-that-opens-nothing"
MODEL = "claude-of-no-catalog"
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


THEIR_TURNS = [
    {"role": "user", "content": "Weather in Paris?"},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Look it up.", "signature": "c2ln"},
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "a", "name": "weather", "input": {"city": "Paris"}},
        ],
    },
    {
        "role": "user",
        "content": [
            {"type": "tool_result", "tool_use_id": "a", "content": "No sky.", "is_error": True}
        ],
    },
]

OUR_TURNS = [
    Message("user", "Weather in Paris?"),
    Message(
        "assistant",
        [ReasoningPart("Look it up.", "c2ln"), "Let me look."],
        tool_calls=[
            {
                "id": "a",
                "type": "function",
                "function": {"name": "weather", "arguments": '{"city":"Paris"}'},
            }
        ],
    ),
    Message("tool", "No sky.", tool_call_id="a", metadata={"is_error": True}),
]

EXCHANGES = {
    "chat": Exchange(
        theirs={
            "system": "Be brief.",
            "messages": [{"role": "user", "content": "Salut"}],
            "extra_body": {"temperature": 0.5},
            "stop_sequences": ["END"],
        },
        ours={
            "messages": [Message("system", "Be brief."), Message("user", "Salut")],
            "temperature": 0.5,
            "stop": "END",
        },
    ),
    "image and document": Exchange(
        theirs={
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "image", "source": {"type": "url", "url": "https://a.b/c.png"}},
                        {
                            "type": "document",
                            "title": "it",
                            "source": {
                                "type": "base64",
                                "media_type": "application/pdf",
                                "data": "JVBERg==",
                            },
                        },
                        {"type": "text", "text": "What is it?"},
                    ],
                }
            ],
        },
        ours={
            "messages": [
                Message(
                    "user",
                    [
                        {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}},
                        DocumentPart(data="JVBERg==", name="it"),
                        "What is it?",
                    ],
                )
            ]
        },
    ),
    "tools": Exchange(
        theirs={
            "messages": [{"role": "user", "content": "Weather in Paris?"}],
            "tools": [
                {
                    "name": "weather",
                    "description": "Returns it.",
                    "input_schema": WEATHER,
                    "strict": True,
                }
            ],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
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
                }
            ],
            "tool_choice": "required",
            "extra_params": {"tool_choice": {"disable_parallel_tool_use": True}},
        },
        answer="tool_",
    ),
    "thinking by tokens, with tools": Exchange(
        theirs={
            "messages": THEIR_TURNS,
            "tools": [{"name": "weather", "input_schema": WEATHER}],
            "thinking": {"type": "enabled", "budget_tokens": 2048},
        },
        ours={
            "messages": OUR_TURNS,
            "tools": [{"name": "weather", "input_schema": WEATHER}],
            "reasoning_tokens": 2048,
        },
    ),
    "thinking by effort": Exchange(
        theirs={
            "messages": [{"role": "user", "content": "Salut"}],
            "thinking": {"type": "adaptive"},
            "output_config": {"effort": "high"},
        },
        ours={"messages": "Salut", "reasoning_effort": "high"},
    ),
    "structured": Exchange(
        theirs={
            "messages": [{"role": "user", "content": "Where?"}],
            "output_config": {"format": {"type": "json_schema", "schema": WEATHER}},
        },
        ours={
            "messages": "Where?",
            "max_repairs": 0,
            "response_format": {"type": "json_schema", "json_schema": {"schema": WEATHER}},
        },
        answer="json_",
    ),
    "caching": Exchange(
        theirs={
            "messages": [{"role": "user", "content": "Salut"}],
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
        },
        ours={"messages": "Salut", "cache": "1h"},
    ),
    "a beta": Exchange(
        theirs={
            "messages": [{"role": "user", "content": "Salut"}],
            "betas": ["interleaved-thinking-2025-05-14", "context-1m-2025-08-07"],
        },
        ours={
            "messages": "Salut",
            "extra_params": {"betas": ["interleaved-thinking-2025-05-14", "context-1m-2025-08-07"]},
        },
    ),
}


@pytest.fixture(params=list(EXCHANGES.values()), ids=list(EXCHANGES))
def exchange(request: pytest.FixtureRequest) -> Exchange:
    found: Exchange = request.param
    return found


def ask_theirs(server: Loopback, question: Mapping[str, Any], *, stream: bool) -> Any:
    """Return the message that the vendor's client reads."""

    async def call() -> Any:
        async with anthropic.AsyncAnthropic(
            api_key=KEY, base_url=server.url, max_retries=0
        ) as client:
            messages = client.beta.messages if "betas" in question else client.messages
            fields = {"model": MODEL, "max_tokens": 4000, **question}
            if not stream:
                return await messages.create(**fields)
            async with messages.stream(**fields) as events:
                return await events.get_final_message()

    return asyncio.run(call())


def our_request(question: Mapping[str, Any]) -> LLMRequest:
    return LLMRequest(model=f"anthropic:{MODEL}", max_tokens=4000, **question)


def our_ring(server: Loopback) -> LLMRing:
    return LLMRing(
        environ={"LLMRING_RETRIES": "0", "ANTHROPIC_BASE_URL": server.url, "ANTHROPIC_API_KEY": KEY}
    )


def ask_ours(server: Loopback, question: Mapping[str, Any], *, stream: bool) -> Understood:
    way = Way("async")
    if not stream:
        answer = way.chat(our_ring(server), our_request(question))
        return understood(answer.content, answer.reasoning or "", answer)
    *_, last = chunks = way.stream(our_ring(server), our_request(question))
    reasoning = "".join(chunk.reasoning or "" for chunk in chunks)
    return understood("".join(chunk.delta for chunk in chunks), reasoning, last)


def understood(text: str, reasoning: str, end: LLMResponse | StreamChunk) -> Understood:
    usage = end.usage or Usage()
    return {
        "text": text,
        "thinking": reasoning,
        "calls": [
            (call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
            for call in end.tool_calls or ()
        ],
        "input": usage.prompt_tokens,
        "cached": usage.cached_tokens,
        "written": usage.cache_write_tokens,
        "output": usage.completion_tokens,
        "thinking_tokens": usage.reasoning_tokens,
    }


def as_ours(message: Any) -> Understood:
    """Convert the message of the vendor's client to the form of `understood`."""
    usage, blocks = message.usage, message.content
    cached = usage.cache_read_input_tokens or 0
    written = usage.cache_creation_input_tokens or 0
    details = usage.output_tokens_details
    return {
        "text": "".join(block.text for block in blocks if block.type == "text"),
        "thinking": "".join(block.thinking for block in blocks if block.type == "thinking"),
        "calls": [(b.id, b.name, b.input) for b in blocks if b.type == "tool_use"],
        "input": usage.input_tokens + cached + written,
        "cached": cached,
        "written": written,
        "output": usage.output_tokens,
        "thinking_tokens": details.thinking_tokens if details else 0,
    }


def answer_of(exchange: Exchange, *, stream: bool) -> Answer:
    name = "stream.txt" if stream else "whole.json"
    body = (SAMPLES / f"{exchange.answer}{name}").read_bytes()
    return as_stream(body) if stream else as_json(json.loads(body))


def normal(request: Request) -> dict[str, Any]:
    """Remove the differences in the table above from a request."""
    body, headers = request.json, request.headers
    key = headers["x-api-key"] if "x-api-key" in headers else headers["authorization"]
    if body.get("stream") is False:
        del body["stream"]
    if isinstance(body.get("system"), str):
        body["system"] = in_blocks(body["system"])
    for turn in body["messages"]:
        turn["content"] = in_blocks(turn["content"])
        for block in turn["content"]:
            if block["type"] == "tool_result":
                block["content"] = in_blocks(block["content"])
    return {
        "method": request.method,
        "path": request.path.removesuffix("?beta=true"),
        "headers": {name: headers.get(name) for name in HEADERS},
        "key": key.removeprefix("Bearer "),
        "body": body,
    }


HEADERS = ("anthropic-beta", "content-type")


def in_blocks(content: Any) -> Any:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


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
    (400, "invalid_request_error"),
    (401, "authentication_error"),
    (402, "billing_error"),
    (403, "permission_error"),
    (404, "not_found_error"),
    (409, "conflict_error"),
    (413, "request_too_large"),
    (429, "rate_limit_error"),
    (500, "api_error"),
    (504, "timeout_error"),
    (529, "overloaded_error"),
]


@pytest.mark.parametrize(("status", "kind"), ERRORS)
def test_an_error_equals_that_of_the_vendors_client(serve: Serve, status: int, kind: str) -> None:
    message = {"type": "error", "error": {"type": kind, "message": "Not now."}}
    server = serve(as_json(message, status, request_id="req_1", retry_after="3"))
    question = {"messages": [{"role": "user", "content": "Salut"}]}

    with pytest.raises(anthropic.APIStatusError) as theirs:
        ask_theirs(server, question, stream=False)
    with pytest.raises(ProviderError) as ours:
        ask_ours(server, question, stream=False)

    assert (ours.value.status, ours.value.code, ours.value.provider_message) == (
        theirs.value.status_code,
        theirs.value.type,
        theirs.value.api_message,
    )
    assert ours.value.request_id == theirs.value.request_id == "req_1"
    assert ours.value.retry_after == 3


def test_an_error_in_a_stream_equals_that_of_the_vendors_client(serve: Serve) -> None:
    message = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    body = b"event: error\ndata: " + json.dumps(message).encode() + b"\n\n"
    server = serve(as_stream(body))
    question = {"messages": [{"role": "user", "content": "Salut"}]}

    with pytest.raises(anthropic.APIStatusError) as theirs:
        ask_theirs(server, question, stream=True)
    with pytest.raises(ProviderError) as ours:
        ask_ours(server, question, stream=True)

    assert (ours.value.code, ours.value.provider_message) == (
        theirs.value.type,
        theirs.value.api_message,
    )
