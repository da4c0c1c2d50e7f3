"""Calls of Gemini models through the public client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypedDict

import pytest

from conftest import Way
from llmring import LLMRequest, LLMRing, Message
from llmring.chat.events import Usage
from loopback import Answer, Loopback, as_json, as_stream

Serve = Callable[..., Loopback]

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / "gemini"
MODEL = "google:gemini-3-flash-preview"
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}


def ring_at(server: Loopback) -> LLMRing:
    return LLMRing(
        environ={
            "LLMRING_RETRIES": "0",
            "GOOGLE_GEMINI_BASE_URL": server.url,
            "GEMINI_API_KEY": "a-key",
        }
    )


def whole(*parts: dict[str, Any], finish: str = "STOP") -> Answer:
    return as_json({"candidates": [{"content": {"parts": parts}, "finishReason": finish}]})


def chunk(text: str, **more: Any) -> bytes:
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0, **more}
    return b"data: " + json.dumps({"candidates": [candidate]}).encode() + b"\r\n\r\n"


def sample(name: str) -> Answer:
    body = (SAMPLES / name).read_bytes()
    return as_stream(body) if name.endswith("txt") else as_json(json.loads(body))


def test_R14_usage_comes_once_and_last(way: Way, serve: Serve) -> None:
    chunks = way.stream(ring_at(serve(sample("stream.txt"))), MODEL, "Salut")

    assert [each.usage is not None for each in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].usage == Usage(
        prompt_tokens=112, completion_tokens=25, cached_tokens=100, reasoning_tokens=9
    )


@pytest.mark.parametrize(
    ("native", "reason"),
    [("STOP", "stop"), ("MAX_TOKENS", "length"), ("SAFETY", "content_filter")],
)
def test_R15_W41_finish_reasons_are_translated(
    way: Way, serve: Serve, native: str, reason: str
) -> None:
    answer = way.chat(ring_at(serve(whole({"text": "Hi"}, finish=native))), MODEL, "Salut")
    stream = as_stream(chunk("H"), chunk("i", finishReason=native))
    *_, last = way.stream(ring_at(serve(stream)), MODEL, "Salut")

    assert answer.finish_reason == last.finish_reason == reason
    assert answer.native_finish_reason == native


def test_R16_W3_a_slow_reader_gets_every_chunk(serve: Serve) -> None:
    texts = [f"{at} " for at in range(300)]
    pieces = [chunk(text) for text in texts] + [chunk("", finishReason="STOP")]
    got = []
    with ring_at(serve(as_stream(*pieces))) as ring:
        for each in ring.chat_stream(MODEL, "Count"):
            got.append(each.delta)
            time.sleep(0.001)

    assert "".join(got) == "".join(texts)


def test_R23_R24_calls_and_their_results_are_sent_back(way: Way, serve: Serve) -> None:
    look = {"functionCall": {"name": "weather", "args": {"city": "Paris"}}}
    server = serve(
        whole({"text": "Wait."}, look | {"thoughtSignature": "c2ln"}, look), whole({"text": "Blue"})
    )
    question = Message("user", "Weather?")
    first = way.chat(ring_at(server), LLMRequest(model=MODEL, messages=[question], tools=[WEATHER]))
    calls = first.tool_calls or []
    results = [
        Message("tool", json.dumps({"at": at}), tool_call_id=call["id"])
        for at, call in enumerate(calls)
    ]
    request = LLMRequest(model=MODEL, messages=[question, first.message, *results], tools=[WEATHER])
    last = way.chat(ring_at(server), request)

    assert [call["function"] for call in calls] == [
        {"name": "weather", "arguments": '{"city":"Paris"}'}
    ] * 2
    assert last.content == "Blue"
    _, message, result = server.requests[1].json["contents"]
    one, other = (call["id"] for call in calls)
    made = {"name": "weather", "args": {"city": "Paris"}}
    assert one != other
    assert message["parts"] == [
        {"text": "Wait."},
        {"functionCall": made | {"id": one}, "thoughtSignature": "c2ln"},
        {"functionCall": made | {"id": other}},
    ]
    assert [part["functionResponse"] for part in result["parts"]] == [
        {"name": "weather", "response": {"at": 0}, "id": one},
        {"name": "weather", "response": {"at": 1}, "id": other},
    ]


def test_R25_streamed_calls_are_complete_in_the_last_chunk(way: Way, serve: Serve) -> None:
    chunks = way.stream(ring_at(serve(sample("tool_stream.txt"))), MODEL, "Salut")
    counts = [len(each.tool_calls) for each in chunks if each.tool_calls]
    answer = way.chat(ring_at(serve(sample("tool_whole.json"))), MODEL, "Salut")

    assert counts == [1, 2]
    assert chunks[-1].tool_calls == answer.tool_calls


def test_a_conversation_continues_the_same_after_a_streamed_reply(way: Way, serve: Serve) -> None:
    answer = way.chat(ring_at(serve(sample("whole.json"))), MODEL, "Salut")
    *_, last = way.stream(ring_at(serve(sample("stream.txt"))), MODEL, "Salut")

    assert last.message == answer.message
    assert answer.reasoning == "A greeting, in French."


class City(TypedDict):
    city: str


def objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from objects(inner)


def test_R27_R32_a_type_is_sent_as_a_schema_without_references(way: Way, serve: Serve) -> None:
    server = serve(sample("json_whole.json"))
    request = LLMRequest(model=MODEL, messages="Where?", response_format=City)
    answer = way.chat(ring_at(server), request)
    sent = server.requests[0].json["generationConfig"]

    assert sent["responseMimeType"] == "application/json"
    assert not [each for each in objects(sent) if "$ref" in each]
    assert json.loads(answer.content) == {"city": "Paris"}


def test_R31_a_streamed_answer_adds_up_to_json(way: Way, serve: Serve) -> None:
    request = LLMRequest(model=MODEL, messages="Where?", response_format=City)
    chunks = way.stream(ring_at(serve(sample("json_stream.txt"))), request)

    assert json.loads("".join(each.delta for each in chunks)) == {"city": "Paris"}


def test_R33_an_answer_may_be_an_array(way: Way, serve: Serve) -> None:
    server = serve(whole({"text": '["Paris"]'}))
    schema = {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}
    wanted = {"type": "json_schema", "json_schema": {"schema": schema}}
    way.chat(ring_at(server), LLMRequest(model=MODEL, messages="Hi", response_format=wanted))

    assert server.requests[0].json["generationConfig"]["responseJsonSchema"] == schema


def test_an_unsupported_effort_becomes_the_nearest_supported_one(way: Way, serve: Serve) -> None:
    server = serve(whole({"text": "Hi"}))
    way.chat(ring_at(server), LLMRequest(model=MODEL, messages="Hi", reasoning_effort="max"))

    assert server.requests[0].json["generationConfig"]["thinkingConfig"] == {
        "thinkingLevel": "HIGH",
        "includeThoughts": True,
    }
