"""Google's own client and llmring against one server: the same requests, the same results.

`normal` removes exactly the differences in this table:

| on the wire                | Google's client                  | llmring                     |
|----------------------------|----------------------------------|-----------------------------|
| version in the path        | `/v1`                            | `/v1beta`, see below        |
| names of fields            | some in snake_case, as given     | always in camelCase         |
| `systemInstruction.role`   | "user"                           | omitted                     |
| no settings                | `"generationConfig": {}`         | omitted                     |
| order of `tools`           | functions last                   | functions first             |
| schema of a response       | as given                         | without unknown keywords    |
| bytes, signatures          | base64 for URLs (`-_`)           | as received                 |
| missing signature of a call| omitted                          | a stand-in on the first     |
| headers about a client     | user-agent, x-goog-api-client    | its own                     |

The beta has everything in the stable version, and is used on the vendor's pages:
https://ai.google.dev/gemini-api/docs/api-versions

Protocol buffers accept both spellings of names and of base64:
https://protobuf.dev/programming-guides/json
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Way
from gemini_exchanges import EXCHANGES, Exchange
from llmring import LLMRequest, LLMResponse, LLMRing, ProviderError, StreamChunk
from llmring.chat.events import Usage
from loopback import Answer, Loopback, Request, as_json, as_stream

genai = pytest.importorskip("google.genai")

# Google's client.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

Serve = Callable[..., Loopback]
Understood = dict[str, Any]

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / "gemini"
KEY = "a-key-that-opens-nothing"
MODEL = "gemini-of-no-catalog"


@pytest.fixture(params=list(EXCHANGES.values()), ids=list(EXCHANGES))
def exchange(request: pytest.FixtureRequest) -> Exchange:
    found: Exchange = request.param
    return found


def ask_theirs(server: Loopback, exchange: Exchange, *, stream: bool) -> list[Any]:
    """Return the chunks that Google's client reads; a whole answer is a single one."""

    async def call() -> list[Any]:
        options = {"base_url": server.url, "retry_options": {"attempts": 1}}
        client = genai.Client(api_key=KEY, http_options=options).aio
        fields = {"model": MODEL, "contents": exchange.contents, "config": exchange.theirs}
        try:
            if not stream:
                return [await client.models.generate_content(**fields)]
            return [each async for each in await client.models.generate_content_stream(**fields)]
        finally:
            await client.aclose()

    return asyncio.run(call())


def our_ring(server: Loopback) -> LLMRing:
    return LLMRing(
        environ={
            "LLMRING_RETRIES": "0",
            "GOOGLE_GEMINI_BASE_URL": server.url,
            "GEMINI_API_KEY": KEY,
        }
    )


def ask_ours(server: Loopback, exchange: Exchange, *, stream: bool) -> Understood:
    way, request = Way("async"), LLMRequest(model=f"google:{MODEL}", **exchange.ours)
    if not stream:
        answer = way.chat(our_ring(server), request)
        return understood(answer.content, answer.reasoning or "", answer)
    *_, last = chunks = way.stream(our_ring(server), request)
    reasoning = "".join(chunk.reasoning or "" for chunk in chunks)
    return understood("".join(chunk.delta for chunk in chunks), reasoning, last)


def understood(text: str, reasoning: str, end: LLMResponse | StreamChunk) -> Understood:
    usage = end.usage or Usage()
    return {
        "text": text,
        "thoughts": reasoning,
        "calls": [
            (call["function"]["name"], json.loads(call["function"]["arguments"]))
            for call in end.tool_calls or ()
        ],
        "input": usage.prompt_tokens,
        "cached": usage.cached_tokens,
        "output": usage.completion_tokens,
        "thought_tokens": usage.reasoning_tokens,
        "finished": end.finish_reason,
    }


