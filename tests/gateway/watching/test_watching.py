"""What is recorded of calls, in whatever way they end."""

from __future__ import annotations

import time
from typing import Any

import pytest

from raw_calls import PATHS
from served_gateway import parsed, request
from watched_gateway import QUESTION, watched

FAILING = "mock:fail?status=500"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_g138_a_call_that_is_answered(stream: bool) -> None:
    with watched() as gateway:
        gateway.chat(stream=stream, user_agent="claude-cli/2.1.197 (external, cli)")
        (call,) = gateway.calls()

    assert (call.outcome, call.status, call.error) == ("ok", 200, None)
    assert (call.wire, call.alias, call.profile, call.model) == (
        "chat",
        "fast",
        "default",
        "mock:echo",
    )
    assert call.client == "claude-cli/2.1"
    assert call.route == "/v1/chat/completions"
    assert call.operation == "chat"
    assert call.relay is not None
    assert call.lock is not None
    assert call.output_tokens
    assert call.cost_unknown == "no_price"
    assert [each.outcome for each in call.attempts] == ["ok"]
    assert call.overhead_ms is not None
    assert 0 < call.overhead_ms < call.ms


def test_g139_the_chunks_of_an_answer_are_timed() -> None:
    with watched("mock:fixed?text=one%20two%20three") as gateway:
        gateway.chat(stream=True)
        (call,) = gateway.calls()
    (attempt,) = call.attempts

    assert attempt.first_ms is not None
    assert attempt.chunks
    assert attempt.chunk_ms is not None


def test_g138_a_failover_before_the_answer() -> None:
    with watched(FAILING, "mock:echo") as gateway:
        gateway.chat()
        (call,) = gateway.calls()

    assert [(each.outcome, each.reason) for each in call.attempts][-1] == ("ok", None)
    assert {each.reason for each in call.attempts[:-1]} == {"server_error"}
    (failover,) = call.failovers
    assert (failover.failed, failover.successor) == (FAILING, "mock:echo")
    assert (failover.where, failover.reason) == ("before", "server_error")


def test_g138_a_failover_inside_the_answer() -> None:
    text = "one%20two%20three%20four%20five"
    with watched(f"mock:cut?text={text}", f"mock:fixed?text={text}") as gateway:
        gateway.chat(stream=True)
        (call,) = gateway.calls()

    assert [each.where for each in call.failovers] == ["inside"]


def test_g138_a_call_that_no_model_answers() -> None:
    with watched(FAILING) as gateway:
        assert gateway.status_of("fast") >= 500
        (call,) = gateway.calls()

    assert (call.outcome, call.model) == ("failed", None)
    assert call.error
    assert call.alias == "fast"


def test_g138_a_stream_that_fails_after_its_beginning() -> None:
    with watched("mock:cut?text=one%20two%20three%20four%20five") as gateway:
        gateway.chat(stream=True)
        (call,) = gateway.calls()

    assert (call.outcome, call.status) == ("failed", 200)
    assert call.error


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (PATHS["chat"], {"model": "no-such-name", "messages": QUESTION}, 404),
        (PATHS["chat"], {"model": "fast"}, 400),
        (PATHS["messages"], b"{", 400),
        ("/v1/no/such/path", {"a": 1}, 404),
    ],
)
def test_g138_a_call_that_is_refused(path: str, body: Any, status: int) -> None:
    with watched() as gateway:
        assert gateway.ask("POST", path, body).status == status
        (call,) = gateway.calls()

    assert (call.outcome, call.status, call.attempts) == ("refused", status, ())
    assert call.error


def test_g138_a_client_that_leaves() -> None:
    with watched("mock:slow?ms=30000") as gateway:
        with gateway.connect() as opened:
            opened.sendall(request(body={"model": "fast", "messages": QUESTION}))
            time.sleep(0.3)
        (call,) = gateway.calls()

    assert (call.outcome, call.status) == ("cancelled", None)
    assert [each.outcome for each in call.attempts] == ["dropped"]


def test_g138_embeddings() -> None:
    with watched("mock:embed") as gateway:
        reply = gateway.ask("POST", "/v1/embeddings", {"model": "fast", "input": "a b c"})
        assert reply.status == 200
        (call,) = gateway.calls()

    assert (call.operation, call.alias, call.outcome) == ("embeddings", "fast", "ok")
    assert call.input_tokens == 3


def test_g138_looks_at_the_state_are_no_calls() -> None:
    with watched() as gateway:
        for path in ("/", "/healthz", "/readyz", "/metrics", "/ui/api/status", "/ui/api/calls"):
            assert gateway.ask("GET", path).status == 200, path
        parsed(gateway.chat())

        assert len(gateway.calls()) == 1


def test_g171_names_that_no_lockfile_has_are_in_no_record() -> None:
    with watched() as gateway:
        for nth in range(20):
            assert gateway.status_of(f"made-up-{nth}") == 404
            gateway.ask("GET", f"/made-up-{nth}")
        calls = gateway.calls(40)

    assert "made-up" not in repr(calls)
