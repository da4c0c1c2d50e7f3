"""Answers in a form: those that a client gets whole are checked, and repaired by their model."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateways import QUESTIONS, gateway_of, post
from ledgers import wait_for
from llmring import SchemaValidationError
from llmring.chat.events import Event, ReasoningDelta, TextDelta, ToolCallDelta
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.gateway.endpoints.chat import answer_chat
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, OLLAMA, RESPONSES, WIRES, Wire
from llmring.wire import HttpHead
from loopback import Loopback, Pause, Reset, as_stream
from vendors import APIS, FALLBACK, Pair, ended

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "people": {"type": "integer"}},
    "required": ["city", "people"],
    "additionalProperties": False,
}
ULM = '{"city": "Ulm", "people": 126329}'
HALF = '{"city": "Ulm"}'

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
each_api = pytest.mark.parametrize("name", APIS)


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def form(wire: Wire, schema: object = SCHEMA) -> dict[str, Any]:
    """Return the fields by which a client asks for an answer that fits a schema."""
    match wire.name:
        case "chat":
            named = {"name": "city", "schema": schema}
            return {"response_format": {"type": "json_schema", "json_schema": named}}
        case "responses":
            return {"text": {"format": {"type": "json_schema", "name": "city", "schema": schema}}}
        case "messages":
            return {"output_config": {"format": {"type": "json_schema", "schema": schema}}}
        case "gemini":
            wanted = {"responseMimeType": "application/json", "responseJsonSchema": schema}
            shown = QUESTIONS["gemini"]["generationConfig"]
            return {"generationConfig": {**shown, **wanted}}
        case _:
            return {"format": schema}


def ask(wire: Wire, *, stream: bool = False, **more: Any) -> GatewayAnswer:
    """Ask as a client does, and wait for all of the answer."""
    question = {**QUESTIONS[wire.name], **form(wire), **more}
    arguments: dict[str, Any] = {}
    path = "/v1"
    if wire is GEMINI:
        path = "/v1beta/models/t:generateContent"
        arguments = {"model": "t", "stream": stream}
    else:
        question["stream"] = stream
        if wire is OLLAMA:
            path = "/api/chat"

    async def go() -> GatewayAnswer:
        async with ServedRing() as ring:
            request = post(path, json.dumps(question).encode(), query={"alt": "sse"})
            answer = await answer_chat(gateway_of(ring), wire, request, **arguments)
            if isinstance(answer.body, bytes):
                return answer
            body = b"".join([piece async for piece in answer.body])
            return msgspec.structs.replace(answer, body=body)

    return asyncio.run(go())


def read(wire: Wire, answer: GatewayAnswer) -> LLMResponse:
    assert isinstance(answer.body, bytes)
    head = HttpHead(answer.status, answer.headers)
    if answer.headers["content-type"] == "application/json":
        return fold("x:y", wire.dialect.decode(head, answer.body), wire.dialect.name)
    decoder = wire.dialect.decoder(head)
    return fold("x:y", [*decoder.feed(answer.body), *decoder.end()], wire.dialect.name)


def several(pair: Pair, name: str, *replies: tuple[Event, ...]) -> Loopback:
    """Start a model that answers with these events, the first time in a stream."""
    api = APIS[name]
    pair.lock(api.model, FALLBACK.model, lockfile=api.lockfile)
    pair.start(FALLBACK)
    first, *rest = replies
    answers = [api.answer(*first, *ended("stop"), stream=True)]
    answers += [api.answer(*each, *ended("stop"), stream=False) for each in rest]
    return pair.start(api, *answers)


@each_wire
@each_api
def test_g046_an_answer_that_does_not_fit_is_repaired_for_each_client(
    pair: Pair, wire: Wire, name: str
) -> None:
    server = several(pair, name, (TextDelta(HALF),), (TextDelta(ULM),))

    answer = ask(wire)

    found = read(wire, answer)
    assert json.loads(found.content) == json.loads(ULM)
    assert found.finish_reason == "stop"
    assert len(server.requests) == 2
    assert b"does not fit the form" in server.requests[1].body
    # Of the attempt that is shown.
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (10, 2)
    assert answer.headers["x-llmring-attempts"].count(APIS[name].model) == 2


@each_wire
@each_api
def test_g046_a_value_within_other_text_is_given_alone(pair: Pair, wire: Wire, name: str) -> None:
    several(pair, name, (ReasoningDelta("Hm."), TextDelta("```json\n"), TextDelta(f"{ULM}\n```")))

    found = read(wire, ask(wire))

    assert json.loads(found.content) == json.loads(ULM)
    assert found.reasoning == "Hm."


@each_wire
def test_g046_what_a_model_adds_for_its_own_api_is_taken_out(pair: Pair, wire: Wire) -> None:
    # A form that is no object is asked for within one.
    server = several(pair, "openai_chat", (TextDelta('{"answer": ["Ulm"]}'),))

    found = read(wire, ask(wire, **form(wire, {"type": "array", "items": {"type": "string"}})))

    assert json.loads(found.content) == ["Ulm"]
    assert len(server.requests) == 1


def alone(pair: Pair, wire: Wire, *texts: str) -> Loopback:
    """Start the only model, which has the client's API and answers with these texts in turn."""
    api = APIS[wire.dialect.name]
    pair.lock(api.model, lockfile=api.lockfile)
    replies = [api.answer(TextDelta(text), *ended("stop"), stream=False) for text in texts]
    return pair.start(api, *replies)


