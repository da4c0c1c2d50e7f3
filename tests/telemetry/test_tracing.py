"""Traces and metrics, as an application's own set-up of OpenTelemetry receives them."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode

import answers
from circuits import target
from conftest import Way
from llmring import LLMRequest, LLMResponse, Message
from llmring.chat.events import Usage
from llmring.chat.parsed_request import parse_request
from llmring.exceptions import (
    ConfigurationError,
    ContentPolicyError,
    ProviderConnectionError,
    ProviderRateLimitError,
    ValidationError,
)
from llmring.telemetry.tracing import CallTrace, Telemetry, TelemetryWish
from loopback import Loopback
from rings import ring_at
from traces import Seen, collected

FIRST = target("openai:gpt-4o-mini", base_url="https://api.example:8443/v1")
SECOND = target("google:gemini-2.5-flash", base_url="https://second.example")
REQUEST = LLMRequest(
    model="fast", messages="What is my secret?", temperature=0.2, max_tokens=50, stop="END"
)
REPLY = LLMResponse(
    content="It is 42.",
    model="google:gemini-2.5-flash",
    served_model="gemini-2.5-flash-001",
    id="resp-1",
    finish_reason="stop",
    usage=Usage(prompt_tokens=100, completion_tokens=20, cached_tokens=64, reasoning_tokens=5),
)
SLOW_DOWN = ProviderRateLimitError("you sent: What is my secret?", status=429)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    """Set up an application's providers for one test."""
    with collected(monkeypatch) as result:
        yield result


def traced(mode: TelemetryWish = "auto", request: LLMRequest = REQUEST) -> CallTrace:
    call = Telemetry(mode).call("fast", None, parse_request(request), stream=False)
    assert call is not None
    return call


def failed_over(mode: TelemetryWish = "auto", *, stream: bool = False) -> None:
    """Make a call whose first model is rate limited and whose second answers."""
    call = Telemetry(mode).call("fast", "prod", parse_request(REQUEST), stream=stream)
    if call is None:
        return
    first = call.attempt(FIRST)
    first.failed(SLOW_DOWN)
    second = call.attempt(SECOND)
    second.first()
    second.answered(lambda: REPLY)
    call.end()


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def test_a_call_is_a_span_and_each_attempt_one_within_it(seen: Seen) -> None:
    failed_over()

    call = seen.spans["chat fast"]
    assert call.kind is SpanKind.INTERNAL
    for name in ("chat gpt-4o-mini", "chat gemini-2.5-flash"):
        attempt = seen.spans[name]
        assert attempt.kind is SpanKind.CLIENT
        assert attempt.parent is not None
        assert call.context is not None
        assert attempt.parent.span_id == call.context.span_id


def test_the_call_s_span_has_the_alias_and_the_model_that_answered(seen: Seen) -> None:
    failed_over()

    assert attributes(seen.spans["chat fast"]) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "fast",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.response.id": "resp-1",
        "gen_ai.response.model": "gemini-2.5-flash-001",
        "gen_ai.response.finish_reasons": ("stop",),
        "llmring.alias": "fast",
        "llmring.profile": "prod",
        "llmring.attempts": 2,
        "llmring.model": "google:gemini-2.5-flash",
    }
    assert seen.spans["chat fast"].status.status_code is StatusCode.UNSET


def test_an_attempt_s_span_follows_the_conventions(seen: Seen) -> None:
    failed_over(stream=True)

    result = attributes(seen.spans["chat gemini-2.5-flash"])
    assert result.pop("gen_ai.response.time_to_first_chunk") >= 0
    assert result == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-2.5-flash",
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 0.2,
        "gen_ai.request.max_tokens": 50,
        "gen_ai.request.stop_sequences": ("END",),
        "gen_ai.response.id": "resp-1",
        "gen_ai.response.model": "gemini-2.5-flash-001",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "gen_ai.usage.cache_write.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "server.address": "second.example",
        "server.port": 443,
        "llmring.attempt": 2,
    }


def test_a_failed_attempt_s_span_has_the_error_type_and_not_the_provider_s_message(
    seen: Seen,
) -> None:
    failed_over()

    span = seen.spans["chat gpt-4o-mini"]
    assert attributes(span)["error.type"] == "429"
    assert attributes(span)["server.port"] == 8443
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None


def test_an_error_without_a_status_is_identified_by_its_class(seen: Seen) -> None:
    call = traced()
    error = ProviderConnectionError("reset")
    call.attempt(FIRST).failed(error)
    call.end(error)

    for span in seen.spans.values():
        assert attributes(span)["error.type"] == "ProviderConnectionError"
        assert span.status.status_code is StatusCode.ERROR


