"""Kinds of errors, for labels."""

from decimal import Decimal

import pytest

from llmring.exceptions import (
    BudgetExceededError,
    ContextLengthError,
    LimitExceededError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderRateLimitError,
    ProviderResponseError,
)
from llmring.gateway.watching.reasons import limit_of, reason_of, skip_reason

BUDGET = BudgetExceededError("too dear", Decimal(1), Decimal(1), Decimal(1))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (None, ""),
        (ProviderAuthenticationError("x"), "key"),
        (ProviderRateLimitError("x"), "rate_limit"),
        (ContextLengthError("x"), "context_length"),
        (ProviderResponseError("x"), "server_error"),
        (ProviderError("x"), "other"),
        (ZeroDivisionError(), "other"),
    ],
)
def test_g138_a_failure_has_the_name_of_its_kind(error: Exception | None, reason: str) -> None:
    assert reason_of(error) == reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (None, "not_usable"),
        (ProviderError("lacks tools"), "not_usable"),
        (ProviderResponseError("circuit open for another 4 s"), "circuit_open"),
        (ProviderAuthenticationError("no key"), "key"),
    ],
)
def test_g138_a_skip_has_the_name_of_its_kind(error: Exception | None, reason: str) -> None:
    assert skip_reason(error) == reason


@pytest.mark.parametrize(
    ("error", "limit"),
    [(BUDGET, "budget"), (LimitExceededError("rpm"), "rate"), (ProviderError("x"), None)],
)
def test_g138_a_refusal_for_a_limit_has_its_kind(error: Exception, limit: str | None) -> None:
    assert limit_of(error) == limit
