"""The meaning of a failed call for its row and for the job."""

from __future__ import annotations

import enum

from llmring.exceptions import (
    BudgetExceededError,
    LimitExceededError,
    LLMRingError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderNotFoundError,
)
from llmring.routing.failure_policy import is_passing


class FailureKind(enum.Enum):
    """The consequence of a failed call."""

    AGAIN = "the row may be answered in a later round"
    FINAL = "the row has failed"
    NO_MONEY = "the job's own limit of cost does not allow the row now"
    NO_BUDGET = "a budget of the lockfile does not allow the row now"
    UNUSABLE = "no model of the alias can be used, and no row will be answered"


_REFUSED_STATUSES = frozenset({401, 402, 403, 404, 410})


def failure_kind(error: LLMRingError) -> FailureKind:
    """Return the consequence of a failed call."""
    match error:
        case BudgetExceededError():
            # A budget without an end is the job's own.
            return FailureKind.NO_MONEY if error.retry_after is None else FailureKind.NO_BUDGET
        case LimitExceededError():
            return FailureKind.AGAIN
        case ProviderError():
            return _of_providers(error)
    return FailureKind.FINAL


def _of_providers(error: ProviderError) -> FailureKind:
    errors = failures_of(error)
    if all(map(_is_unusable, errors)):
        return FailureKind.UNUSABLE
    passing = [each for each in errors if is_passing(each)]
    return FailureKind.AGAIN if passing else FailureKind.FINAL


def failures_of(error: ProviderError) -> list[ProviderError]:
    """Return the failures of all models of a call, also of those that were skipped."""
    found = [each.error for each in error.attempts if each.error is not None]
    return found or [error]


def _is_unusable(error: ProviderError) -> bool:
    """Return True if a model will refuse every row: its key, its account or its name is wrong."""
    if error.status is not None and error.status not in _REFUSED_STATUSES:
        return False
    return isinstance(
        error, ProviderAuthenticationError | ProviderModelNotFoundError | ProviderNotFoundError
    )


def unusable_message(error: LLMRingError) -> str:
    """Return the message of a job that stops because no model can be used."""
    if not isinstance(error, ProviderError):
        return str(error)
    fixes = [each.fix for each in failures_of(error) if each.fix]
    fix = "; ".join(dict.fromkeys(fixes)) or "check the key, the account and the name of the model"
    text = str(error)
    return text if fix in text else f"{text}; {fix}"
