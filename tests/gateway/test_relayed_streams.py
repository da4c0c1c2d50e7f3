"""Streams of a client's own API, passed on byte for byte, and what follows when they break off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import answers
from gateways import QUESTIONS, gateway_of, post
from llmring.chat.events import (
    Event,
    Failed,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
)
from llmring.chat.reply import fold
from llmring.gateway.endpoints.chat import answer_chat
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, OLLAMA, RESPONSES, WIRES, Wire
from llmring.wire import HttpHead
from loopback import Answer, Loopback, Pause, Reset, Step, as_stream
from vendors import APIS, FALLBACK, Api, Pair, ended

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "recordings"
FILES = {"gemini": "google"}

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
recorded = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="needs the recordings next to the repository"
)


@pytest.fixture
def pair(serve: Callable[..., Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(serve, tmp_path / "llmring.lock", monkeypatch)


def asked(wire: Wire, **more: Any) -> tuple[bytes, dict[str, Any]]:
    question = {**QUESTIONS[wire.name], **more}
    if wire is GEMINI:
        return json.dumps(question).encode(), {"model": "t", "stream": True}
    question["stream"] = True
    if wire.name == "chat":
        question.setdefault("stream_options", {"include_usage": True})
    return json.dumps(question).encode(), {}


def streamed(
    wire: Wire, count: int = 1, options: dict[str, Any] | None = None, **more: Any
) -> list[tuple[GatewayAnswer, bytes]]:
    """Ask several times; return each answer and all bytes of its body."""
    body, arguments = asked(wire, **more)
    request = post("/api/chat" if wire is OLLAMA else "/v1", body, query={"alt": "sse"})

    async def one(ring: ServedRing) -> tuple[GatewayAnswer, bytes]:
        gateway = gateway_of(ring, **(options or {}))
        answer = await answer_chat(gateway, wire, request, **arguments)
        assert not isinstance(answer.body, bytes)
        return answer, b"".join([piece async for piece in answer.body])

    async def go() -> list[tuple[GatewayAnswer, bytes]]:
        async with ServedRing() as ring:
            return [await one(ring) for _ in range(count)]

    return asyncio.run(go())


def api_of(wire: Wire) -> Api:
    return APIS[wire.dialect.name]


def alone(pair: Pair, wire: Wire, *given: Answer) -> Loopback:
    api = api_of(wire)
    pair.lock(api.model, lockfile=api.lockfile, policy="retries = 0")
    return pair.start(api, *given)


def recordings(wire: Wire, kind: str = "stream") -> Iterator[bytes]:
    name = wire.dialect.name
    lines = (RECORDINGS / f"{FILES.get(name, name)}.jsonl").read_text(encoding="utf-8")
    for each in map(json.loads, lines.splitlines()):
        # An answer without anything is none here, and the next model is asked.
        shown = any(each.get("expect", {}).get(name) for name in ("text", "tool_calls"))
        if shown and each["kind"] == kind and each["response"]["status"] == 200:
            yield each["response"]["body"].encode()


def in_pieces(body: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(body), size):
        yield body[at : at + size]


@recorded
@each_wire
def test_g066_the_bytes_of_recorded_streams_arrive_as_they_came(pair: Pair, wire: Wire) -> None:
    bodies = [*recordings(wire)]
    assert len(bodies) >= 10
    kind = api_of(wire).encoding.stream_type
    sizes = [max(7, len(body) // 11) for body in bodies]
    given = [
        as_stream(*in_pieces(body, size), content_type=kind)
        for body, size in zip(bodies, sizes, strict=True)
    ]
    alone(pair, wire, *given)

    found = streamed(wire, len(bodies))

    wrong = []
    for sent, (answer, got) in zip(bodies, found, strict=True):
        # Some servers send it after the end that the API has.
        body = sent.removesuffix(b"data: [DONE]\n\n") if wire is RESPONSES else sent
        # Others end without the mark that clients wait for.
        if wire is CHAT and not body.rstrip().endswith(b"data: [DONE]"):
            body += b"data: [DONE]\n\n"
        if got != body or answer.headers["x-llmring-relay"] == "translated":
            wrong.append((body[-300:], got[-300:], answer.headers["x-llmring-relay"]))
    assert wrong == []


def cut(api: Api, *events: Event, after: bytes) -> Answer:
    """Return an answer that is cut off after the piece that holds this, in the middle of one."""
    steps = [each for each in api.answer(*events, stream=True).steps if isinstance(each, bytes)]
    last = next(at for at, step in enumerate(steps) if after in step)
    begun: list[Step] = [*steps[: last + 1], steps[last + 1][:9], Pause(0.05), Reset()]
    return as_stream(*begun, content_type=api.encoding.stream_type)


WORDS = [TextDelta(word) for word in ("Once ", "upon ", "a ", "midnight ", "dreary")]


def events_in(wire: Wire, body: bytes) -> list[dict[str, Any]]:
    lines = [line.removeprefix(b"data: ").strip() for line in body.split(b"\n")]
    return [json.loads(line) for line in lines if line.startswith(b"{")]


def two(pair: Pair, wire: Wire, first: Answer, policy: str = "") -> None:
    api = api_of(wire)
    pair.lock(api.model, FALLBACK.model, lockfile=api.lockfile, policy=policy)
    pair.start(api, first)
    pair.start(FALLBACK, answers.openai_stream("and on ", "it goes"))


@each_wire
def test_g067_what_was_relayed_stays_and_the_next_model_goes_on(pair: Pair, wire: Wire) -> None:
    first = cut(api_of(wire), *WORDS, *ended("stop"), after=b"midnight ")
    two(pair, wire, first)

    [(answer, body)] = streamed(wire)

    shown = b"".join(step for step in first.steps if isinstance(step, bytes))
    begun = shown[: shown.index(b"midnight ")]
    assert body.startswith(begun)
    assert answer.headers["x-llmring-relay"] in ("verbatim", "adapted")
    decoder = wire.dialect.decoder(HttpHead(200, answer.headers))
    found = fold("x:y", [*decoder.feed(body), *decoder.end()], wire.dialect.name)
    assert found.content == "Once upon a midnight and on it goes"
    assert found.finish_reason == "stop"


def test_g067_blocks_of_a_message_go_on_from_the_last_index_shown(pair: Pair) -> None:
    events = [ReasoningDelta("Hm"), ReasoningDelta(signature="s"), *WORDS, *ended("stop")]
    first = cut(APIS["anthropic"], *events, after=b"midnight ")
    empty = b"".join(
        b"event: x\ndata: " + json.dumps(each).encode() + b"\n\n"
        for each in (
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},
            {"type": "content_block_stop", "index": 0},
        )
    )
    # A block that no event shows comes first.
    steps = [
        step.replace(b'"index":1', b'"index":2').replace(b'"index":0', b'"index":1')
        for step in first.steps
        if isinstance(step, bytes)
    ]
    steps.insert(1, empty)
    two(pair, MESSAGES, as_stream(*steps, Pause(0.05), Reset()))

    [(_, body)] = streamed(MESSAGES)

    events_ = events_in(MESSAGES, body)
    blocks = [
        (event["type"].removeprefix("content_block_"), event["index"])
        for event in events_
        if "index" in event and event["type"] != "content_block_delta"
    ]
    assert blocks == [(word, at) for at in range(3) for word in ("start", "stop")]
    assert len([event for event in events_ if event["type"] == "message_start"]) == 1
    assert b'"index":2,"delta":{"type":"text_delta","text":"and on ' in body


def test_g067_items_of_a_response_keep_their_ids_and_numbers(pair: Pair) -> None:
    events = [ReasoningDelta("Hm", id="rs_own"), *WORDS, *ended("stop")]
    first = cut(APIS["openai_responses"], *events, after=b"midnight ")
    steps = [
        step.replace(b"msg_", b"msg_vendor_").replace(b'"sequence_number":', b'"sequence_number":5')
        for step in first.steps
        if isinstance(step, bytes)
    ]
    two(pair, RESPONSES, as_stream(*steps, Pause(0.05), Reset()))

    [(_, body)] = streamed(RESPONSES)

    events_ = events_in(RESPONSES, body)
    done = events_[-1]
    assert done["type"] == "response.completed"
    assert done["response"]["id"] == events_[0]["response"]["id"]
    assert [each["type"] for each in done["response"]["output"]] == ["reasoning", "message"]
    text = done["response"]["output"][1]
    assert text["content"][0]["text"] == "Once upon a midnight and on it goes"
    ids = {
        event["item_id"]
        for event in events_
        if event.get("output_index") == 1 and "item_id" in event
    }
    assert ids == {text["id"]}
    assert text["id"].startswith("msg_vendor_")
    numbers = [event["sequence_number"] for event in events_]
    shown = len(numbers) - next(
        at for at, event in enumerate(reversed(events_)) if event.get("delta") == "midnight "
    )
    before = numbers[shown - 1]
    assert numbers[shown:] == [*range(before + 1, before + 1 + len(numbers) - shown)]


def test_g067_chunks_of_a_chat_keep_their_id_and_their_time(pair: Pair) -> None:
    first = cut(APIS["openai_chat"], *WORDS, *ended("stop"), after=b"midnight ")
    steps = [
        step.replace(b'"created":0', b'"created":77')
        for step in first.steps
        if isinstance(step, bytes)
    ]
    two(pair, CHAT, as_stream(*steps, Pause(0.05), Reset()))

    [(_, body)] = streamed(CHAT)

    chunks = events_in(CHAT, body)
    assert {(each["id"], each["created"], each["model"]) for each in chunks} == {
        ("id-1", 77, "any")
    }


@each_wire
def test_g079_a_call_that_breaks_off_is_not_shown_in_bytes_either(pair: Pair, wire: Wire) -> None:
    calls = [ToolCallDelta(0, "call_1", "weather", '{"city": "Ulm"}')]
    api = api_of(wire)
    answer = api.answer(TextDelta("Look: "), *calls, *ended("tool_calls"), stream=True)
    steps = [each for each in answer.steps if isinstance(each, bytes)]
    last = next(at for at, step in enumerate(steps) if b"weather" in step)
    begun = as_stream(
        *steps[: last + 1], Pause(0.05), Reset(), content_type=api.encoding.stream_type
    )
    two(pair, wire, begun)

    [(_, body)] = streamed(wire)

    assert b"weather" not in body
    assert b"Look: " in body
    assert b"it goes" in body


@each_wire
def test_g082_a_relayed_stream_that_nobody_continues_ends_in_the_api_s_error(
    pair: Pair, wire: Wire
) -> None:
    alone(pair, wire, cut(api_of(wire), *WORDS, *ended("stop"), after=b"upon "))

    [(_, body)] = streamed(wire)

    decoder = wire.dialect.decoder(
        HttpHead(200, {"content-type": api_of(wire).encoding.stream_type})
    )
    events = [*decoder.feed(body), *decoder.end()]
    assert any(isinstance(event, Failed) for event in events)
    assert b"[DONE]" not in body


@pytest.mark.parametrize("wants", [True, False])
def test_g065_a_client_sees_the_tokens_of_a_chat_only_if_it_asks(pair: Pair, wants: bool) -> None:
    server = alone(pair, CHAT, APIS["openai_chat"].answer(*WORDS, *ended("stop"), stream=True))
    options: dict[str, Any] = {"stream_options": {"include_usage": wants}}

    [(answer, body)] = streamed(CHAT, **options)

    assert server.requests[0].json["stream_options"] == {"include_usage": True}
    assert answer.headers["x-llmring-relay"] == ("verbatim" if wants else "adapted")
    assert [bool(each.get("usage")) for each in events_in(CHAT, body)].count(True) == wants
    assert body.endswith(b"data: [DONE]\n\n")


def test_g060_a_client_that_wants_its_own_name_gets_no_bytes_of_the_server(pair: Pair) -> None:
    alone(pair, CHAT, APIS["openai_chat"].answer(*WORDS, *ended("stop"), stream=True))

    [(answer, body)] = streamed(CHAT, options={"body_model": "asked"})

    assert {each["model"] for each in events_in(CHAT, body)} == {"t"}
    assert answer.headers["x-llmring-relay"] == "translated"


def test_a_key_that_a_server_sends_back_does_not_reach_the_client(pair: Pair) -> None:
    given = APIS["openai_chat"].answer(*WORDS, *ended("stop"), stream=True)
    steps = [
        step.replace(b'"any"', b'"sk-0123456789abcdef"')
        for step in given.steps
        if isinstance(step, bytes)
    ]
    alone(pair, CHAT, as_stream(*steps))

    [(_, body)] = streamed(CHAT)

    assert b"0123456789abcdef" not in body
    assert b"dreary" in body


def test_a_refusal_is_relayed_only_once_no_other_model_answers(pair: Pair) -> None:
    refused = APIS["openai_chat"].answer(
        RefusalDelta("I will not."), *ended("content_filter", "content_filter"), stream=True
    )
    two(pair, CHAT, refused)

    [(_, body)] = streamed(CHAT)

    assert b"I will not" not in body
    assert b"it goes" in body


def whole(wire: Wire, count: int = 1, **more: Any) -> list[tuple[GatewayAnswer, bytes]]:
    question = {**QUESTIONS[wire.name], **more}
    arguments: dict[str, Any] = {}
    if wire is GEMINI:
        arguments = {"model": "t", "stream": False}
    else:
        question["stream"] = False
    request = post("/api/chat" if wire is OLLAMA else "/v1", json.dumps(question).encode())

    async def go() -> list[tuple[GatewayAnswer, bytes]]:
        async with ServedRing() as ring:
            gateway = gateway_of(ring)
            found = [await answer_chat(gateway, wire, request, **arguments) for _ in range(count)]
            return [(each, each.body) for each in found if isinstance(each.body, bytes)]

    return asyncio.run(go())


def as_whole(body: bytes) -> Answer:
    return Answer([body], 200, {"content-type": "application/json"})


@recorded
@each_wire
def test_g066_the_bytes_of_recorded_replies_arrive_as_they_came(pair: Pair, wire: Wire) -> None:
    bodies = [*recordings(wire, "chat")]
    assert len(bodies) >= 10
    server = alone(pair, wire, *map(as_whole, bodies))

    found = whole(wire, len(bodies))

    assert [body for _, body in found] == bodies
    assert {answer.headers["x-llmring-relay"] for answer, _ in found} == {"verbatim"}
    assert not any(request.json.get("stream") for request in server.requests)
    assert all("x-llmring-attempts" in answer.headers for answer, _ in found)


@each_wire
def test_g088_a_whole_reply_is_folded_from_a_stream_where_another_model_may_go_on(
    pair: Pair, wire: Wire
) -> None:
    api = api_of(wire)
    two(pair, wire, cut(api, *WORDS, *ended("stop"), after=b"midnight "))

    [(answer, body)] = whole(wire)

    assert answer.headers["x-llmring-relay"] == "translated"
    found = fold("x:y", wire.dialect.decode(HttpHead(200, {}), body), wire.dialect.name)
    assert found.content == "Once upon a midnight and on it goes"


def test_a_whole_reply_to_a_request_that_had_to_change_is_written_anew(pair: Pair) -> None:
    server = alone(pair, MESSAGES, APIS["anthropic"].answer(*WORDS, *ended("stop"), stream=False))
    turns = [*QUESTIONS["messages"]["messages"], {"role": "system", "content": "Be brief."}]

    [(answer, body)] = whole(MESSAGES, messages=turns)

    assert answer.headers["x-llmring-relay"] == "translated"
    assert json.loads(body)["content"] == [{"type": "text", "text": "Once upon a midnight dreary"}]
    assert "Be brief." in str(server.requests[0].json["messages"])


def test_a_key_in_a_whole_reply_does_not_reach_the_client(pair: Pair) -> None:
    given = APIS["openai_chat"].answer(*WORDS, *ended("stop"), stream=False)
    steps = [
        each.replace(b'"any"', b'"sk-0123456789abcdef"')
        for each in given.steps
        if isinstance(each, bytes)
    ]
    alone(pair, CHAT, as_whole(b"".join(steps)))

    [(_, body)] = whole(CHAT)

    assert b"0123456789abcdef" not in body
    assert json.loads(body)["choices"][0]["message"]["content"] == "Once upon a midnight dreary"


def test_a_refusal_that_nobody_betters_is_shown(pair: Pair) -> None:
    refused = APIS["openai_chat"].answer(
        RefusalDelta("I will not."), *ended("content_filter", "content_filter"), stream=True
    )
    two(pair, CHAT, refused)
    pair.start(FALLBACK, Answer([b"{}"], 404))

    [(_, body)] = streamed(CHAT)

    assert b"I will not" in body
    assert body.endswith(b"data: [DONE]\n\n")


@each_wire
def test_g067_the_bytes_of_the_second_model_are_passed_on_if_nothing_was_shown(
    pair: Pair, wire: Wire
) -> None:
    api = api_of(wire)
    pair.lock(f"{api.provider}:one", f"{api.provider}:two", lockfile=api.lockfile)
    good = api.answer(*WORDS, *ended("stop"), stream=True)
    server = pair.start(api, Answer([b"{}"], 404), good)

    [(answer, body)] = streamed(wire)

    assert body == b"".join(step for step in good.steps if isinstance(step, bytes))
    assert answer.headers["x-llmring-model"] == f"{api.provider}:two"
    assert "404" in answer.headers["x-llmring-attempts"]
    assert len(server.requests) == 2