def test_a_cancelled_call_is_not_marked_as_an_error_and_leaves_no_span_open(seen: Seen) -> None:
    import asyncio

    call = traced()
    call.attempt(FIRST)
    call.end(asyncio.CancelledError())

    assert set(seen.spans) == {"chat fast", "chat gpt-4o-mini"}
    for span in seen.spans.values():
        assert attributes(span)["error.type"] == "cancelled"
        assert span.status.status_code is StatusCode.UNSET


def test_the_end_of_an_attempt_and_of_a_call_counts_once(seen: Seen) -> None:
    call = traced()
    attempt = call.attempt(FIRST)
    attempt.answered(lambda: REPLY)
    attempt.failed(SLOW_DOWN)
    attempt.dropped()
    attempt.answered(lambda: REPLY)
    call.end()
    call.end(SLOW_DOWN)

    assert len(seen.exporter.get_finished_spans()) == 2
    assert [point.count for point in seen.points("gen_ai.client.operation.duration")] == [1]


def test_metrics_count_each_attempt_by_provider_and_model(seen: Seen) -> None:
    failed_over()
    failed_over()

    by_model = {
        point.attributes["gen_ai.request.model"]: point
        for point in seen.points("gen_ai.client.operation.duration")
    }
    assert {model: point.count for model, point in by_model.items()} == {
        "gpt-4o-mini": 2,
        "gemini-2.5-flash": 2,
    }
    assert dict(by_model["gpt-4o-mini"].attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "server.address": "api.example",
        "server.port": 8443,
        "error.type": "429",
    }
    tokens = {
        point.attributes["gen_ai.token.type"]: point.sum
        for point in seen.points("gen_ai.client.token.usage")
    }
    assert tokens == {"input": 200, "output": 40}


def test_the_buckets_are_those_of_the_conventions(seen: Seen) -> None:
    failed_over()

    [duration, *_] = seen.points("gen_ai.client.operation.duration")
    assert duration.explicit_bounds == pytest.approx(
        (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
    )
    [tokens, *_] = seen.points("gen_ai.client.token.usage")
    assert tokens.explicit_bounds[:4] == (1, 4, 16, 64)
    assert tokens.explicit_bounds[-1] == 67108864


def everything_in(seen: Seen) -> str:
    return json.dumps([json.loads(span.to_json()) for span in seen.spans.values()])


def test_texts_of_prompts_and_answers_are_not_recorded_by_default(seen: Seen) -> None:
    failed_over()

    result = everything_in(seen)
    assert "secret" not in result
    assert "It is" not in result


def test_texts_are_recorded_on_request(seen: Seen) -> None:
    call = traced(
        "content",
        LLMRequest(
            model="fast",
            messages=[
                Message("system", "Be brief."),
                Message("user", ["What is this?", {"type": "image_url", "image_url": PNG}]),
                Message("assistant", None, tool_calls=[CALL]),
                Message("tool", "sunny", tool_call_id="call-1"),
            ],
        ),
    )
    call.attempt(SECOND).answered(lambda: REPLY)
    call.end()

    result = attributes(seen.spans["chat fast"])
    assert json.loads(result["gen_ai.input.messages"]) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "What is this?"},
                {"type": "image", "mime_type": "image/png"},
            ],
        },
        {
            "role": "assistant",
            "parts": [{"type": "tool_call", "id": "call-1", "name": "sky", "arguments": "{}"}],
        },
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "call-1", "response": "sunny"}],
        },
    ]
    assert json.loads(result["gen_ai.output.messages"]) == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": "It is 42."}],
            "finish_reason": "stop",
        }
    ]


PNG = {"url": "data:image/png;base64,iVBORw0KGgo="}
CALL = {"id": "call-1", "type": "function", "function": {"name": "sky", "arguments": "{}"}}


def test_spans_of_the_http_library_are_children_of_the_attempt(seen: Seen) -> None:
    call = traced()
    attempt = call.attempt(FIRST)
    with attempt.sending():
        seen.tracers.get_tracer("http").start_span("POST").end()
    attempt.answered(lambda: REPLY)
    call.end()

    outer, inner = seen.spans["chat gpt-4o-mini"], seen.spans["POST"]
    assert inner.parent is not None
    assert outer.context is not None
    assert inner.parent.span_id == outer.context.span_id


