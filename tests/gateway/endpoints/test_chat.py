"""Chats of clients of every API, answered by models of every API."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import answers
from gateways import QUESTIONS, gateway_of, post
from llmring.chat.events import (
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
)
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.gateway.endpoints.chat import answer_chat
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, OLLAMA, WIRES, Wire
from llmring.wire import HttpHead
from loopback import Loopback, Pause, Reset, as_stream
from vendors import APIS, FALLBACK, Pair, ended

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
each_api = pytest.mark.parametrize("name", APIS)
either_form = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def ask(
    wire: Wire,
    *,
    stream: bool,
    options: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    alt: str = "sse",
    **more: Any,
) -> tuple[GatewayAnswer, bytes]:
    """Ask as a client does; return the answer and all bytes of its body."""
    question = {**QUESTIONS[wire.name], **more}
    arguments: dict[str, Any] = {}
    if wire is GEMINI:
        path = "/v1beta/models/t:generateContent"
        arguments = {"model": "t", "stream": stream}
    else:
        path = "/api/chat" if wire is OLLAMA else "/v1"
        question["stream"] = stream
        if wire.name == "chat" and stream:
            question.setdefault("stream_options", {"include_usage": True})
    body = json.dumps(question).encode()
    request = post(path, body, query={"alt": alt}, headers=headers or {})

    async def go() -> tuple[GatewayAnswer, bytes]:
        async with ServedRing() as ring:
            answer = await answer_chat(
                gateway_of(ring, **(options or {})), wire, request, **arguments
            )
            if isinstance(answer.body, bytes):
                return answer, answer.body
            return answer, b"".join([piece async for piece in answer.body])

    return asyncio.run(go())


def read(wire: Wire, answer: GatewayAnswer, body: bytes) -> LLMResponse:
    """Read an answer as the library reads those of the API's own servers."""
    head = HttpHead(answer.status, answer.headers)
    if answer.headers["content-type"] == "application/json":
        return fold("x:y", wire.dialect.decode(head, body), wire.dialect.name)
    decoder = wire.dialect.decoder(head)
    events = [*decoder.feed(body), *decoder.end()]
    return fold("x:y", events, wire.dialect.name)


@each_wire
@each_api
@either_form
def test_g064_a_text_comes_from_any_model_to_any_client(
    pair: Pair, wire: Wire, name: str, stream: bool
) -> None:
    pair.first(name, TextDelta("Hello "), TextDelta("you"), *ended("stop"), stream=True)

    answer, body = ask(wire, stream=stream)

    found = read(wire, answer, body)
    assert (found.content, found.finish_reason) == ("Hello you", "stop")
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (10, 2)
    assert answer.headers["x-llmring-model"] == APIS[name].model
    assert "server-timing" in answer.headers
    # The cost of a stream is known at its end.
    assert ("x-llmring-cost-unknown" in answer.headers) is not stream


@each_wire
@each_api
@either_form
def test_g064_calls_of_tools_come_from_any_model_to_any_client(
    pair: Pair, wire: Wire, name: str, stream: bool
) -> None:
    calls = [
        ToolCallDelta(0, "call_1", "weather", '{"city": "Ulm"}'),
        ToolCallDelta(1, "call_2", "weather", '{"city": "Bonn"}'),
    ]
    pair.first(name, TextDelta("Look: "), *calls, *ended("tool_calls"), stream=True)

    found = read(wire, *ask(wire, stream=stream))

    assert (found.content, found.finish_reason) == ("Look: ", "tool_calls")
    shown = [json.loads(call["function"]["arguments"]) for call in found.tool_calls or ()]
    assert shown == [{"city": "Ulm"}, {"city": "Bonn"}]


@each_wire
@each_api
@either_form
def test_g045_reasoning_comes_from_any_model_to_any_client_that_wants_it(
    pair: Pair, wire: Wire, name: str, stream: bool
) -> None:
    pair.first(name, ReasoningDelta("Hm."), TextDelta("Hello"), *ended("stop"), stream=True)

    found = read(wire, *ask(wire, stream=stream))

    assert found.content == "Hello"
    assert found.reasoning == "Hm."


