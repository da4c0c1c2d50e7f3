"""Traces and metrics of the tools that `run_tools` runs."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

import answers
from llmring import LLMRing, tool
from llmring.telemetry.tracing import TelemetryWish
from loopback import Answer, Loopback, as_json
from rings import MODEL, ring_at
from traces import Seen, collected

Serve = Callable[..., Loopback]
KEY = "sk-proj-0123456789abcdefghij"


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with collected(monkeypatch) as result:
        yield result


def asks_for(name: str, **arguments: Any) -> Answer:
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": name, "arguments": json.dumps(arguments)},
    }
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return as_json({"id": "1", "object": "chat.completion", "model": "m", "choices": [choice]})


@tool
def weather(city: str) -> str:
    """Return the weather of a city."""
    if city == "nowhere":
        raise LookupError(city)
    with trace.get_tracer("application").start_as_current_span("look up"):
        return f"sunny, {KEY}"


@tool
async def later(city: str) -> str:
    """Return the weather of a city later."""
    with trace.get_tracer("application").start_as_current_span("look up"):
        return f"sunny in {city}"


def run(serve: Serve, name: str, city: str = "Rome", telemetry: TelemetryWish = "auto") -> None:
    ring: LLMRing = ring_at(serve(asks_for(name, city=city), answers.openai()), telemetry=telemetry)
    with ring:
        ring.run_tools(MODEL, "How is it?", tools=[weather, later]).result()


@pytest.mark.parametrize("name", ["weather", "later"])
def test_a_tool_is_a_span_by_the_conventions(seen: Seen, serve: Serve, name: str) -> None:
    run(serve, name)

    span = seen.spans[f"execute_tool {name}"]
    assert span.kind is SpanKind.INTERNAL
    assert span.status.status_code is StatusCode.UNSET
    found = dict(span.attributes or {})
    assert str(found.pop("gen_ai.tool.description")).startswith("Return the weather")
    assert found == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_1",
    }


@pytest.mark.parametrize("name", ["weather", "later"])
def test_spans_of_the_tool_itself_are_its_children(seen: Seen, serve: Serve, name: str) -> None:
    run(serve, name)

    outer, inner = seen.spans[f"execute_tool {name}"], seen.spans["look up"]
    assert outer.context is not None
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id


def test_a_tool_is_measured(seen: Seen, serve: Serve) -> None:
    run(serve, "weather")

    (point,) = seen.points("gen_ai.execute_tool.duration")
    assert dict(point.attributes) == {
        "gen_ai.tool.name": "weather",
        "gen_ai.tool.type": "function",
    }


@pytest.mark.parametrize(
    ("name", "city", "error"),
    [("weather", "nowhere", "LookupError"), ("unknown", "Rome", "ValidationError")],
)
def test_a_tool_that_fails_is_marked(
    seen: Seen, serve: Serve, name: str, city: str, error: str
) -> None:
    run(serve, name, city)

    span = seen.spans[f"execute_tool {name}"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None
    assert (span.attributes or {})["error.type"] == error
    (point,) = seen.points("gen_ai.execute_tool.duration")
    assert point.attributes["error.type"] == error


def test_arguments_and_results_are_recorded_on_request_with_keys_masked(
    seen: Seen, serve: Serve
) -> None:
    run(serve, "weather", telemetry="content")

    found = seen.spans["execute_tool weather"].attributes or {}
    assert found["gen_ai.tool.call.arguments"] == '{"city": "Rome"}'
    assert found["gen_ai.tool.call.result"] == "sunny, ***"


def test_a_tool_is_not_traced_if_telemetry_is_off(seen: Seen, serve: Serve) -> None:
    run(serve, "weather", telemetry="off")

    assert [name for name in seen.spans if name != "look up"] == []