def test_a_span_of_the_application_around_the_call_is_its_parent(seen: Seen) -> None:
    with seen.tracers.get_tracer("app").start_as_current_span("request"):
        failed_over()

    assert seen.spans["chat fast"].parent is not None


def test_traces_come_without_metrics_and_metrics_without_traces(
    seen: Seen, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as only_metrics:
        only_metrics.setattr(trace, "_TRACER_PROVIDER", None)
        failed_over()
    assert seen.spans == {}
    assert seen.points("gen_ai.client.operation.duration")

    monkeypatch.setattr(metrics._internal, "_METER_PROVIDER", None)
    failed_over()
    assert "chat fast" in seen.spans


def test_it_can_be_switched_off(seen: Seen) -> None:
    assert Telemetry("off").call("fast", None, parse_request(REQUEST), stream=False) is None

    failed_over("off")

    assert seen.spans == {}


def test_an_unknown_telemetry_setting_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="telemetry"):
        Telemetry("on")  # type: ignore[arg-type]


def test_without_a_telemetry_provider_calls_are_not_observed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(metrics._internal, "_METER_PROVIDER", None)
    telemetry = Telemetry()

    assert telemetry.call("fast", None, parse_request(REQUEST), stream=False) is None


def test_a_provider_that_is_set_up_later_is_used(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    telemetry = Telemetry()
    assert telemetry.call("fast", None, parse_request(REQUEST), stream=False) is None

    seen: Seen = request.getfixturevalue("seen")
    call = telemetry.call("fast", None, parse_request(REQUEST), stream=False)
    assert call is not None
    call.end()

    assert "chat fast" in seen.spans


def test_an_application_without_opentelemetry_never_loads_it() -> None:
    code = (
        "import sys\nfrom llmring import LLMRequest\n"
        "from llmring.chat.parsed_request import parse_request\n"
        "from llmring.telemetry.tracing import Telemetry"
        "\nTelemetry().call('fast', None, parse_request(LLMRequest()), stream=False)"
        "\nprint([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_the_digest_of_the_pins_is_on_the_call_s_span(
    seen: Seen, serve: Callable[..., Loopback], lockfile: Callable[..., Path]
) -> None:
    path, digest = lockfile(fast=["openai:gpt-4o-mini"]), "sha256:" + "0" * 64
    path.write_text(f'{path.read_text()}\n[registry]\ndigest = "{digest}"\n')

    with ring_at(serve(answers.openai()), lockfile_path=path) as ring:
        ring.chat("fast", "Hello").result()

    assert attributes(seen.spans["chat fast"])["llmring.lockfile.digest"] == digest
    assert "llmring.lockfile.digest" not in attributes(seen.spans["chat gpt-4o-mini"])


class Begun(SpanProcessor):
    """The names of the spans that have begun."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        self.names.append(span.name)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_schema_that_can_not_be_used_begins_no_span(
    seen: Seen, serve: Callable[..., Loopback], way: Way, stream: bool
) -> None:
    begun = Begun()
    seen.tracers.add_span_processor(begun)
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "objekt"}}}
    ring = ring_at(serve(answers.openai("{}")))
    ask = way.stream if stream else way.chat

    with pytest.raises(ValidationError, match="can't be used"):
        ask(ring, "openai:gpt-4o-mini", "Hello", response_format=form)

    assert begun.names == []


def test_a_refusal_that_is_the_answer_is_in_the_span_of_the_call(seen: Seen) -> None:
    call = traced()
    call.attempt(FIRST).failed(ContentPolicyError("refused", status=200))
    refused = LLMResponse(content="", model=FIRST.name, finish_reason="content_filter")

    call.on_refused_answer(refused)
    call.end()

    found = attributes(seen.spans["chat fast"])
    assert found["gen_ai.response.finish_reasons"] == ("content_filter",)
    assert found["llmring.model"] == FIRST.name
    assert seen.spans["chat fast"].status.status_code is StatusCode.UNSET


def test_the_time_to_the_first_chunk_is_measured_in_streams_only(
    seen: Seen, serve: Callable[..., Loopback]
) -> None:
    with ring_at(serve(answers.openai(), answers.openai_stream("Hi"))) as ring:
        ring.chat("openai:gpt-4o-mini", "Hello").result()
        assert seen.points("gen_ai.client.operation.time_to_first_chunk") == []
        list(ring.chat_stream("openai:gpt-4o-mini", "Hello"))

    (point,) = seen.points("gen_ai.client.operation.time_to_first_chunk")
    assert point.count == 1
    assert point.attributes["gen_ai.provider.name"] == "openai"
    assert point.attributes["gen_ai.operation.name"] == "chat"