@each_wire
def test_g046_a_value_within_other_text_is_given_alone_by_the_only_model(
    pair: Pair, wire: Wire
) -> None:
    server = alone(pair, wire, HALF, f"```json\n{ULM}\n```")

    found = read(wire, ask(wire))

    assert found.content == ULM.replace(" ", "")
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (10, 2)
    assert len(server.requests) == 2


@each_wire
def test_g046_the_only_model_s_bytes_are_not_passed_on_if_they_have_more_than_the_value(
    pair: Pair, wire: Wire
) -> None:
    alone(pair, wire, f"```json\n{ULM}\n```")

    assert read(wire, ask(wire)).content == ULM.replace(" ", "")


@pytest.mark.parametrize("wire", [CHAT, RESPONSES, OLLAMA], ids=lambda wire: wire.name)
def test_g046_what_the_only_model_adds_for_its_own_api_is_taken_out(pair: Pair, wire: Wire) -> None:
    alone(pair, wire, '{"answer": ["Ulm"]}')

    found = read(wire, ask(wire, **form(wire, {"type": "array", "items": {"type": "string"}})))

    assert found.content == '["Ulm"]'


@each_wire
def test_g046_an_answer_that_fits_is_given_as_it_came(pair: Pair, wire: Wire) -> None:
    text = '{"city":\n "Ulm", "people": 1}'
    server = several(pair, "anthropic", (TextDelta(text[:9]), TextDelta(text[9:])))

    assert read(wire, ask(wire)).content == text
    assert len(server.requests) == 1


@each_wire
def test_g046_calls_of_tools_need_not_fit(pair: Pair, wire: Wire) -> None:
    server = several(pair, "anthropic", (ToolCallDelta(0, "call_1", "weather", "{}"),))

    found = read(wire, ask(wire))

    assert [call["function"]["name"] for call in found.tool_calls or ()] == ["weather"]
    assert len(server.requests) == 1


@each_wire
def test_g046_an_answer_that_can_not_be_repaired_is_no_answer(pair: Pair, wire: Wire) -> None:
    several(pair, "anthropic", *[(TextDelta(HALF),)] * 4)

    with pytest.raises(SchemaValidationError, match="people"):
        ask(wire)


def test_g046_a_repair_has_the_time_limit_of_the_call(pair: Pair) -> None:
    api = APIS["anthropic"]
    pair.lock(api.model, FALLBACK.model, policy="timeout = 0.5")
    pair.start(FALLBACK)
    slow = api.answer(TextDelta(ULM), *ended("stop"), stream=False)
    begun = api.answer(TextDelta(HALF), *ended("stop"), stream=True)
    pair.start(api, begun, replace(slow, steps=[Pause(5), *slow.steps]))
    began = time.monotonic()

    with pytest.raises(SchemaValidationError):
        ask(MESSAGES)

    assert time.monotonic() - began < 4