def as_ours(chunks: list[Any]) -> Understood:
    """Convert the chunks of Google's client to the form of `understood`."""
    usage = chunks[-1].usage_metadata
    candidates = [chunk.candidates[0] for chunk in chunks]
    parts = [part for each in candidates for part in each.content.parts]
    calls = [part.function_call for part in parts if part.function_call]
    thoughts = usage.thoughts_token_count or 0
    assert candidates[-1].finish_reason == "STOP"
    return {
        "text": "".join(part.text or "" for part in parts if not part.thought),
        "thoughts": "".join(part.text or "" for part in parts if part.thought),
        "calls": [(call.name, call.args) for call in calls],
        "input": usage.prompt_token_count + (usage.tool_use_prompt_token_count or 0),
        "cached": usage.cached_content_token_count or 0,
        "output": usage.candidates_token_count + thoughts,
        "thought_tokens": thoughts,
        "finished": "tool_calls" if calls else "stop",
    }


def answer_of(exchange: Exchange, *, stream: bool) -> Answer:
    name = "stream.txt" if stream else "whole.json"
    body = (SAMPLES / f"{exchange.answer}{name}").read_bytes()
    return as_stream(body) if stream else as_json(json.loads(body))


def normal(request: Request) -> dict[str, Any]:
    """Remove the differences in the table above from a request."""
    body = in_camels(request.json)
    body.get("systemInstruction", {}).pop("role", None)
    if not body.get("generationConfig", {"": ""}):
        del body["generationConfig"]
    body.get("generationConfig", {}).get("responseJsonSchema", {}).pop("$schema", None)
    body.get("tools", []).sort(key=list)
    for turn in body["contents"]:
        for part in turn["parts"]:
            if part.get("thoughtSignature", "").startswith("c2tpcF90aG91Z2h0"):
                del part["thoughtSignature"]
    return {
        "method": request.method,
        "path": request.path.replace("/v1beta/", "/v1/"),
        "headers": {name: request.headers.get(name) for name in HEADERS},
        "body": body,
    }


HEADERS = ("content-type", "x-goog-api-key")


def in_camels(value: Any) -> Any:
    match value:
        case dict():
            return {
                re.sub(r"_([a-z])", lambda m: m[1].upper(), key): in_camels(inner)
                if key not in ("data", "thoughtSignature", "thought_signature")
                else inner.translate({45: "+", 95: "/"})
                for key, inner in value.items()
            }
        case list():
            return [in_camels(each) for each in value]
    return value


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_requests_and_results_equal_those_of_the_vendors_client(
    serve: Serve, exchange: Exchange, stream: bool
) -> None:
    server = serve(answer_of(exchange, stream=stream))

    theirs = ask_theirs(server, exchange, stream=stream)
    ours = ask_ours(server, exchange, stream=stream)

    assert ours == as_ours(theirs)
    assert normal(server.requests[1]) == normal(server.requests[0])


ERRORS = [
    (400, "INVALID_ARGUMENT"),
    (400, "FAILED_PRECONDITION"),
    (401, "UNAUTHENTICATED"),
    (403, "PERMISSION_DENIED"),
    (404, "NOT_FOUND"),
    (429, "RESOURCE_EXHAUSTED"),
    (499, "CANCELLED"),
    (500, "INTERNAL"),
    (503, "UNAVAILABLE"),
    (504, "DEADLINE_EXCEEDED"),
]
SALUT = Exchange(ours={"messages": "Salut"})


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("status", "name"), ERRORS)
def test_an_error_equals_that_of_the_vendors_client(
    serve: Serve, status: int, name: str, stream: bool
) -> None:
    message = {"error": {"code": status, "message": "Not now.", "status": name}}
    server = serve(as_json(message, status))

    with pytest.raises(genai.errors.APIError) as theirs:
        ask_theirs(server, SALUT, stream=stream)
    with pytest.raises(ProviderError) as ours:
        ask_ours(server, SALUT, stream=stream)

    assert (ours.value.status, ours.value.code, ours.value.provider_message) == (
        theirs.value.code,
        theirs.value.status,
        theirs.value.message,
    )


def test_an_error_in_a_stream_equals_that_of_the_vendors_client(serve: Serve) -> None:
    message = {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}
    server = serve(as_stream(b"data: " + json.dumps(message).encode() + b"\r\n\r\n"))

    with pytest.raises(genai.errors.APIError) as theirs:
        ask_theirs(server, SALUT, stream=True)
    with pytest.raises(ProviderError) as ours:
        ask_ours(server, SALUT, stream=True)

    assert (ours.value.status, ours.value.code, ours.value.provider_message) == (
        theirs.value.code,
        theirs.value.status,
        theirs.value.message,
    )
