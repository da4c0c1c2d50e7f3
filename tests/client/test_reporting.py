"""Reports to the application: hooks, traces, and skipped models."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import answers
from conftest import Way
from llmring import LLMRing, ProviderError
from loopback import Answer, Close, Loopback, as_stream

Serve = Callable[..., Loopback]
Lock = Callable[..., Path]
Pair = Callable[[Answer, Answer], tuple[Loopback, Loopback]]

FIRST = "openai:gpt-4o-mini"
SECOND = "anthropic:claude-sonnet-4-5"


@pytest.fixture
def pair(serve: Serve, lockfile: Lock, monkeypatch: pytest.MonkeyPatch) -> Pair:
    def start(first: Answer, second: Answer) -> tuple[Loopback, Loopback]:
        openai, anthropic = serve(first), serve(second)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{openai.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", anthropic.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(lockfile(fast=[FIRST, SECOND])))
        return openai, anthropic

    return start


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Set OpenTelemetry up as an application does."""
    exporter, tracers = InMemorySpanExporter(), TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", tracers)
    monkeypatch.setattr(metrics._internal, "_METER_PROVIDER", MeterProvider())
    yield exporter
    tracers.shutdown()


def test_a_failover_is_reported_with_both_models_and_the_failure(way: Way, pair: Pair) -> None:
    pair(answers.openai_error(503, "busy"), answers.anthropic())
    result: list[tuple[str, str, str]] = []

    def note(failed: str, successor: str, error: ProviderError) -> None:
        result.append((failed, successor, error.message))

    way.chat(LLMRing(on_failover=note), "fast", "Hello")

    assert result == [(FIRST, SECOND, "503 server_error busy")]


def test_a_failover_inside_a_stream_is_reported_as_well(way: Way, pair: Pair) -> None:
    broken = as_stream(answers.ROLE, answers.openai_event(content="Hel"), Close())
    pair(broken, answers.anthropic_stream("lo"))
    result: list[str] = []

    ring = LLMRing(on_failover=lambda failed, successor, _: result.append(f"{failed} {successor}"))
    way.stream(ring, "fast", "Hello")

    assert result == [f"{FIRST} {SECOND}"]


def test_a_call_is_traced_with_each_of_its_attempts(
    way: Way, pair: Pair, spans: InMemorySpanExporter
) -> None:
    pair(answers.openai_error(503, "busy"), answers.anthropic())

    way.chat(LLMRing(), "fast", "Hello")

    failed, answered, call = spans.get_finished_spans()
    assert (failed.name, answered.name, call.name) == (
        "chat gpt-4o-mini",
        "chat claude-sonnet-4-5",
        "chat fast",
    )
    assert failed.status.status_code is trace.StatusCode.ERROR
    assert call.status.status_code is not trace.StatusCode.ERROR
    assert answered.attributes is not None
    assert answered.attributes["gen_ai.usage.input_tokens"]


def test_a_stream_that_breaks_off_leaves_no_span_open(
    way: Way, pair: Pair, spans: InMemorySpanExporter
) -> None:
    broken = as_stream(answers.ROLE, answers.openai_event(content="Hel"), Close())
    pair(broken, answers.anthropic_stream("lo"))

    way.stream(LLMRing(), "fast", "Hello")

    assert len(spans.get_finished_spans()) == 3


def test_a_model_that_failed_three_times_in_a_row_is_skipped_and_reported(pair: Pair) -> None:
    openai, _ = pair(answers.openai_error(503, "busy"), answers.anthropic())

    with LLMRing() as ring:
        for _ in range(3):
            ring.chat("fast", "Hello").result()
        response = ring.chat("fast", "Hello").result()

    assert len(openai.requests) == 3
    assert response.model == SECOND
    assert response.attempts[0].outcome == "skipped"
    assert "circuit open" in (response.attempts[0].reason or "")
