from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring.chat.events import Event, Failed, Finished, Started, Usage
from llmring.chat.reply import fold
from llmring.chat.response import LLMResponse
from llmring.dialects.openai_responses.dialect import DIALECT
from llmring.dialects.openai_responses.encode_input import NAME
from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    ProviderError,
    ProviderRateLimitError,
    ProviderResponseError,
)
from llmring.wire import HttpHead

SAMPLES = Path(__file__).resolve().parents[2] / "wire_samples" / NAME
OK = HttpHead(200, {"content-type": "application/json", "x-request-id": "req_1"})

CALL = {
    "type": "function_call",
    "id": "fc_1",
    "call_id": "call_1",
    "name": "clock",
    "arguments": "{}",
    "status": "completed",
}


def message(*texts: str, **fields: Any) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": parts, **fields}


def decode(*output: dict[str, Any], **fields: Any) -> list[Event]:
    body = {"id": "resp_1", "status": "completed", "output": list(output), **fields}
    return DIALECT.decode(OK, json.dumps(body).encode())


def reply(*output: dict[str, Any], **fields: Any) -> LLMResponse:
    return fold("a:model", decode(*output, **fields), NAME)


def event(kind: str, **fields: Any) -> bytes:
    return b"data: " + json.dumps({"type": kind, **fields}).encode() + b"\n\n"


def streamed(*pieces: bytes) -> list[Event]:
    decoder = DIALECT.decoder(OK)
    events = [each for piece in pieces for each in decoder.feed(piece)]
    return events + decoder.end()


def stream_reply(*pieces: bytes) -> LLMResponse:
    return fold("a:model", streamed(*pieces), NAME)


def completed(*output: dict[str, Any], **fields: Any) -> bytes:
    response = {"id": "resp_1", "status": "completed", "output": list(output), **fields}
    return event("response.completed", response=response)


def failure(*pieces: bytes) -> ProviderError:
    *_, last = streamed(*pieces)
    assert isinstance(last, Failed)
    return last.error


# --- Text ---


# --- Reasoning ---


# --- Calls ---


# --- The API's own tools ---


# --- Servers that omit fields ---


def lines(name: str) -> list[bytes]:
    return [block + b"\n\n" for block in (SAMPLES / name).read_bytes().split(b"\n\n") if block]


def without(kinds: set[str]) -> Callable[[bytes], bool]:
    return lambda block: not any(f'"type":"{kind}"'.encode() in block[:200] for kind in kinds)


OPTIONAL = [
    {"response.created", "response.in_progress"},
    {"response.output_item.added"},
    {"response.output_text.delta", "response.reasoning_summary_text.delta"},
    {"response.function_call_arguments.delta"},
    {"response.content_part.added", "response.content_part.done", "response.output_text.done"},
    {"response.function_call_arguments.done", "response.reasoning_summary_part.added"},
]


@pytest.mark.parametrize("name", ["stream.txt", "tool_stream.txt"])
@given(left_out=st.lists(st.sampled_from(OPTIONAL)))
@settings(max_examples=40, deadline=None)
def test_a_stream_with_omitted_events_gives_the_same_reply(
    name: str, left_out: list[set[str]]
) -> None:
    kept = list(filter(without(set().union(*left_out)), lines(name)))

    assert stream_reply(*kept) == stream_reply(*lines(name))


def test_a_stream_without_item_done_events_gives_the_same_reply() -> None:
    kept = list(filter(without({"response.output_item.done"}), lines("tool_stream.txt")))

    assert stream_reply(*kept) == stream_reply(*lines("tool_stream.txt"))


@pytest.mark.parametrize("name", ["stream.txt", "tool_stream.txt"])
@pytest.mark.parametrize("field", ["output_index", "item_id", "sequence_number"])
def test_a_stream_without_item_positions_or_ids_gives_the_same_reply(name: str, field: str) -> None:
    kept = []
    for block in lines(name):
        sent = json.loads(block.partition(b"data: ")[2])
        sent.pop(field, None)
        kept.append(event(**{"kind" if key == "type" else key: sent[key] for key in sent}))

    assert stream_reply(*kept) == stream_reply(*lines(name))


def test_a_reply_with_only_output_is_read() -> None:
    body = json.dumps({"output": [{"type": "message", "content": [{"text": "Hello"}]}]})
    found = fold("a:model", DIALECT.decode(OK, body.encode()))

    assert (found.content, found.finish_reason, found.usage) == ("Hello", "stop", None)


def test_half_a_surrogate_pair_does_not_break_the_answer() -> None:
    body = rb'{"output": [{"type": "message", "content": [{"text": "A \ud83d B"}]}]}'

    assert fold("a:model", DIALECT.decode(OK, body)).content == "A \ufffd B"


def test_the_type_of_an_event_may_be_only_its_name() -> None:
    pieces = [
        b'event: response.output_text.delta\ndata: {"delta": "Hello", "output_index": 0}\n\n',
        b'event: response.completed\ndata: {"response": {"output": []}}\n\n',
    ]

    assert stream_reply(*pieces).content == "Hello"


def test_done_ends_a_stream_without_a_finish_reason() -> None:
    events = streamed(event("response.output_text.delta", delta="Hello"), b"data: [DONE]\n\n")

    assert not [each for each in events if isinstance(each, Finished)]


# --- The end of a reply ---


@pytest.mark.parametrize(
    ("fields", "reason", "native"),
    [
        ({}, "stop", "completed"),
        ({"status": None}, "stop", "completed"),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "length",
            "max_output_tokens",
        ),
        (
            {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "content_filter",
            "content_filter",
        ),
        ({"status": "incomplete"}, "incomplete", "incomplete"),
    ],
)
def test_R7_finish_reasons_are_translated(fields: dict[str, Any], reason: str, native: str) -> None:
    found = reply(message("A"), **fields)
    last = stream_reply(completed(message("A"), **fields))

    assert (found.finish_reason, found.native_finish_reason) == (reason, native)
    assert (last.finish_reason, last.native_finish_reason) == (reason, native)


