"""The counting of calls."""

from __future__ import annotations

import mmap
from datetime import UTC, datetime
from typing import Any

import pytest

from llmring.gateway.watching.call_metrics import CallMetrics
from llmring.gateway.watching.finished_call import FinishedAttempt, FinishedCall, FinishedFailover
from llmring.gateway.watching.metric_families import OTHER
from llmring.gateway.watching.metric_store import MetricStore, size_of

KNOWN = frozenset({"openai:a", "anthropic:b"})
ATTEMPTS = (
    FinishedAttempt(model="openai:a", outcome="failed", reason="timeout", ms=30.0),
    FinishedAttempt(
        model="anthropic:b",
        outcome="ok",
        ms=900.0,
        first_ms=200.0,
        chunks=4,
        chunk_ms=100.0,
        input_tokens=10,
        output_tokens=5,
    ),
)


def counted(*, with_key: bool = False, **facts: Any) -> dict[tuple[str, ...], list[float]]:
    given: dict[str, Any] = {
        "time": datetime(2026, 11, 30, tzinfo=UTC),
        "id": "r",
        "wire": "messages",
        "operation": "chat",
        "outcome": "ok",
        "ms": 1000.0,
        "first_ms": 200.0,
        "overhead_ms": 0.4,
        "key": "web",
        "team": "shop",
        "alias": "fast",
        "profile": "prod",
        "model": "anthropic:b",
        "output_tokens": 5,
        "cost": "0.25",
        "attempts": ATTEMPTS,
        "failovers": (FinishedFailover("openai:a", "anthropic:b", "inside", "timeout"),),
        **facts,
    }
    store = MetricStore(mmap.mmap(-1, size_of(1)))
    CallMetrics(store).count(FinishedCall(**given), KNOWN, with_key=with_key)
    return {(row.family.name, *row.labels): list(row.numbers) for row in store.rows()}


def test_g138_a_call_is_counted_once_in_each_metric() -> None:
    found = counted()

    plain = {key: value for key, value in found.items() if len(value) == 1}
    assert plain == {
        ("llmring_requests", "messages", "fast", "prod", "ok", ""): [1],
        ("llmring_attempts", "fast", "openai:a", "failed", "timeout"): [1],
        ("llmring_attempts", "fast", "anthropic:b", "ok", ""): [1],
        ("llmring_failovers", "fast", "openai:a", "anthropic:b", "inside"): [1],
        ("llmring_cost_usd", "fast", "prod", "shop", ""): [0.25],
        ("llmring_tokens", "fast", "anthropic:b", "input"): [10],
        ("llmring_tokens", "fast", "anthropic:b", "output"): [5],
    }


def test_g139_times_and_tokens_are_measured_as_the_conventions_have_it() -> None:
    found = counted()

    sums = {key: value[-1] for key, value in found.items() if len(value) > 1}
    assert sums == {
        ("llmring_overhead_seconds",): pytest.approx(0.0004),
        ("gen_ai_server_request_duration_seconds", "chat", "fast", ""): 1,
        ("gen_ai_server_time_to_first_token_seconds", "chat", "fast", ""): 0.2,
        ("gen_ai_server_time_per_output_token_seconds", "chat", "fast", ""): 0.2,
        ("gen_ai_client_operation_duration_seconds", "chat", "openai", "a", "timeout"): 0.03,
        ("gen_ai_client_operation_duration_seconds", "chat", "anthropic", "b", ""): 0.9,
        (
            "gen_ai_client_operation_time_to_first_chunk_seconds",
            "chat",
            "anthropic",
            "b",
            "",
        ): 0.2,
        (
            "gen_ai_client_operation_time_per_output_chunk_seconds",
            "chat",
            "anthropic",
            "b",
            "",
        ): pytest.approx(0.4),
        ("gen_ai_client_token_usage", "chat", "anthropic", "b", "input"): 10,
        ("gen_ai_client_token_usage", "chat", "anthropic", "b", "output"): 5,
    }


def test_g138_names_of_keys_are_labels_only_if_asked_for() -> None:
    assert not [key for key in counted() if "web" in key]
    found = counted(with_key=True)
    assert found["llmring_requests", "messages", "fast", "prod", "ok", "web"] == [1]
    assert found["llmring_cost_usd", "fast", "prod", "shop", "web"] == [0.25]


def test_g171_a_model_that_the_lockfile_does_not_have_is_another_one() -> None:
    attempt = FinishedAttempt(model="openai:made-up", outcome="failed", reason="no_such_model")
    failover = FinishedFailover("openai:made-up", "mock:made-up", "before", "key")
    found = counted(alias=None, attempts=(attempt,), failovers=(failover,))

    assert "made-up" not in repr(found)
    assert found["llmring_attempts", "", OTHER, "failed", "no_such_model"] == [1]
    assert found["llmring_failovers", "", OTHER, OTHER, "before"] == [1]


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({"cost": None, "cost_unknown": "no_price"}, ("llmring_cost_unknown", "no_price")),
        ({"outcome": "refused", "limit": "budget"}, ("llmring_refusals", "budget")),
        ({"outcome": "cancelled"}, ("llmring_client_gone",)),
        ({"cache": "hit"}, ("llmring_cache", "hit")),
        ({"cache": "made-up"}, ("llmring_cache", OTHER)),
    ],
)
def test_g138_what_only_some_calls_have(facts: dict[str, Any], key: tuple[str, ...]) -> None:
    assert counted(**facts)[key] == [1]
    assert key not in counted()


def test_g138_a_request_that_no_model_answers_is_no_call_of_a_server_of_models() -> None:
    found = counted(operation="", alias=None, profile=None, attempts=(), failovers=(), cost=None)

    assert {key[0] for key in found} == {"llmring_requests", "llmring_overhead_seconds"}
