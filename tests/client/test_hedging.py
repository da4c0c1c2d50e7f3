"""Hedging: a slow model, and the next one asked while it works."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from conftest import Way
from llmring import AllModelsFailedError, LLMRing
from loopback import Answer, Loopback, Pause, as_stream

Serve = Callable[..., Loopback]
Pair = Callable[..., tuple[Loopback, Loopback]]

FIRST = "openai:gpt-4o-mini"
SECOND = "anthropic:claude-sonnet-4-5"

LATE = Answer([Pause(30), b"late"])


@pytest.fixture
def pair(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Start the first and the second model of the alias `fast`, with a hedge after 0.1 s."""

    def start(first: Answer, second: Answer, **policy: Any) -> tuple[Loopback, Loopback]:
        openai, anthropic = serve(first), serve(second)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{openai.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", anthropic.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        keys = {"hedge_after": 0.1, **policy}
        path = tmp_path / "llmring.lock"
        path.write_text(
            "[[profiles.default.bindings]]\n"
            f'alias = "fast"\nmodels = ["{FIRST}", "{SECOND}"]\n'
            + "".join(f"{name} = {json.dumps(value)}\n" for name, value in keys.items())
        )
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        return openai, anthropic

    return start


def test_the_faster_of_two_models_answers_and_the_other_is_let_go(way: Way, pair: Pair) -> None:
    openai, _ = pair(LATE, answers.anthropic("Hi"))

    response = way.chat(LLMRing(), "fast", "Hello")

    assert (response.content, response.model) == ("Hi", SECOND)
    assert [(a.model, a.outcome) for a in response.attempts] == [
        (FIRST, "dropped"),
        (SECOND, "ok"),
    ]
    assert openai.left_alone()


def test_both_costs_are_counted_and_the_estimate_is_named(way: Way, pair: Pair) -> None:
    pair(LATE, answers.anthropic("Hi"))
    both = way.chat(LLMRing(), "fast", "Hello")
    alone = way.chat(LLMRing(), SECOND, "Hello")

    assert both.cost is not None
    assert alone.cost is not None
    assert both.cost > alone.cost
    assert both.cost_reason == f"with an estimate for cancelled attempts: {FIRST}"


def test_a_model_that_answers_in_time_is_the_only_one_that_is_asked(way: Way, pair: Pair) -> None:
    _, anthropic = pair(answers.openai("Hi"), answers.anthropic(), hedge_after=20)

    response = way.chat(LLMRing(), "fast", "Hello")

    assert response.model == FIRST
    assert anthropic.requests == []


def test_the_slow_model_may_still_win(way: Way, pair: Pair) -> None:
    slow = answers.openai("Hi")
    late = Answer([Pause(0.4), *slow.steps], headers=slow.headers, framing="chunked")
    _, anthropic = pair(late, LATE)

    response = way.chat(LLMRing(), "fast", "Hello")

    assert response.model == FIRST
    assert [a.outcome for a in response.attempts] == ["dropped", "ok"]
    assert anthropic.left_alone()


def test_a_failure_does_not_wait_for_the_hedge(way: Way, pair: Pair) -> None:
    pair(answers.openai_error(500), answers.anthropic("Hi"), hedge_after=20)

    assert way.chat(LLMRing(timeout=10), "fast", "Hello").model == SECOND


def test_if_all_fail_each_attempt_is_reported(way: Way, pair: Pair) -> None:
    pair(answers.openai_error(500), answers.openai_error(500))

    with pytest.raises(AllModelsFailedError) as caught:
        way.chat(LLMRing(), "fast", "Hello")

    assert [a.model for a in caught.value.attempts] == [FIRST, SECOND]


def test_of_two_streams_the_one_that_speaks_first_is_shown(way: Way, pair: Pair) -> None:
    openai, _ = pair(as_stream(answers.ROLE, Pause(30)), answers.anthropic_stream("Hel", "lo"))

    chunks = way.stream(LLMRing(), "fast", "Hello")

    assert "".join(chunk.delta for chunk in chunks) == "Hello"
    assert not any(chunk.restart for chunk in chunks)
    assert chunks[-1].model == SECOND
    assert openai.left_alone()


def test_a_request_with_side_effects_is_not_sent_to_two_models(way: Way, pair: Pair) -> None:
    slow = answers.openai("Hi")
    late = Answer([Pause(0.4), *slow.steps], headers=slow.headers, framing="chunked")
    _, anthropic = pair(late, answers.anthropic())
    remote = {"type": "of_the_server"}

    response = way.chat(LLMRing(), "fast", "Hello", tools=[remote])

    assert response.model == FIRST
    assert anthropic.requests == []
