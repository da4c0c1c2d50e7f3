"""Failover: the models of an alias, in order."""

from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from cli.terminal import lockfile_of, write
from conftest import Way
from llmring import AllModelsFailedError, LLMRequest, LLMRing, ProviderRateLimitError
from llmring.testing.fake_vendors import Behaviour, DemoServer
from lockfile.texts import EXAMPLE
from loopback import Answer, Loopback, Pause

FIRST, SECOND, THIRD = "anthropic:claude-3-5-sonnet", "openai:gpt-4o", "google:gemini-1.5-pro"
ASK = LLMRequest(model="balanced", messages="Hello")

# The contract's models have been retired since, and would be asked last.
STILL_SERVED = f"""
[registry.models]
"{FIRST}" = {{ retires = 2999-01-01 }}
"{SECOND}" = {{ retires = 2999-01-01 }}
"{THIRD}" = {{ retires = 2999-01-01 }}
"""


@pytest.fixture
def example() -> Path:
    """Write the contract's example lockfile, on a day when its models are served."""
    return write(EXAMPLE + STILL_SERVED).resolve()


def test_S099_the_first_model_that_can_answer_does(
    way: Way, example: Path, vendors: DemoServer
) -> None:
    vendors.plan("anthropic", "500", "down")
    vendors.plan("openai", "answers", "from the second")

    response = way.chat(LLMRing(), ASK)

    assert response.content == "from the second"
    assert [attempt.model for attempt in response.attempts] == [FIRST, SECOND]


def test_S100_a_rate_limited_primary_is_followed_by_the_next_model(
    way: Way, example: Path, vendors: DemoServer
) -> None:
    vendors.plan("anthropic", "429", "slow down")

    response = way.chat(LLMRing(), ASK)

    assert response.model == SECOND
    assert response.attempts[0].status == 429


@pytest.mark.parametrize("behaviour", ["500", "529"])
def test_S101_a_primary_that_is_down_is_followed_by_the_next_model(
    way: Way, example: Path, vendors: DemoServer, behaviour: Behaviour
) -> None:
    vendors.plan("anthropic", behaviour, "no")

    assert way.chat(LLMRing(), ASK).model == SECOND


def test_S101_a_primary_that_refuses_connections_is_followed_by_the_next_model(
    way: Way,
    example: Path,
    vendors: DemoServer,
    serve: Callable[..., Loopback],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = serve(answers.anthropic())
    monkeypatch.setenv("ANTHROPIC_BASE_URL", gone.url)
    gone.close()

    assert way.chat(LLMRing(), ASK).model == SECOND


def test_S101_a_primary_that_never_answers_is_followed_by_the_next_model(
    way: Way,
    example: Path,
    vendors: DemoServer,
    serve: Callable[..., Loopback],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", serve(Answer([Pause(30), b"late"])).url)

    assert way.chat(LLMRing(timeout=1.0), ASK).model == SECOND


def test_S101_a_primary_that_keeps_failing_never_hides_its_fallback(
    example: Path, vendors: DemoServer
) -> None:
    ring = LLMRing()
    for _ in range(6):
        vendors.plan("anthropic", "500", "down")

        assert ring.chat("balanced", messages="Hello").model == SECOND


def test_S102_when_the_second_fails_too_the_third_answers(
    way: Way, example: Path, vendors: DemoServer
) -> None:
    vendors.plan("anthropic", "429", "slow down")
    vendors.plan("openai", "500", "down")

    assert way.chat(LLMRing(), ASK).model == THIRD


def test_S103_when_all_fail_the_error_names_each_attempt(
    way: Way, example: Path, vendors: DemoServer
) -> None:
    vendors.plan("anthropic", "500", "first reason")
    vendors.plan("openai", "500", "second reason")
    vendors.plan("google", "429", "third reason")

    with pytest.raises(AllModelsFailedError) as caught:
        way.chat(LLMRing(), ASK)

    assert isinstance(caught.value, ProviderRateLimitError)
    assert [attempt.model for attempt in caught.value.attempts] == [FIRST, SECOND, THIRD]
    for words in (FIRST, "first reason", SECOND, "second reason", THIRD, "third reason"):
        assert words in str(caught.value)


@pytest.mark.parametrize(("failing", "model"), [(0, FIRST), (1, SECOND), (2, THIRD)])
def test_S104_the_response_names_the_model_that_answered(
    way: Way, example: Path, vendors: DemoServer, failing: int, model: str
) -> None:
    for vendor in ("anthropic", "openai")[:failing]:
        vendors.plan(vendor, "500", "down")

    assert way.chat(LLMRing(), ASK).model == model


def test_S104_so_do_the_chunks_of_a_stream(way: Way, example: Path, vendors: DemoServer) -> None:
    vendors.plan("anthropic", "cut", "never read")

    assert {chunk.model for chunk in way.stream(LLMRing(), ASK)} == {SECOND}


def test_S105_a_provider_without_a_key_is_skipped(
    way: Way, example: Path, vendors: DemoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")

    response = way.chat(LLMRing(), ASK)

    assert response.model == SECOND
    assert response.attempts[0].outcome == "skipped"


def test_S106_a_cheaper_model_in_front_spares_the_dear_one(
    way: Way, serve: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap, dear = serve(answers.openai()), serve(answers.anthropic())
    monkeypatch.setenv("OPENAI_BASE_URL", f"{cheap.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", dear.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    write(lockfile_of(default={"pool": ["openai:gpt-4o-mini", "anthropic:claude-opus-4"]}))

    way.chat(LLMRing(), "pool", "Hello")

    assert (len(cheap.requests), len(dear.requests)) == (1, 0)
