"""Several answers to one request: from servers of the client's API alone, as they sent them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateways import QUESTIONS, gateway_of, post
from llmring.dialects.request_decoding import RequestFormatError
from llmring.exceptions import LLMRingError, NoUsableModelError
from llmring.gateway.endpoints.chat import answer_chat
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.wires import CHAT, GEMINI, Wire
from loopback import Answer, Loopback, Pause, Reset, Step, as_json, as_stream
from vendors import APIS, FALLBACK, Pair

BUSY = as_json({"error": {"message": "busy"}}, 503)


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def choice(at: int, text: str, form: str) -> dict[str, Any]:
    return {"index": at, form: {"role": "assistant", "content": text}, "finish_reason": "stop"}


def chat_reply(form: str, *choices: dict[str, Any]) -> dict[str, Any]:
    kind = "chat.completion" if form == "message" else "chat.completion.chunk"
    usage = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}
    return {"id": "c-1", "object": kind, "model": "any", "choices": [*choices], "usage": usage}


WHOLE = {
    "chat": chat_reply("message", choice(0, "Hi", "message"), choice(1, "Hey", "message")),
    "gemini": {
        "candidates": [
            {
                "index": at,
                "content": {"role": "model", "parts": [{"text": text}]},
                "finishReason": "STOP",
            }
            for at, text in enumerate(("Hi", "Hey"))
        ],
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 4},
    },
}


def event(value: Any) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


CHUNKS = [
    event(chat_reply("delta", {**choice(at, text, "delta"), "finish_reason": reason}))
    for at, text, reason in ((0, "H", None), (1, "He", None), (0, "i", "stop"), (1, "y", "stop"))
]
DONE = b"data: [DONE]\n\n"


def ask(
    wire: Wire,
    *,
    stream: bool = False,
    alt: str = "sse",
    asked: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[GatewayAnswer, bytes]:
    question = {**QUESTIONS[wire.name], **(asked or {})}
    arguments: dict[str, Any] = {}
    if wire is GEMINI:
        del question["tools"]
        question.setdefault("generationConfig", {})
        question["generationConfig"] = {**question["generationConfig"], "candidateCount": 2}
        arguments = {"model": "t", "stream": stream}
    else:
        question |= {"n": 2, "stream": stream, **(asked or {})}
        question["stream_options"] = {"include_usage": True}
    request = post("/v1", json.dumps(question).encode(), query={"alt": alt})

    async def go() -> tuple[GatewayAnswer, bytes]:
        async with ServedRing() as ring:
            answer = await answer_chat(gateway_of(ring, **options), wire, request, **arguments)
            if isinstance(answer.body, bytes):
                return answer, answer.body
            return answer, b"".join([piece async for piece in answer.body])

    return asyncio.run(go())


@pytest.mark.parametrize("wire", [CHAT, GEMINI], ids=["chat", "gemini"])
@pytest.mark.parametrize("model", ["served", "asked"])
def test_g061_all_answers_of_a_whole_reply_arrive(pair: Pair, wire: Wire, model: str) -> None:
    api = APIS[wire.dialect.name]
    pair.lock(api.model, lockfile=api.lockfile)
    server = pair.start(api, as_json(WHOLE[wire.name]))

    answer, body = ask(wire, body_model=model)

    assert json.loads(body) == WHOLE[wire.name]
    assert answer.headers["x-llmring-relay"] in ("verbatim", "adapted")
    sent = server.requests[0].json
    assert sent.get("n", sent.get("generationConfig", {}).get("candidateCount")) == 2


def test_g061_another_model_of_the_api_takes_over_before_the_answers(pair: Pair) -> None:
    pair.lock(APIS["anthropic"].model, APIS["openai_chat"].model, FALLBACK.model)
    other = pair.start(APIS["anthropic"], BUSY)
    pair.start(APIS["openai_chat"], BUSY)
    pair.start(FALLBACK, as_json(WHOLE["chat"]))

    answer, body = ask(CHAT)

    assert json.loads(body) == WHOLE["chat"]
    assert answer.headers["x-llmring-model"] == FALLBACK.model
    assert other.requests == []


def test_g061_no_server_of_another_api_is_asked(pair: Pair) -> None:
    pair.lock(APIS["anthropic"].model)
    server = pair.start(APIS["anthropic"], BUSY)

    with pytest.raises(NoUsableModelError):
        ask(CHAT)

    assert server.requests == []


@pytest.mark.parametrize("models", [1, 2])
@pytest.mark.parametrize("model", ["served", "asked"])
def test_g061_all_answers_of_a_stream_arrive(pair: Pair, models: int, model: str) -> None:
    pair.lock(*[APIS["openai_chat"].model, FALLBACK.model][:models])
    pair.start(APIS["openai_chat"], as_stream(*CHUNKS, DONE))
    pair.start(FALLBACK, BUSY)

    _, body = ask(CHAT, stream=True, body_model=model)

    assert body == b"".join([*CHUNKS, DONE])


def test_g061_no_other_model_goes_on_with_several_answers(pair: Pair) -> None:
    pair.lock(APIS["openai_chat"].model, FALLBACK.model)
    pair.start(APIS["openai_chat"], as_stream(*CHUNKS[:2], Reset()))
    other = pair.start(FALLBACK, Answer())

    _, body = ask(CHAT, stream=True)

    assert body.startswith(b"".join(CHUNKS[:2]))
    assert b'"error"' in body
    assert DONE not in body
    assert other.requests == []


def test_g061_a_request_that_a_server_takes_in_another_form_alone_is_not_sent(pair: Pair) -> None:
    pair.lock(APIS["openai_chat"].model)
    server = pair.start(APIS["openai_chat"], as_json(WHOLE["chat"]))
    schema = {"name": "a", "schema": {"type": "object"}}

    with pytest.raises(NoUsableModelError):
        ask(CHAT, asked={"response_format": {"type": "json_schema", "json_schema": schema}})

    assert server.requests == []


@pytest.mark.parametrize("stream", [False, True])
def test_g061_all_answers_arrive_without_what_the_model_refused(pair: Pair, stream: bool) -> None:
    pair.lock(APIS["openai_chat"].model)
    fault = {"message": "Unsupported parameter: 'seed'", "code": "unsupported_parameter"}
    refusal = as_json({"error": {**fault, "param": "seed"}}, 400)
    reply = as_stream(*CHUNKS, DONE) if stream else as_json(WHOLE["chat"])
    server = pair.start(APIS["openai_chat"], refusal, reply)

    answer, body = ask(CHAT, stream=stream, asked={"seed": 1})

    assert body == b"".join([*CHUNKS, DONE]) if stream else json.loads(body) == WHOLE["chat"]
    assert answer.headers["x-llmring-relay"] == "adapted"
    refused, sent = (each.json for each in server.requests)
    assert (refused["seed"], sent["n"]) == (1, 2)
    assert "seed" not in sent


@pytest.mark.parametrize("asked", [{"n": 4}, {"n": 1, "best_of": 4}])
def test_g061_the_limit_of_costs_counts_all_answers(pair: Pair, asked: dict[str, int]) -> None:
    api = APIS["openai_chat"]
    facts = (
        f'[registry.models."{api.model}"]\ncapabilities = ["tools"]\n'
        "prices = { input = 1, output = 1 }\n"
    )
    pair.lock(api.model, lockfile=facts, policy="max_cost_per_request = 0.003")
    pair.start(api, as_json(WHOLE["chat"]))

    with pytest.raises(LLMRingError):
        ask(CHAT, asked={**asked, "max_tokens": 1000})

    ask(CHAT, asked={**asked, "max_tokens": 100})


def test_g061_several_answers_have_no_place_in_an_array(pair: Pair) -> None:
    pair.lock(APIS["gemini"].model)
    pair.start(APIS["gemini"], BUSY)

    with pytest.raises(RequestFormatError) as caught:
        ask(GEMINI, stream=True, alt="json")

    assert caught.value.field == "generationConfig.candidateCount"


def test_g061_the_second_answer_may_take_longer_than_the_first(pair: Pair) -> None:
    pair.lock(APIS["openai_chat"].model, policy="stall_timeout = 0.4")
    steps: list[Step] = [Pause(0.2), event(chat_reply("delta", choice(1, ".", "delta")))] * 4
    end = [CHUNKS[3], DONE]
    pair.start(APIS["openai_chat"], as_stream(*CHUNKS[:3], *steps, *end))

    _, body = ask(CHAT, stream=True)

    assert body.endswith(b"".join(end))
    assert b'"error"' not in body
