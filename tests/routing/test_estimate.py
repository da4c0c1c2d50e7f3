"""Estimates of a call's tokens and cost, before it is sent."""

from decimal import Decimal

import msgspec
import pytest

from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.exceptions import (
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
    ProviderResponseError,
    ProviderTimeoutError,
)
from llmring.routing.estimate import (
    USUAL_ANSWER_TOKENS,
    TokenEstimate,
    estimate_tokens,
    may_have_cost,
    usd,
)
from priced import facts


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (LLMRequest("fast", "Hi"), USUAL_ANSWER_TOKENS),
        (LLMRequest("fast", "Hi", max_tokens=7), 7),
        (LLMRequest("fast", "Hi", reasoning_tokens=500), USUAL_ANSWER_TOKENS + 500),
        (LLMRequest("fast", "Hi", reasoning_tokens=0), USUAL_ANSWER_TOKENS),
        (LLMRequest("fast", "Hi", max_tokens=600, reasoning_tokens=500), 600),
    ],
)
def test_an_answer_is_as_long_as_allowed_or_else_a_usual_one(
    request_: LLMRequest, answer: int
) -> None:
    assert estimate_tokens(parse_request(request_)).answer == answer


def test_a_longer_prompt_takes_more_tokens() -> None:
    assert estimate_tokens(parse_request(LLMRequest("fast", "word " * 400))).prompt > 400


def test_prompt_and_answer_are_priced_each_at_its_own_rate() -> None:
    estimate = TokenEstimate(prompt=1_000_000, answer=500_000)

    assert estimate.cost(facts("a", "2", "8"), None) == Decimal(6)


def test_no_answer_is_longer_than_the_model_s_longest() -> None:
    short = msgspec.structs.replace(facts("a", "0", "1"), max_output=1000)

    assert TokenEstimate(prompt=1, answer=10**6).cost(short, None) == Decimal("0.001")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ProviderTimeoutError("no answer in time"), True),
        (ProviderConnectionError("the connection was cut", status=200), True),
        (ProviderResponseError("the stream ended early", status=200), True),
        (ProviderResponseError("overloaded", status=503), False),
        (ProviderResponseError("broken", status=500), False),
        (ProviderRateLimitError("slow down", status=429), False),
        (ProviderAuthenticationError("no key"), False),
    ],
)
def test_a_failure_may_have_cost_something_unless_the_provider_refused(
    error: ProviderError, expected: bool
) -> None:
    assert may_have_cost(error) is expected


def test_an_amount_of_the_lockfile_is_taken_as_it_is_written() -> None:
    assert usd(0.1) == Decimal("0.1")


def test_g061_each_answer_that_a_model_writes_counts() -> None:
    asked = msgspec.structs.replace(
        parse_request(LLMRequest("fast", "Hi", max_tokens=100)), answers=2, written=3
    )

    estimate = estimate_tokens(asked)

    assert estimate.tokens - estimate.prompt == 300
    assert estimate.cost(facts("a", "0", "1"), None) == Decimal("0.0003")