def test_g046_the_cost_of_repairs_is_in_the_cost_of_the_call(
    pair: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = tmp_path / "own.sqlite"
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{ledger}")
    api = APIS["openai_responses"]
    priced = "openai:gpt-4o-mini"
    pair.lock(priced, FALLBACK.model, lockfile=api.lockfile)
    pair.start(FALLBACK)
    usage = ended("stop")
    pair.start(
        api,
        api.answer(TextDelta(HALF), *usage, stream=True),
        api.answer(TextDelta(ULM), *usage, stream=False),
    )

    answer = ask(WIRES[0])

    one = Decimal("0.00000015") * 10 + Decimal("0.0000006") * 2
    assert Decimal(answer.headers["x-llmring-cost"]) == 2 * one
    (kept,) = wait_for(ledger, 1)
    assert (kept.outcome, kept.attempts, kept.cost) == ("ok", 2, 2 * one)
    assert kept.usage is not None
    assert kept.usage.prompt_tokens == 20


@each_wire
@pytest.mark.parametrize("policy", ["", 'on_stream_failure = "raise"'])
def test_g088_a_whole_answer_that_breaks_off_starts_over_with_the_next_model(
    pair: Pair, wire: Wire, policy: str
) -> None:
    api = APIS["anthropic"]
    pair.lock(api.model, FALLBACK.model, lockfile=api.lockfile, policy=policy)
    call = ToolCallDelta(0, "call_1", "weather", '{"city": "Ulm"}')
    begun = api.answer(TextDelta(ULM[:9]), call, *ended("stop"), stream=True).steps[:-2]
    steps = [*begun, Pause(0.05), Reset()]
    pair.start(api, as_stream(*steps, content_type=api.encoding.stream_type))
    pair.start(FALLBACK, FALLBACK.answer(TextDelta(ULM), *ended("stop"), stream=True))

    found = read(wire, ask(wire))

    assert (found.content, found.tool_calls) == (ULM, None)


NICK = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "nick": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("wire", [MESSAGES, GEMINI, OLLAMA], ids=lambda wire: wire.name)
@pytest.mark.parametrize(
    ("schema", "pieces", "expected"),
    [
        (NICK, ['{"name": "Ada",', ' "nick": null}'], {"name": "Ada"}),
        ({"type": "array", "items": {"type": "string"}}, ['{"answer": [', '"Ulm"]}'], ["Ulm"]),
        (NICK, ['{"name": "Ada"}'], {"name": "Ada"}),
    ],
    ids=["null for what is missing", "within an object", "as it is"],
)
def test_g046_a_stream_has_the_form_that_was_asked_for(
    pair: Pair, wire: Wire, schema: object, pieces: list[str], expected: object
) -> None:
    api = APIS["openai_responses"]
    pair.lock("openai:gpt-4o-mini", FALLBACK.model, lockfile=api.lockfile)
    pair.start(FALLBACK)
    pair.start(api, api.answer(*map(TextDelta, pieces), *ended("stop"), stream=True))

    answer = ask(wire, stream=True, **form(wire, schema))

    assert json.loads(read(wire, answer).content) == expected


def test_g046_a_stream_that_can_only_come_in_the_form_is_shown_as_it_comes(pair: Pair) -> None:
    api = APIS["openai_responses"]
    pair.lock("openai:gpt-4o-mini", FALLBACK.model, lockfile=api.lockfile)
    pair.start(FALLBACK)
    pieces = [TextDelta(ULM[:9]), TextDelta(ULM[9:])]
    pair.start(api, api.answer(*pieces, *ended("stop"), stream=True))

    answer = ask(MESSAGES, stream=True)

    assert isinstance(answer.body, bytes)
    assert answer.body.count(b"text_delta") == 2
