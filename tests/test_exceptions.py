"""Errors on their way to another process, and in a traceback."""

import copy
import pickle
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import llmring
from llmring import (
    AllModelsFailedError,
    BudgetExceededError,
    LLMResponse,
    LLMRing,
    LLMRingError,
    LockfileParseError,
    Message,
    MissingAliasesError,
    NoUsableModelError,
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
    ProviderTimeoutError,
    SchemaProblem,
    SchemaValidationError,
    TooManyTurnsError,
)

RATE = ProviderRateLimitError("slow down", status=429, retry_after=2.5, request_id="r1")

SPECIAL: list[LLMRingError] = [
    SchemaValidationError(
        "no", LLMResponse(content="{}", model="a:b"), [SchemaProblem("/a", "is missing")]
    ),
    LockfileParseError("no TOML", path=Path("llmring.lock"), line=3, column=1),
    TooManyTurnsError("enough", [Message("user", "Hi")]),
    BudgetExceededError("spent", Decimal(1), Decimal("0.9"), Decimal("0.2"), retry_after=60.0),
    MissingAliasesError("two are missing", ["a", "b"]),
    AllModelsFailedError.of("all failed", [ProviderTimeoutError("late"), RATE]),
    NoUsableModelError("none", [ProviderConnectionError("refused")]),
]
PLAIN = [
    kind("it failed")
    for name in llmring.__all__
    if isinstance(kind := getattr(llmring, name), type)
    and issubclass(kind, LLMRingError)
    and not issubclass(kind, tuple({type(error) for error in SPECIAL} | {AllModelsFailedError}))
]
each_error = pytest.mark.parametrize(
    "error", [*PLAIN, *SPECIAL], ids=lambda error: type(error).__name__
)
COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda error: pickle.loads(pickle.dumps(error)),  # noqa: S301 -- our own bytes
    "deepcopy": copy.deepcopy,
}


def failed_call(model: str = "mock:fail?status=429") -> ProviderError:
    with LLMRing() as ring, pytest.raises(ProviderError) as caught:
        ring.chat(model, "Hi")
    return caught.value


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
@each_error
def test_a_copy_of_an_error_has_its_class_its_text_and_its_facts(
    error: LLMRingError, way: Callable[[Any], Any]
) -> None:
    again = way(error)

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.to_dict() == error.to_dict()


@pytest.mark.parametrize("way", COPIES.values(), ids=COPIES)
def test_a_copy_of_a_failed_call_s_error_has_its_attempts(way: Callable[[Any], Any]) -> None:
    error = failed_call()

    again = way(error)

    assert type(again) is type(error)
    assert [attempt.model for attempt in again.attempts] == ["mock:fail?status=429"] * len(
        error.attempts
    )
    assert again.attempts[-1].error is again


def test_an_attempt_can_be_pickled_with_the_error_that_has_it() -> None:
    attempt = failed_call().attempts[-1]

    again = COPIES["pickle"](attempt)

    assert isinstance(again.error, ProviderRateLimitError)
    assert again.error.attempts[-1].error is again.error


def test_a_traceback_names_an_error_as_users_import_it() -> None:
    assert f"{ProviderRateLimitError.__module__}.{ProviderRateLimitError.__qualname__}" == (
        "llmring.ProviderRateLimitError"
    )
    assert type(AllModelsFailedError.of("all", [RATE])).__module__ == "llmring"


def test_the_failure_of_all_models_has_the_arguments_of_a_group() -> None:
    error = AllModelsFailedError.of("all failed", [RATE])

    assert error.args == ("all failed", error.exceptions)
    assert repr(error) == f"AllModelsFailedError('all failed', {error.exceptions!r})"


def test_the_amounts_of_a_budget_are_shown_as_decimals() -> None:
    error = BudgetExceededError("too much", Decimal(1), Decimal("7.5E-7"), Decimal("1E-7"))

    assert repr(error) == (
        "BudgetExceededError('too much', limit=1, spent=0.00000075, estimate=0.0000001)"
    )