def test_the_event_of_the_end_counts_more_than_the_status_in_it() -> None:
    last = stream_reply(completed(message("A"), status="in_progress"))

    assert (last.finish_reason, last.native_finish_reason) == ("stop", "completed")


def test_an_answer_with_tool_calls_has_the_finish_reason_tool_calls() -> None:
    assert reply(CALL).finish_reason == "tool_calls"


def test_an_incomplete_stream_has_the_finish_reason_length() -> None:
    details = {"reason": "max_output_tokens"}
    response = {"status": "incomplete", "output": [], "incomplete_details": details}
    found = stream_reply(event("response.incomplete", response=response))

    assert found.finish_reason == "length"


def test_nothing_is_read_after_the_end() -> None:
    events = streamed(completed(message("A")), event("response.output_text.delta", delta="B"))

    assert fold("a:model", events).content == "A"


def test_usage_counts_all_tokens() -> None:
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
        "output_tokens": 20,
        "output_tokens_details": {"reasoning_tokens": 12},
        "total_tokens": 120,
    }

    assert reply(message("A"), usage=usage).usage == Usage(
        prompt_tokens=100,
        completion_tokens=20,
        cached_tokens=60,
        cache_write_tokens=30,
        reasoning_tokens=12,
    )


def test_section5_usage_is_the_same_for_whole_and_streamed_answers() -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"audio_tokens": 7},
        "output_tokens": 20,
        "output_tokens_details": {"audio_tokens": 5, "image_tokens": 4},
    }
    items = (search, {**search, "id": "ws_2"}, message("A"), CALL)
    one = reply(*items, usage=usage, service_tier="flex").usage
    other = stream_reply(completed(*items, usage=usage, service_tier="flex")).usage

    assert one == other
    assert one == Usage(
        prompt_tokens=100,
        completion_tokens=20,
        audio_prompt_tokens=7,
        audio_completion_tokens=5,
        image_completion_tokens=4,
        provider_tool_calls=2,
        service_tier="flex",
    )


def test_reasoning_counted_separately_is_added_to_completion_tokens() -> None:
    details = {"reasoning_tokens": 12}
    usage = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 132}
    found = reply(message("A"), usage={**usage, "output_tokens_details": details}).usage

    assert found is not None
    assert found.completion_tokens == 32


def test_an_answer_may_have_no_items() -> None:
    assert (reply().content, reply().finish_reason) == ("", "stop")


def test_a_stream_starts_with_the_model() -> None:
    pieces = [
        event("response.queued", response={"id": "resp_1", "model": "m", "status": "queued"}),
        event("response.in_progress", response={"id": "resp_1", "model": "m"}),
    ]

    assert streamed(*pieces) == [Started("m", "resp_1")]


# --- Errors ---


@pytest.mark.parametrize("output", [[], [message("Half an an")]])
@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_an_answer_in_the_background_is_refused_with_advice(
    status: str, output: list[dict[str, Any]]
) -> None:
    with pytest.raises(ProviderResponseError, match=f"resp_1 is {status}.*background") as caught:
        decode(*output, status=status)

    assert caught.value.request_id == "req_1"


FAILURES = [
    ("rate_limit_exceeded", ProviderRateLimitError),
    ("context_length_exceeded", ContextLengthError),
    ("image_content_policy_violation", ContentPolicyError),
    ("server_error", ProviderResponseError),
]


@pytest.mark.parametrize(("code", "kind"), FAILURES)
def test_a_failed_answer_raises_its_error(code: str, kind: type[ProviderError]) -> None:
    error = {"code": code, "message": "It broke."}
    response = {"id": "resp_1", "status": "failed", "output": [], "error": error}
    with pytest.raises(ProviderError) as whole:
        decode(status="failed", error=error)
    found = [
        whole.value,
        failure(event("response.failed", response=response)),
        failure(event("response.created", response=response)),
        failure(event("error", **error, param=None)),
        failure(event("error", error=error)),
        failure(b"data: " + json.dumps({"error": error}).encode() + b"\n\n"),
    ]

    assert {type(each) for each in found} == {kind}
    assert {(each.code, each.provider_message) for each in found} == {(code, "It broke.")}


@pytest.mark.parametrize("error", [True, 500, ["boom"], {"x": 1}, "boom"])
def test_an_error_of_any_form_is_a_failure(error: object) -> None:
    found = [
        failure(b"data: " + json.dumps({"error": error}).encode() + b"\n\n"),
        failure(event("error", error=error)),
        failure(event("response.created", response={"id": "r", "error": error})),
    ]

    assert all(json.dumps(error).strip('"') in str(each) for each in found)


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_failed_answer_without_an_error_object_is_an_error(status: str) -> None:
    with pytest.raises(ProviderResponseError, match=status):
        decode(status=status)

    error = failure(event(f"response.{status}", response={"status": status}))
    assert status in str(error)


def test_an_answer_of_another_api_is_an_error() -> None:
    body = json.dumps({"choices": [{"message": {"content": "Hello"}}]}).encode()

    with pytest.raises(ProviderResponseError, match="no answer in it"):
        DIALECT.decode(OK, body)


def test_an_item_that_can_t_be_read_is_an_error() -> None:
    broken = {"type": "message", "content": 7}

    with pytest.raises(ProviderResponseError):
        decode(broken)
    assert not [each for each in streamed(completed(broken)) if isinstance(each, Finished)]
