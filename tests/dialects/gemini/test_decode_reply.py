"""Answers of Google's Gemini API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.events import (
    Event,
    Failed,
    Finished,
    ProviderItem,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.parts import ReasoningPart, TextPart
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.dialects.gemini.dialect import DIALECT
from llmring.exceptions import ProviderRateLimitError, ProviderResponseError
from llmring.wire import HttpHead

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / "gemini"
JSON = HttpHead(200, {"content-type": "application/json"})
SSE = HttpHead(200, {"content-type": "text/event-stream"})


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def streamed(*pieces: bytes) -> list[Event]:
    decoder = DIALECT.decoder(SSE)
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.end()


def sse(*chunks: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks)


def candidate(*parts: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"content": {"parts": list(parts)}, "finishReason": finish, "index": index}


def whole(**reply: Any) -> list[Event]:
    return DIALECT.decode(JSON, json.dumps(reply).encode())


def parts(*given_parts: dict[str, Any]) -> list[Event]:
    return whole(candidates=[candidate(*given_parts)])[1:]


def answer(events: list[Event]) -> LLMResponse:
    return fold("google:m", events, "gemini")


@pytest.mark.parametrize(
    ("one", "other"), [("whole.json", "stream.txt"), ("tool_whole.json", "tool_stream.txt")]
)
def test_a_stream_adds_up_to_the_whole_reply(one: str, other: str) -> None:
    assert answer(DIALECT.decode(JSON, sample(one))) == answer(streamed(sample(other)))


def test_the_signature_of_a_text_follows_it() -> None:
    assert answer(streamed(sample("stream.txt"))).parts == (
        ReasoningPart("A greeting, in French.", dialect="gemini"),
        TextPart("Salut 👋, ça va ?\n\nBien !"),
        ReasoningPart("", "c2lnbmVk", dialect="gemini"),
    )


def test_a_reply_has_text_reasoning_and_model_names() -> None:
    reply = answer(DIALECT.decode(JSON, sample("whole.json")))

    assert reply.content == "Salut 👋, ça va ?\n\nBien !"
    assert reply.reasoning == "A greeting, in French."
    assert (reply.served_model, reply.id) == ("gemini-2.5-flash", "text-1")
    assert (reply.finish_reason, reply.native_finish_reason) == ("stop", "STOP")


def test_thoughts_count_as_completion_tokens() -> None:
    assert answer(streamed(sample("stream.txt"))).usage == Usage(
        prompt_tokens=112, completion_tokens=25, cached_tokens=100, reasoning_tokens=9
    )


def test_results_of_googles_own_tools_count_as_prompt_tokens() -> None:
    counts = {"promptTokenCount": 10, "toolUsePromptTokenCount": 30, "candidatesTokenCount": 5}
    reply = answer(whole(candidates=[candidate(finish="STOP")], usageMetadata=counts))

    assert reply.usage == Usage(prompt_tokens=40, completion_tokens=5)


def test_calls_have_signatures_and_stable_ids() -> None:
    calls = answer(streamed(sample("tool_stream.txt"))).tool_calls
    assert calls is not None

    assert [call["function"] for call in calls] == [
        {"name": "weather", "arguments": '{"city":"Paris","days":2}'},
        {"name": "clock", "arguments": "{}"},
    ]
    assert [call.get("signature") for call in calls] == ["d2VhdGhlcg==", None]
    assert calls == answer(streamed(sample("tool_stream.txt"))).tool_calls


def test_a_reply_that_calls_a_tool_finishes_with_tool_calls() -> None:
    assert answer(streamed(sample("tool_stream.txt"))).finish_reason == "tool_calls"


@pytest.mark.parametrize("name", ["stream.txt", "tool_stream.txt"])
@given(data=st.data())
def test_a_stream_cut_anywhere_gives_the_same_events(name: str, data: st.DataObject) -> None:
    body = sample(name)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]

    assert streamed(*pieces) == streamed(body)


@given(st.binary(max_size=200))
def test_any_body_is_read_as_events_or_raises_a_provider_error(body: bytes) -> None:
    streamed(b"data: " + body)
    with pytest.raises(ProviderResponseError):
        DIALECT.decode(JSON, body)


def modality(name: str, count: int) -> dict[str, Any]:
    return {"modality": name, "tokenCount": count}


HEARD = {
    "promptTokenCount": 100,
    "promptTokensDetails": [modality("TEXT", 20), modality("AUDIO", 60), modality("VIDEO", 20)],
    "cachedContentTokenCount": 50,
    "cacheTokensDetails": [modality("AUDIO", 40), modality("TEXT", 10)],
    "toolUsePromptTokenCount": 5,
    "toolUsePromptTokensDetails": [modality("AUDIO", 5)],
    "candidatesTokenCount": 30,
    "candidatesTokensDetails": [modality("AUDIO", 7), modality("IMAGE", 8), modality("TEXT", 15)],
    "thoughtsTokenCount": 3,
    "serviceTier": "priority",
}


def test_section5_usage_is_the_same_for_whole_and_streamed_answers() -> None:
    searched = {
        **candidate({"text": "Hi"}, finish="STOP"),
        "groundingMetadata": {"webSearchQueries": ["one", "two"]},
    }
    body = sse(
        {"candidates": [candidate({"text": "H"})], "usageMetadata": {"promptTokenCount": 100}},
        {"candidates": [{**searched, "content": {"parts": [{"text": "i"}]}}]},
        {"usageMetadata": HEARD},
    )
    reply = answer(whole(candidates=[searched], usageMetadata=HEARD))

    assert reply.usage == answer(streamed(body)).usage
    assert reply.usage == Usage(
        prompt_tokens=105,
        completion_tokens=33,
        cached_tokens=50,
        reasoning_tokens=3,
        audio_prompt_tokens=65,
        cached_audio_tokens=40,
        audio_completion_tokens=7,
        image_completion_tokens=8,
        provider_tool_calls=2,
        service_tier="priority",
    )


@pytest.mark.parametrize(
    ("message", "tier"),
    [
        ({"serviceTier": "standard"}, None),
        ({"trafficType": "ON_DEMAND"}, None),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned_throughput"),
    ],
)
def test_an_unusual_service_tier_is_reported(message: dict[str, Any], tier: str | None) -> None:
    counts = {"promptTokenCount": 1, **message}
    reply = answer(whole(candidates=[candidate(finish="STOP")], usageMetadata=counts))

    assert reply.usage is not None
    assert reply.usage.service_tier == tier


def test_grounding_without_search_queries_counts_as_one_provider_tool_call() -> None:
    grounded = {**candidate(finish="STOP"), "groundingMetadata": {"groundingChunks": [{}, {}]}}
    reply = answer(whole(candidates=[grounded], usageMetadata={"promptTokenCount": 1}))

    assert reply.usage is not None
    assert reply.usage.provider_tool_calls == 1


def test_the_usage_of_a_stream_is_reported_once() -> None:
    events = streamed(sample("stream.txt"))

    assert sum(isinstance(event, UsageReport) for event in events) == 1


def test_usage_after_the_finish_is_not_lost() -> None:
    body = sse(
        {"candidates": [candidate({"text": "Hi"}, finish="STOP")]},
        {"usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 1}},
    )

    assert answer(streamed(body)).usage == Usage(prompt_tokens=4, completion_tokens=1)


def test_usage_without_counts_is_not_reported() -> None:
    events = whole(candidates=[candidate({"text": "Hi"})], usageMetadata={"trafficType": "X"})

    assert not [event for event in events if isinstance(event, UsageReport)]


def test_a_finish_reason_in_every_chunk_is_reported_once() -> None:
    body = sse(
        {"candidates": [candidate({"text": "a"}, finish="STOP")]},
        {"candidates": [candidate({"text": "b"}, finish="STOP")]},
    )

    assert streamed(body)[1:] == [TextDelta("a"), Finished("stop", "STOP"), TextDelta("b")]


def test_only_the_first_of_several_candidates_is_read() -> None:
    body = sse(
        {"candidates": [candidate({"text": "second"}, index=1)]},
        {"candidates": [candidate({"text": "first"}), candidate({"text": "more"}, index=1)]},
    )

    assert answer(streamed(body)).content == "first"


def test_a_thought_can_have_a_signature() -> None:
    assert parts({"text": "Hm.", "thought": True, "thoughtSignature": "c2ln"}) == [
        ReasoningDelta("Hm.", "c2ln")
    ]


def test_the_signature_of_an_empty_text_is_not_assigned_to_the_preceding_thought() -> None:
    end = {"text": "", "thoughtSignature": "c2ln"}

    assert parts({"text": "Hm.", "thought": True}, end) == [
        ReasoningDelta("Hm."),
        ProviderItem(end),
    ]


@pytest.mark.parametrize("text", [{}, {"text": ""}])
def test_a_signature_without_text_is_kept(text: dict[str, str]) -> None:
    assert parts({**text, "thoughtSignature": "c2ln"}) == [ReasoningDelta("", "c2ln")]


OWN = [
    {
        "executableCode": {"id": "1", "language": "PYTHON", "code": "print(1)"},
        "thoughtSignature": "c2ln",
    },
    {"codeExecutionResult": {"id": "1", "outcome": "OUTCOME_OK", "output": "1"}},
    {"inlineData": {"mimeType": "image/png", "data": "aGk="}, "thought": True},
    {"toolCall": {"id": "2", "toolType": "FILE_SEARCH", "args": {"q": [1.0, None]}}},
    {"a part of tomorrow": {"deep": ["x"]}},
]


@pytest.mark.parametrize("part", OWN)
def test_parts_that_are_not_text_are_kept_unchanged(part: dict[str, Any]) -> None:
    assert parts(part, {"text": "It is 1."}) == [ProviderItem(part), TextDelta("It is 1.")]


def test_an_empty_part_is_skipped() -> None:
    assert parts({}, {"thought": True}) == []


def test_a_call_without_a_name_is_kept_so_that_the_answer_can_be_refused() -> None:
    assert parts({"functionCall": {}}) == [ToolCallDelta(0, None, None, "{}")]


def test_a_call_without_arguments_gets_an_empty_object() -> None:
    assert parts(
        {"functionCall": {"name": "a"}}, {"functionCall": {"name": "b", "args": None}}
    ) == [
        ToolCallDelta(0, None, "a", "{}"),
        ToolCallDelta(1, None, "b", "{}"),
    ]


def test_googles_id_of_a_call_is_kept() -> None:
    assert parts({"functionCall": {"id": "8ci92gmp", "name": "a", "args": {"x": [1, "a"]}}}) == [
        ToolCallDelta(0, "8ci92gmp", "a", '{"x":[1,"a"]}')
    ]


def test_two_equal_calls_have_different_stable_ids() -> None:
    again = candidate(*[{"functionCall": {"name": "roll", "args": {}}}] * 2)
    one, other = (answer(whole(candidates=[again], responseId="r")).tool_calls for _ in range(2))

    assert one == other
    assert len({call["id"] for call in one or ()}) == 2


@pytest.mark.parametrize(
    ("native", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("LANGUAGE", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "error"),
        ("UNEXPECTED_TOOL_CALL", "error"),
        ("OTHER", "error"),
    ],
)
def test_finish_reasons_are_translated(native: str, reason: str) -> None:
    assert whole(candidates=[{"finishReason": native}])[1:] == [Finished(reason, native)]


def test_a_blocked_prompt_has_the_finish_reason_content_filter() -> None:
    assert whole(promptFeedback={"blockReason": "PROHIBITED_CONTENT"})[1:] == [
        Finished("content_filter", "PROHIBITED_CONTENT")
    ]


@pytest.mark.parametrize("empty", [{"index": 0}, {"content": {}}, {"content": {"parts": []}}])
def test_a_blocked_prompt_with_an_empty_candidate_is_refused_as_well(empty: object) -> None:
    sent = {"candidates": [empty], "promptFeedback": {"blockReason": "SAFETY"}}
    refusal = [Finished("content_filter", "SAFETY")]

    assert whole(**sent)[1:] == refusal
    assert streamed(f"data: {json.dumps(sent)}\n\n".encode())[1:] == refusal


def test_the_reason_for_the_end_of_an_answer_counts_more_than_a_block() -> None:
    feedback = {"blockReason": "SAFETY"}
    found = whole(candidates=[{"finishReason": "RECITATION"}], promptFeedback=feedback)

    assert found[1:] == [Finished("content_filter", "RECITATION")]


def test_an_empty_text_is_an_answer() -> None:
    assert answer(whole(candidates=[candidate({"text": ""}, finish="STOP")])).content == ""


def test_a_stream_that_came_as_a_json_array_is_read() -> None:
    chunks = [
        {"candidates": [candidate({"text": "Hi"})]},
        {"candidates": [{"finishReason": "STOP"}]},
    ]
    body = json.dumps(chunks, indent=2).encode()

    assert streamed(body[:9], body[9:])[1:] == [TextDelta("Hi"), Finished("stop", "STOP")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"[{}]",
        b"null",
        b'{"candidates": []}',
        b'{"candidates": [{}]}',
        b'{"usageMetadata": {"promptTokenCount": 3}}',
        b'{"candidates": [{"content": "Hi"}]}',
        b'{"candidates": [{"con',
        b"<html>Bad gateway</html>",
    ],
)
def test_a_body_that_is_not_an_answer_is_an_error(body: bytes) -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        DIALECT.decode(JSON, body)


@pytest.mark.parametrize(
    "body",
    [
        sse({"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}}),
        b'{"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}}',
    ],
)
def test_an_error_in_a_stream_ends_it(body: bytes) -> None:
    (failed,) = streamed(body)
    assert isinstance(failed, Failed)

    assert type(failed.error) is ProviderResponseError
    assert (failed.error.status, failed.error.code) == (503, "UNAVAILABLE")
    assert failed.error.provider_message == "Overloaded"


def test_a_chunk_that_is_not_json_is_reported() -> None:
    (failed,) = streamed(b'data: {"candidates": [{"content\r\n\r\n')
    assert isinstance(failed, Failed)

    assert "can't be read" in str(failed.error)


def test_a_connection_cut_in_a_chunk_loses_only_that_chunk() -> None:
    body = sample("stream.txt")
    last = body.index(b"data: ", body.index(b"Bien !"))

    assert streamed(body[: last + 40]) == streamed(body[:last])


def test_an_error_with_a_success_status_is_raised() -> None:
    with pytest.raises(ProviderRateLimitError, match="Slow down"):
        whole(error={"code": 429, "message": "Slow down", "status": "RESOURCE_EXHAUSTED"})
