"""The meaning of failures: retry, try the next model, or end the call."""

from __future__ import annotations

import enum

from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderTimeoutError,
    UnreadableResponseError,
    UnsupportedFeatureError,
)


class Verdict(enum.Enum):
    """The consequence of a failure for the rest of the call."""

    NEXT = "try the next model"
    NEXT_IF_CAPABLE = "try the next model that may do better"
    STOP = "the request itself is wrong"


# Looked up along the class's MRO, so that the most exact entry decides.
_VERDICTS: dict[type, Verdict] = {
    ProviderModelNotFoundError: Verdict.NEXT,
    ContextLengthError: Verdict.NEXT_IF_CAPABLE,
    UnsupportedFeatureError: Verdict.NEXT_IF_CAPABLE,
    ContentPolicyError: Verdict.NEXT_IF_CAPABLE,
    ProviderRequestError: Verdict.STOP,
    ProviderError: Verdict.NEXT,
}


# Statuses of failures that a retry a moment later may not meet.
_PASSING_STATUSES = frozenset({408, 409, 425, 429, 498, 500, 502, 503, 504, 529})


def is_passing(error: ProviderError) -> bool:
    """Return True if the same model may answer a moment later."""
    if error.should_retry is not None:
        return error.should_retry
    match error:
        case ProviderConnectionError() | ProviderTimeoutError() | UnreadableResponseError():
            return True
        case ProviderModelNotFoundError() | ProviderRequestError() | ProviderAuthenticationError():
            return False
    return error.status in _PASSING_STATUSES or error.status is None or error.status < 300


def is_rate_limit(error: ProviderError) -> bool:
    """Return True if the same request is welcome later: a rate limit, or a model overloaded.

    A quota that stays used up for a day, or until somebody pays, is another failure.
    """
    if error.should_retry is False:
        return False
    return isinstance(error, ProviderRateLimitError) or error.overloaded


def may_have_run(error: ProviderError) -> bool:
    """Return True if the provider may have begun to process the request."""
    match error:
        case ProviderConnectionError(reached=reached):
            return reached
        case ProviderRateLimitError() | ProviderAuthenticationError():
            return False
        case ContentPolicyError(status=status) if status is not None and status < 300:
            return True  # the answer was refused, not the request
        case ProviderModelNotFoundError() | ProviderRequestError():
            return False
    return error.status not in _NOT_STARTED


_NOT_STARTED = frozenset({425, 429, 498, 503, 529})


def verdict(error: ProviderError) -> Verdict:
    """Return the consequence of a failure for the rest of the call."""
    if error.should_retry:
        return Verdict.NEXT
    return next(_VERDICTS[kind] for kind in type(error).__mro__ if kind in _VERDICTS)
