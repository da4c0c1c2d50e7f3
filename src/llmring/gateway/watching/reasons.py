"""Names of few kinds for errors, for labels and logs, in which providers' texts have no place."""

from __future__ import annotations

from llmring.exceptions import (
    AllModelsFailedError,
    BudgetExceededError,
    ContentPolicyError,
    ContextLengthError,
    LimitExceededError,
    ProviderAuthenticationError,
    ProviderConnectionError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnreadableResponseError,
    UnsupportedFeatureError,
)

# The more special kinds come first.
_KINDS: tuple[tuple[type[BaseException], str], ...] = (
    (ProviderAuthenticationError, "key"),
    (ProviderRateLimitError, "rate_limit"),
    (ProviderTimeoutError, "timeout"),
    (ProviderConnectionError, "connection"),
    (UnreadableResponseError, "unreadable"),
    (ProviderModelNotFoundError, "no_such_model"),
    (ContextLengthError, "context_length"),
    (UnsupportedFeatureError, "unsupported"),
    (ContentPolicyError, "content_policy"),
    (ProviderRequestError, "bad_request"),
    (ProviderResponseError, "server_error"),
    (AllModelsFailedError, "all_failed"),
)


def reason_of(error: BaseException | None) -> str:
    """Return the kind of a failure of a model; empty for no error.

    Args:
        error: The failure.
    """
    if error is None:
        return ""
    return next((name for kind, name in _KINDS if isinstance(error, kind)), "other")


def skip_reason(error: BaseException | None) -> str:
    """Return the kind of reason for which a model was skipped.

    Args:
        error: The reason.
    """
    # These two have no status, and so no special kind.
    if type(error) is ProviderResponseError:
        return "circuit_open"
    return "not_usable" if type(error) is ProviderError else reason_of(error) or "not_usable"


def limit_of(error: BaseException | None) -> str | None:
    """Return the kind of limit that a call was refused for; None for another error.

    Args:
        error: The error of the call.
    """
    if isinstance(error, BudgetExceededError):
        return "budget"
    return "rate" if isinstance(error, LimitExceededError) else None
