"""What Google's answers and errors are read as."""

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
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.response import LLMResponse, fold
from llmring.dialects.gemini import DIALECT
from llmring.exceptions import (
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.wire import HttpHead

SAMPLES = Path(__file__).resolve().parents[1] / "wire_samples" / "gemini"
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
    return fold("google:m", events)


def explained(status: int, name: str, message: str, *details: dict[str, Any]) -> ProviderError:
    error = {"code": status, "message": message, "status": name, "details": details}
    return DIALECT.explain(HttpHead(status, {}), json.dumps({"error": error}).encode())


@pytest.mark.parametrize(
    ("one", "other"), [("whole.json", "stream.txt"), ("tool_whole.json", "tool_stream.txt")]
)
def test_a_whole_reply_and_its_stream_say_the_same(one: str, other: str) -> None:
    whole, streamed_ = answer(DIALECT.decode(JSON, sample(one))), answer(streamed(sample(other)))

    # A text's signature comes before it in the one and after it in the other.
    whole.parts = streamed_.parts = None
    assert whole == streamed_


def test_a_reply_is_read_with_text_reasoning_and_names() -> None:
    reply = answer(DIALECT.decode(JSON, sample("whole.json")))

    assert reply.content == "Salut 👋, ça va ?\n\nBien !"
    assert reply.reasoning == "A greeting, in French."
    assert (reply.served_model, reply.id) == ("gemini-2.5-flash", "text-1")
    assert (reply.finish_reason, reply.native_finish_reason) == ("stop", "STOP")


def test_thoughts_count_as_completion() -> None:
    assert answer(streamed(sample("stream.txt"))).usage == Usage(
        prompt_tokens=112, completion_tokens=25, cached_tokens=100, reasoning_tokens=9
    )


def test_what_tools_fed_back_counts_as_prompt() -> None:
    counts = {"promptTokenCount": 10, "toolUsePromptTokenCount": 30, "candidatesTokenCount": 5}
    reply = answer(whole(candidates=[candidate(finish="STOP")], usageMetadata=counts))

    assert reply.usage == Usage(prompt_tokens=40, completion_tokens=5)


def test_calls_come_with_signatures_and_lasting_ids() -> None:
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
def test_any_cut_of_the_stream_gives_the_same_events(name: str, data: st.DataObject) -> None:
    body = sample(name)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=8)))
    pieces = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]

    assert streamed(*pieces) == streamed(body)


@given(st.binary(max_size=200))
def test_no_body_is_read_as_anything_but_events_or_an_error(body: bytes) -> None:
    streamed(b"data: " + body)
    with pytest.raises(ProviderResponseError):
        DIALECT.decode(JSON, body)


def test_the_usage_of_a_stream_is_reported_once() -> None:
    events = streamed(sample("stream.txt"))

    assert sum(isinstance(event, UsageReport) for event in events) == 1


def test_usage_after_the_finish_is_not_lost() -> None:
    body = sse(
        {"candidates": [candidate({"text": "Hi"}, finish="STOP")]},
        {"usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 1}},
    )

    assert answer(streamed(body)).usage == Usage(prompt_tokens=4, completion_tokens=1)


def test_usage_without_counts_is_no_report() -> None:
    events = whole(candidates=[candidate({"text": "Hi"})], usageMetadata={"trafficType": "X"})

    assert not [event for event in events if isinstance(event, UsageReport)]


def test_a_finish_in_every_chunk_is_told_once() -> None:
    body = sse(
        {"candidates": [candidate({"text": "a"}, finish="STOP")]},
        {"candidates": [candidate({"text": "b"}, finish="STOP")]},
    )

    assert streamed(body)[1:] == [TextDelta("a"), Finished("stop", "STOP"), TextDelta("b")]


def test_only_the_first_of_several_candidates_is_ours() -> None:
    body = sse(
        {"candidates": [candidate({"text": "second"}, index=1)]},
        {"candidates": [candidate({"text": "first"}), candidate({"text": "more"}, index=1)]},
    )

    assert answer(streamed(body)).content == "first"


def test_a_signature_of_a_text_is_kept_as_reasoning() -> None:
    assert parts({"text": "Paris.", "thoughtSignature": "c2ln"}) == [
        ReasoningDelta("", "c2ln"),
        TextDelta("Paris."),
    ]


def test_code_that_google_ran_is_no_text() -> None:
    assert parts(
        {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}},
        {"text": "It is 1."},
    ) == [TextDelta("It is 1.")]


