"""The limits of a lockfile, through the public door."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from conftest import Way
from llmring import BudgetExceededError, LimitExceededError, LLMRing, NoUsableModelError
from llmring.exceptions import ProviderRateLimitError
from loopback import Answer, Loopback

Serve = Callable[..., Loopback]
Limited = Callable[..., Loopback]

FIRST, SECOND = "openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5"


@pytest.fixture
def limited(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Limited:
    """Start both providers, for an alias `fast` with these policy keys; return the first."""

    def start(*policy: str, answer: Answer | None = None) -> Loopback:
        openai, anthropic = serve(answer or answers.openai()), serve(answers.anthropic())
        path = tmp_path / "llmring.lock"
        path.write_text(
            'version = "1.0"\n[[profiles.default.bindings]]\nalias = "fast"\n'
            f'models = ["{FIRST}", "{SECOND}"]\n' + "\n".join(policy) + "\n"
        )
        monkeypatch.setenv("OPENAI_BASE_URL", f"{openai.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", anthropic.url)
        monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-second-0123456789")
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        return openai

    return start


def test_a_call_beyond_the_day_s_budget_is_refused_before_it_is_sent(
    way: Way, limited: Limited
) -> None:
    server = limited("daily_budget = 0.0001")

    with pytest.raises(BudgetExceededError) as caught:
        way.chat(LLMRing(), "fast", "Hello")

    assert caught.value.limit == Decimal("0.0001")
    assert len(server.requests) == 0


def test_the_budget_counts_the_cost_of_calls(way: Way, limited: Limited) -> None:
    # The estimate of a call is some $0.0006, and its cost some $0.000003.
    server = limited("daily_budget = 0.00065")

    for _ in range(5):
        way.chat(LLMRing(), "fast", "Hello")

    assert len(server.requests) == 5


def test_a_stream_is_counted_by_its_cost(way: Way, limited: Limited) -> None:
    server = limited("daily_budget = 0.00065", answer=answers.openai_stream("Hi"))

    for _ in range(5):
        way.stream(LLMRing(), "fast", "Hello")

    assert len(server.requests) == 5


def test_a_second_request_in_a_minute_is_refused_with_the_attempts(
    way: Way, limited: Limited
) -> None:
    limited("rpm = 1", answer=answers.openai_error(429))

    with pytest.raises(LimitExceededError, match="rpm = 1") as caught:
        way.chat(LLMRing(), "fast", "Hello", timeout=5)

    [attempt] = caught.value.attempts
    assert isinstance(attempt.error, ProviderRateLimitError)


def test_a_fallback_that_is_too_dear_is_skipped_with_the_reason(way: Way, limited: Limited) -> None:
    limited("max_price_ratio = 3", "retries = 0", answer=answers.openai_error(429))

    with pytest.raises(ProviderRateLimitError) as caught:
        way.chat(LLMRing(), "fast", "Hello", timeout=5)

    skipped = [each for each in caught.value.attempts if each.outcome == "skipped"]
    assert [each.model for each in skipped] == [SECOND]
    assert "max_price_ratio" in str(skipped[0].reason)


def test_if_every_model_is_too_expensive_each_is_named(way: Way, limited: Limited) -> None:
    limited("max_cost_per_request = 0.000001")

    with pytest.raises(NoUsableModelError, match="max_cost_per_request") as caught:
        way.chat(LLMRing(), "fast", "Hello")

    assert len(caught.value.attempts) == 2


def test_a_user_stays_with_a_model(way: Way, limited: Limited) -> None:
    limited('strategy = "weighted"', "weights = [1, 1]")
    ring = LLMRing()

    served = {
        user: {way.chat(ring, "fast", "Hello", metadata={"user": user}).model for _ in range(3)}
        for user in "abcdefgh"
    }

    assert all(len(models) == 1 for models in served.values())
    assert set().union(*served.values()) == {FIRST, SECOND}


def test_the_cheapest_is_asked_first(way: Way, limited: Limited) -> None:
    limited('strategy = "cheapest"')

    assert way.chat(LLMRing(), "fast", "Hello").model == FIRST


def test_a_reader_that_leaves_a_stream_gives_its_slot_back(limited: Limited) -> None:
    limited("max_concurrency = 1", answer=answers.openai_stream("a", "b", "c"))
    ring = LLMRing()

    with ring:
        for _ in range(3):
            for _chunk in ring.chat_stream("fast", "Hello", timeout=5):
                break
