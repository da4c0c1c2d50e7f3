"""The trace of a call through the gateway: the client's span, the gateway's, those of attempts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from served_gateway import ServedGateway
from traces import Seen, collected
from watched_gateway import QUESTION, watched

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ROUTE = "/v1/chat/completions"


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with collected(monkeypatch) as found:
        yield found


def named(seen: Seen, name: str) -> Any:
    return seen.spans[name]


def parent_of(span: Any) -> int:
    found: int = span.parent.span_id
    return found


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_g140_the_spans_lead_from_the_client_to_the_attempts(seen: Seen, stream: bool) -> None:
    with watched("mock:fail?status=500", "mock:echo") as gateway:
        gateway.chat(stream=stream, traceparent=f"00-{TRACE}-{PARENT}-01")
        gateway.calls()
    server, call = named(seen, f"POST {ROUTE}"), named(seen, "chat fast")

    assert {format(each.context.trace_id, "032x") for each in seen.spans.values()} == {TRACE}
    assert format(parent_of(server), "016x") == PARENT
    assert server.kind is SpanKind.SERVER
    assert parent_of(call) == server.context.span_id
    for attempt in ("chat fail?status=500", "chat echo"):
        assert parent_of(named(seen, attempt)) == call.context.span_id
    assert [each.name for each in call.events] == ["llmring.failover"]
    assert call.events[0].attributes["llmring.to"] == "mock:echo"


def test_g140_the_span_has_the_facts_of_the_call_and_no_text(seen: Seen) -> None:
    with watched() as gateway:
        gateway.ask(
            "POST",
            ROUTE,
            {"model": "fast", "messages": [{"role": "user", "content": "a secret prompt"}]},
            cookie="a secret cookie",
        )
        gateway.calls()
    found = dict(named(seen, f"POST {ROUTE}").attributes)

    assert found["http.request.method"] == "POST"
    assert found["http.route"] == ROUTE
    assert found["http.response.status_code"] == 200
    assert found["gen_ai.request.model"] == "fast"
    assert found["gen_ai.response.model"] == "echo"
    assert found["gen_ai.operation.name"] == "chat"
    assert (found["llmring.wire"], found["llmring.profile"]) == ("chat", "default")
    assert found["llmring.lock"].startswith("sha256:")
    assert "secret" not in repr([each.to_json() for each in seen.spans.values()])


def test_g140_names_in_paths_are_not_in_the_name_of_a_span(seen: Seen) -> None:
    with watched() as gateway:
        gateway.ask("POST", "/v1beta/models/fast:generateContent", {"contents": []})
        gateway.ask("GET", "/no/such/path")
        gateway.calls(2)

    assert {"POST /v1beta/models/{model}:generateContent", "GET"} <= seen.spans.keys()


def test_g140_a_refused_call_is_an_error_of_the_client_alone(seen: Seen) -> None:
    with watched() as gateway:
        gateway.chat("no-such-name")
        gateway.calls()
    span = named(seen, f"POST {ROUTE}")

    assert span.attributes["error.type"] == "UnknownModelError"
    assert span.status.status_code is StatusCode.UNSET


def test_g140_a_call_that_fails_is_an_error_of_the_gateway(seen: Seen) -> None:
    with watched("mock:fail?status=500") as gateway:
        gateway.chat()
        gateway.calls()
    span = named(seen, f"POST {ROUTE}")

    assert span.attributes["error.type"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None


def test_g139_the_gateway_is_measured_as_a_server_of_models(seen: Seen) -> None:
    with watched("mock:fixed?text=one%20two%20three") as gateway:
        gateway.chat(stream=True)
        gateway.calls()

    for name in ("request.duration", "time_to_first_token", "time_per_output_token"):
        (point,) = seen.points(f"gen_ai.server.{name}")
        assert point.count == 1
        assert point.attributes["gen_ai.request.model"] == "fast"
        assert point.attributes["gen_ai.provider.name"] == "llmring"
    for name in ("duration", "time_to_first_chunk", "time_per_output_chunk"):
        assert seen.points(f"gen_ai.client.operation.{name}"), name
    assert seen.points("gen_ai.client.token.usage")


def test_g140_calls_of_one_connection_have_spans_of_their_own(seen: Seen) -> None:
    with watched() as gateway:
        _twice(gateway)
        gateway.calls(2)
    found = [each for each in seen.exporter.get_finished_spans() if each.name == f"POST {ROUTE}"]

    assert len({each.context.trace_id for each in found}) == 2
    assert all(each.parent is None for each in found)


def _twice(gateway: ServedGateway) -> None:
    import http.client
    import json

    connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
    body = json.dumps({"model": "fast", "messages": QUESTION})
    for _ in range(2):
        connection.request("POST", ROUTE, body, {"content-type": "application/json"})
        assert connection.getresponse().read()
    connection.close()