@each_api
def test_g044_claude_code_changes_the_effort_of_any_model_in_mid_conversation(
    pair: Pair, name: str
) -> None:
    turns = [
        {"role": "user", "content": "Hello"},
        {"role": "system", "content": [], "output_config": {"effort": "low"}},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "And now?"},
    ]
    server, _ = pair.first(name, TextDelta("Hello"), *ended("stop"), stream=True)

    answer, _ = ask(
        MESSAGES,
        stream=True,
        messages=turns,
        thinking={"type": "adaptive"},
        output_config={"effort": "high"},
    )

    sent = server.requests[0]
    assert answer.status == 200
    assert "system_message" not in sent.body.decode()
    assert ("output_config" in sent.body.decode()) is (name == "anthropic")
    if name == "openai_responses":
        assert sent.json["reasoning"]["effort"] == "low"
        assert [each["role"] for each in sent.json["input"]] == ["user", "assistant", "user"]
    if name == "openai_chat":
        assert [each["role"] for each in sent.json["messages"]] == ["user", "assistant", "user"]


@each_api
def test_g034_claude_code_finds_its_deferred_tools_with_any_model(pair: Pair, name: str) -> None:
    call = {"type": "tool_use", "id": "call_1", "name": "ToolSearch", "input": {"query": "Fetch"}}
    found = [{"type": "tool_reference", "tool_name": "WebFetch"}]
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": found}
    turns = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result, {"type": "text", "text": "Tool loaded."}]},
    ]
    schema = {"type": "object", "properties": {}}
    tools = [
        {"name": "ToolSearch", "input_schema": schema},
        {"name": "WebFetch", "input_schema": schema, "defer_loading": True},
    ]
    server, other = pair.first(name, TextDelta("Hello"), *ended("stop"), stream=True)

    answer, _ = ask(MESSAGES, stream=True, messages=turns, tools=tools)

    sent = server.requests[0].body.decode()
    assert answer.status == 200
    assert other.requests == []
    assert "Tool loaded." in sent
    assert "WebFetch" in sent
    assert ("tool_reference" in sent) is (name == "anthropic")


@each_wire
@each_api
@pytest.mark.parametrize("after", ["Once", " upon", " a"])
def test_g078_no_client_sees_that_another_model_goes_on(
    pair: Pair, wire: Wire, name: str, after: str
) -> None:
    api = APIS[name]
    words = [TextDelta(word) for word in ("Once", " upon", " a", " midnight", " dreary")]
    steps = api.answer(*words, *ended("stop"), stream=True).steps
    last = next(
        at for at, step in enumerate(steps) if isinstance(step, bytes) and after.encode() in step
    )
    pair.lock(api.model, FALLBACK.model, lockfile=api.lockfile)
    begun = [*steps[: last + 1], Pause(0.05), Reset()]
    pair.start(api, as_stream(*begun, content_type=api.encoding.stream_type))
    pair.start(FALLBACK, answers.openai_stream(" and on it goes"))

    found = read(wire, *ask(wire, stream=True))

    shown = "Once upon a midnight dreary"
    assert found.content == shown[: shown.index(after) + len(after)] + " and on it goes"
    assert found.finish_reason == "stop"


@either_form
@pytest.mark.parametrize("models", [1, 2])
@pytest.mark.parametrize("shows", [False, True])
def test_g069_the_limits_of_a_provider_are_shown_if_the_lockfile_allows_it(
    pair: Pair, stream: bool, models: int, shows: bool
) -> None:
    api = APIS["openai_chat"]
    answer = api.answer(TextDelta("Hello"), *ended("stop"), stream=stream or models > 1)
    limit = {"x-ratelimit-remaining-tokens": "7"}
    pair.lock(*[api.model, FALLBACK.model][:models])
    pair.start(FALLBACK)
    pair.start(api, replace(answer, headers={**answer.headers, **limit}))

    found, _ = ask(CHAT, stream=stream, options={"show_upstream_limits": shows})

    assert (limit.items() <= found.headers.items()) is shows