def test_a_call_without_arguments_has_empty_ones() -> None:
    assert parts(
        {"functionCall": {"name": "a"}}, {"functionCall": {"name": "b", "args": None}}
    ) == [
        ToolCallDelta(0, None, "a", "{}"),
        ToolCallDelta(1, None, "b", "{}"),
    ]


def test_a_vendors_own_id_of_a_call_is_kept() -> None:
    assert parts({"functionCall": {"id": "8ci92gmp", "name": "a", "args": {"x": [1, "a"]}}}) == [
        ToolCallDelta(0, "8ci92gmp", "a", '{"x":[1,"a"]}')
    ]


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
        ("OTHER", "other"),
    ],
)
def test_a_finish_reason_becomes_one_of_ours(native: str, reason: str) -> None:
    assert whole(candidates=[{"finishReason": native}])[1:] == [Finished(reason, native)]


def test_a_blocked_prompt_is_a_filtered_answer() -> None:
    assert whole(promptFeedback={"blockReason": "PROHIBITED_CONTENT"})[1:] == [
        Finished("content_filter", "PROHIBITED_CONTENT")
    ]


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
def test_what_is_no_answer_is_an_error(body: bytes) -> None:
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


def test_a_chunk_that_is_no_json_is_an_error() -> None:
    (failed,) = streamed(b'data: {"candidates": [{"content\r\n\r\n')
    assert isinstance(failed, Failed)

    assert "can't be read" in str(failed.error)


def test_a_connection_that_ends_within_a_chunk_loses_only_that_chunk() -> None:
    body = sample("stream.txt")
    last = body.index(b"data: ", body.index(b"Bien !"))

    assert streamed(body[: last + 40]) == streamed(body[:last])


def test_an_error_under_a_success_status_is_an_error() -> None:
    with pytest.raises(ProviderRateLimitError, match="Slow down"):
        whole(error={"code": 429, "message": "Slow down", "status": "RESOURCE_EXHAUSTED"})


def test_a_rate_limit_is_explained_with_its_delay() -> None:
    error = DIALECT.explain(HttpHead(429, {}), sample("error_429.json"))

    assert type(error) is ProviderRateLimitError
    assert (error.status, error.code, error.retry_after) == (429, "RESOURCE_EXHAUSTED", 7.25)


def test_the_header_that_says_when_to_retry_comes_first() -> None:
    error = DIALECT.explain(HttpHead(429, {"retry-after": "3"}), sample("error_429.json"))

    assert error.retry_after == 3.0


def test_an_error_in_an_array_is_explained() -> None:
    error = DIALECT.explain(HttpHead(429, {}), b"[" + sample("error_429.json") + b"]")

    assert type(error) is ProviderRateLimitError


def test_a_wrong_key_is_an_authentication_error_though_its_status_is_400() -> None:
    reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    error = explained(400, "INVALID_ARGUMENT", "Please pass a valid key.", reason)

    assert type(error) is ProviderAuthenticationError


@pytest.mark.parametrize(
    ("status", "name", "message", "expected"),
    [
        (400, "INVALID_ARGUMENT", "Unknown name", ProviderRequestError),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (1250074) exceeds the maximum number of tokens allowed.",
            ContextLengthError,
        ),
        (
            400,
            "INVALID_ARGUMENT",
            "Function calling is not enabled for models/gemma-3-1b-it",
            UnsupportedFeatureError,
        ),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            ProviderAuthenticationError,
        ),
        (403, "PERMISSION_DENIED", "No.", ProviderAuthenticationError),
        (
            404,
            "NOT_FOUND",
            "models/x is not found, or is not supported for generateContent.",
            ProviderModelNotFoundError,
        ),
        (500, "INTERNAL", "Oops.", ProviderResponseError),
        (503, "UNAVAILABLE", "The model is overloaded.", ProviderResponseError),
        (504, "DEADLINE_EXCEEDED", "Too slow.", ProviderTimeoutError),
    ],
)
def test_an_error_is_classed_by_status_name_and_then_by_words(
    status: int, name: str, message: str, expected: type
) -> None:
    error = explained(status, name, message)

    assert type(error) is expected
    assert error.provider_message == message


def test_an_error_page_keeps_an_excerpt() -> None:
    error = DIALECT.explain(HttpHead(502, {}), b"<html>upstream is down</html>")

    assert type(error) is ProviderResponseError
    assert "upstream is down" in str(error)
