"""Errors of Google's APIs.

https://ai.google.dev/gemini-api/docs/troubleshooting
https://cloud.google.com/apis/design/errors#error_model
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from llmring.dialects.error_response import (
    error_class,
    error_in_answer,
    request_id,
    response_error,
)
from llmring.dialects.gemini.refused_parameters import changes_for
from llmring.dialects.lenient_json import decode_leniently
from llmring.dialects.refusals.vendor_words import COUNTRY, GOOGLE_HISTORY
from llmring.dialects.request_changes import RequestChange
from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.wire import HttpHead


class GeminiError(Struct):
    """An error object in a reply."""

    code: int | str | None = None
    message: str | None = None
    status: str | None = None
    details: Any = None


class _Body(Struct):
    error: GeminiError | str | None = None


_BODIES: msgspec.json.Decoder[_Body | list[_Body]] = msgspec.json.Decoder(_Body | list[_Body])

# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_BY_STATUS: dict[str | None, type[ProviderError]] = {
    "UNAUTHENTICATED": ProviderAuthenticationError,
    "PERMISSION_DENIED": ProviderAuthenticationError,
    # The account's country or billing does not allow the call.
    "FAILED_PRECONDITION": ProviderAuthenticationError,
    "NOT_FOUND": ProviderModelNotFoundError,
    "RESOURCE_EXHAUSTED": ProviderRateLimitError,
    "DEADLINE_EXCEEDED": ProviderTimeoutError,
    "UNIMPLEMENTED": UnsupportedFeatureError,
    "ABORTED": ProviderResponseError,
    "CANCELLED": ProviderResponseError,
    "DATA_LOSS": ProviderResponseError,
    "INTERNAL": ProviderResponseError,
    "UNAVAILABLE": ProviderResponseError,
    "UNKNOWN": ProviderResponseError,
}

# Statuses whose causes differ only in the message.
_WORDY = (None, "INVALID_ARGUMENT")

_KINDS_BY_TEXT: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = tuple(
    (re.compile(words, re.IGNORECASE), kind)
    for words, kind in (
        (
            rf"API key (not valid|expired|not found)|{COUNTRY}"
            r"|(account|project|consumer)\b.{0,80}\b(suspended|restricted|disabled)",
            ProviderAuthenticationError,
        ),
        (
            r"input (or output )?token count|exceeds the maximum number of tokens"
            r"|payload size exceeds",
            ContextLengthError,
        ),
        (r"responsible AI|blocked by (the )?safety", ContentPolicyError),
        (
            r"not enabled for|not supported|unsupported|(does not|doesn't) support"
            r"|only works in|supported range|(budget|level) .{1,40} is invalid"
            r"|unknown name .{1,80} at |only one of thinking budget"
            rf"|{GOOGLE_HISTORY}",
            UnsupportedFeatureError,
        ),
    )
)

# "7.25s" in the details; in the message also "1h2m3.5s" and "250ms".
_DELAY = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d+)?)(m?)s)?")
_RETRY_IN = re.compile(r"retry in ([\d.hms]*[hms])")


def explain(head: HttpHead, body: bytes) -> ProviderError:
    """Build the error for a reply with an error status."""
    try:
        value = decode_leniently(body, _BODIES)
    except (ValueError, RecursionError):
        value = []
    bodies = value if isinstance(value, list) else [value]
    error = next((_error(each.error) for each in bodies if each.error is not None), None)
    if error is None:
        return response_error(head, body, message=None)
    result = response_error(
        head,
        body,
        message=error.message,
        code=error.status,
        kind=_kind(error, head.status),
        changes=_changes(error),
    )
    if result.retry_after is None:
        result.retry_after = _retry_delay(error)
    if _is_used_up(error):
        result.should_retry = False
    result.request_id = result.request_id or _detail(error, "requestId")
    return result


def failure(head: HttpHead, value: GeminiError | str) -> ProviderError:
    """Build the error for an error object in a reply with a success status."""
    error = _error(value)
    status = error.code if isinstance(error.code, int) else None
    return error_in_answer(
        _kind(error, status or 500),
        message=error.message,
        code=error.status,
        request_id=request_id(head) or _detail(error, "requestId"),
        status=status,
        retry_after=_retry_delay(error),
        changes=_changes(error),
    )


def _changes(error: GeminiError) -> tuple[RequestChange, ...]:
    return changes_for(error.message or "") if error.status in _WORDY else ()


def _error(value: GeminiError | str) -> GeminiError:
    return GeminiError(message=value) if isinstance(value, str) else value


def _detail(error: GeminiError, name: str) -> str | None:
    """Return the first value under this name in any of the details."""
    details = error.details if isinstance(error.details, list) else []
    found = (detail.get(name) for detail in details if isinstance(detail, dict))
    return next((value for value in found if isinstance(value, str)), None)


def _is_used_up(error: GeminiError) -> bool:
    """Return True for the quota of a day, whose `retryDelay` is far too short.

    https://ai.google.dev/gemini-api/docs/rate-limits
    """
    details = error.details if isinstance(error.details, list) else []
    return any(
        "PerDay" in str(violation.get("quotaId"))
        for detail in details
        if isinstance(detail, dict) and isinstance(detail.get("violations"), list)
        for violation in detail["violations"]
        if isinstance(violation, dict)
    )


def _kind(error: GeminiError, status: int) -> type[ProviderError]:
    if _detail(error, "reason") in ("API_KEY_INVALID", "API_KEY_EXPIRED"):
        return ProviderAuthenticationError
    if error.status in _WORDY:
        for words, kind in _KINDS_BY_TEXT:
            if words.search(error.message or ""):
                return kind
    return _BY_STATUS.get(error.status) or error_class(status)


def _retry_delay(error: GeminiError) -> float | None:
    """Return the seconds to wait, from the details or else from the message."""
    retry_in = _RETRY_IN.search(error.message or "")
    delay = _detail(error, "retryDelay") or (retry_in[1] if retry_in else "")
    match = _DELAY.fullmatch(delay) if delay else None
    if match is None:
        return None
    hours, minutes, seconds, milli = match.groups()
    last = float(seconds or 0) / (1000 if milli else 1)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + last