def test_g041_a_client_may_return_a_call_without_the_field_of_its_signature(pair: Pair) -> None:
    gemini = APIS["gemini"]
    signature = base64.b64encode(b"of Google").decode()
    pair.lock(gemini.model)
    call = ToolCallDelta(0, None, "weather", "{}", signature)
    server = pair.start(
        gemini,
        gemini.answer(call, *ended("tool_calls"), stream=False),
        gemini.answer(TextDelta("Sunny"), *ended("stop"), stream=False),
    )
    question = QUESTIONS["chat"]

    async def go() -> None:
        async with ServedRing() as ring:
            gateway = gateway_of(ring)
            first = await answer_chat(gateway, CHAT, post("/v1", json.dumps(question).encode()))
            assert isinstance(first.body, bytes)
            said = json.loads(first.body)["choices"][0]["message"]
            [made] = said["tool_calls"]
            del made["extra_content"]
            result = {"role": "tool", "tool_call_id": made["id"], "content": "sun"}
            turns = [*question["messages"], {**said, "tool_calls": [made]}, result]
            again = json.dumps({**question, "messages": turns}).encode()
            await answer_chat(gateway, CHAT, post("/v1", again))

    asyncio.run(go())

    [_, sent] = server.requests
    assert signature in sent.body.decode()


PRICE = "prices = { input = 1, output = 2 }\n"
REPORT = {"x-llmring-report": "1"}


def reports(body: bytes) -> list[dict[str, Any]]:
    """Return the reports in the events of a stream, or in the elements of an array."""
    if body.startswith(b"["):
        found = json.loads(body)
    else:
        texts = [each.removeprefix(b"data: ") for each in body.splitlines()]
        found = [json.loads(each) for each in texts if each.startswith(b"{")]
    return [each["llmring"] for each in found if "llmring" in each]


@each_wire
@each_api
@pytest.mark.parametrize("fails", [False, True], ids=["at once", "after a failure"])
def test_g106_a_stream_reports_its_cost_at_the_end_if_the_client_asks(
    pair: Pair, wire: Wire, name: str, fails: bool
) -> None:
    api = APIS[name]
    facts = f'[registry.models."{api.model}"]\ncapabilities = ["tools", "reasoning"]\n{PRICE}'
    models = [FALLBACK.model, api.model] if fails else [api.model]
    pair.lock(*models, lockfile=api.lockfile + facts)
    pair.start(FALLBACK, answers.openai_error(503))
    events = [TextDelta("Hello "), TextDelta("you"), *ended("stop")]
    pair.start(api, api.answer(*events, stream=True))

    answer, body = ask(wire, stream=True, headers=REPORT, stream_options=None)

    found = read(wire, answer, body)
    assert (found.content, found.finish_reason) == ("Hello you", "stop")
    [report] = reports(body)
    assert (report["model"], report["cost"]) == (api.model, "0.000014")
    assert [each["outcome"] for each in report["attempts"]] == [*["failed"] * fails, "ok"]


@each_wire
def test_g106_a_stream_without_a_known_price_reports_the_reason(pair: Pair, wire: Wire) -> None:
    pair.first("openai_chat", TextDelta("Hello"), *ended("stop"), stream=True)

    [report] = reports(ask(wire, stream=True, headers=REPORT)[1])

    assert report["cost_unknown"]
    assert "cost" not in report


def test_g106_an_array_has_the_report_in_its_last_element(pair: Pair) -> None:
    pair.first("openai_chat", TextDelta("Hello"), *ended("stop"), stream=True)

    [report] = reports(ask(GEMINI, stream=True, headers=REPORT, alt="json")[1])

    assert report["attempts"]


@each_wire
def test_g106_a_client_that_does_not_ask_gets_no_report(pair: Pair, wire: Wire) -> None:
    pair.first("openai_chat", TextDelta("Hello"), *ended("stop"), stream=True)

    assert b"llmring" not in ask(wire, stream=True)[1]


@each_wire
def test_g060_a_whole_answer_names_the_model_that_ended_it(pair: Pair, wire: Wire) -> None:
    api = APIS["anthropic"]
    pair.lock(api.model, FALLBACK.model, lockfile=api.lockfile)
    steps = api.answer(TextDelta("Once upon"), *ended("stop"), stream=True).steps
    begun = [*steps[:-2], Pause(0.05), Reset()]
    pair.start(api, as_stream(*begun, content_type=api.encoding.stream_type))
    pair.start(FALLBACK, answers.openai_stream(" a time"))

    answer, body = ask(wire, stream=False)

    assert answer.headers["x-llmring-model"] == FALLBACK.model
    assert read(wire, answer, body).served_model == answers.OPENAI_BEGUN.model
