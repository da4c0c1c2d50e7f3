"""Errors of Anthropic's Messages API, by HTTP status or inside an answer.

https://platform.claude.com/docs/en/api/errors
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec import Struct

from llmring.dialects.anthropic.refused_parameters import changes_for, unknown_field
from llmring.dialects.error_response import error_class, error_in_answer, response_error
from llmring.dialects.lenient_json import decode_leniently
from llmring.dialects.refusals.vendor_words import (
    ANTHROPIC_HISTORY,
    COUNTRY,
    DEEPSEEK_HISTORY,
    TEMPLATE_HISTORY,
)
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


class ErrorObject(Struct):
    """An error object of the API."""

    type: str | None = None
    message: str | None = None
    details: Any = None

    @property
    def code(self) -> str | None:
        """The stable name of the cause, if the API gives one."""
        code = self.details.get("error_code") if isinstance(self.details, dict) else None
        return code if isinstance(code, str) else None


class _AnthropicErrorBody(Struct):
    error: ErrorObject | str | None = None
    detail: Any = None
    request_id: str | None = None


_BY_TYPE: dict[str | None, type[ProviderError]] = {
    "authentication_error": ProviderAuthenticationError,
    "permission_error": ProviderAuthenticationError,
    "billing_error": ProviderAuthenticationError,
    "not_found_error": ProviderModelNotFoundError,
    "conflict_error": ProviderResponseError,
    "request_too_large": ContextLengthError,
    "rate_limit_error": ProviderRateLimitError,
    "timeout_error": ProviderTimeoutError,
    "api_error": ProviderResponseError,
    "overloaded_error": ProviderResponseError,
    "exceed_context_size_error": ContextLengthError,  # llama.cpp
    "not_supported_error": UnsupportedFeatureError,  # llama.cpp
}

# Codes that are more exact than the type: problems with the account also have the type
# "invalid_request_error".
_BY_CODE: dict[str | None, type[ProviderError]] = {
    "organization_on_hold": ProviderAuthenticationError,
    "organization_type_not_supported": ProviderAuthenticationError,
    "parent_organization_required": ProviderAuthenticationError,
    "claude_code_key_creator_not_member": ProviderAuthenticationError,
    "cmek_key_disabled": ProviderAuthenticationError,
    "cmek_key_network_blocked": ProviderAuthenticationError,
    "image_dimensions_too_large": UnsupportedFeatureError,
}

# Types whose causes differ only in the message; the second is llama.cpp's.
_WORDY = ("invalid_request_error", "server_error")

_KINDS_BY_TEXT: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = tuple(
    (re.compile(words, re.IGNORECASE), kind)
    for words, kind in (
        (r"prompt is too long|exceeds? (the )?context|input is too long", ContextLengthError),
        (
            r"credit balance is too low|(organization|account|workspace) (has been|is) "
            rf"(disabled|suspended|restricted|on hold)|{COUNTRY}",
            ProviderAuthenticationError,
        ),
        (r"API usage limits", ProviderRateLimitError),
        (r"content filtering policy", ContentPolicyError),
        (
            r"(does not|doesn't|not) support|unsupported|deprecated for this model"
            r"|schema is too complex|maximum allowed number of output tokens"
            r"|image exceeds|maximum of \d+ PDF pages"
            r"|anthropic-beta` header|extra inputs are not permitted"
            r"|each stop sequence must contain non-whitespace"
            rf"|{ANTHROPIC_HISTORY}|{DEEPSEEK_HISTORY}|{TEMPLATE_HISTORY}",
            UnsupportedFeatureError,
        ),
    )
)


_BODY = msgspec.json.Decoder(_AnthropicErrorBody)


def explain(head: HttpHead, body: bytes) -> ProviderError:
    """Build the error for a reply with an error status."""
    try:
        reply = decode_leniently(body, _BODY)
    except (ValueError, RecursionError):
        return response_error(head, body, message=None)
    error = _error(reply.error)
    unknown = _unknown_fields(reply.detail)
    result = response_error(
        head,
        body,
        message=error.message,
        code=error.type,
        kind=UnsupportedFeatureError if unknown else _kind(error, head.status),
        changes=unknown or _changes(error),
    )
    result.request_id = reply.request_id or result.request_id
    return result


def _unknown_fields(detail: Any) -> tuple[RequestChange, ...]:
    """Return the changes for the fields that a compatible server lists as unknown to it."""
    found: list[RequestChange] = []
    for each in detail if isinstance(detail, list) else ():
        match each:
            case {"type": "extra_forbidden", "loc": ["body", str(name)]}:
                found += unknown_field(name)
            case _:
                # With another fault, the rest would be refused as well.
                return ()
    return tuple(found)


def failure(
    head: HttpHead, value: ErrorObject | str | None, request_id: str | None
) -> ProviderError:
    """Build the error for an error object in a reply with a success status."""
    error = _error(value)
    return error_in_answer(
        _kind(error, 400 if error.type == "invalid_request_error" else 500),
        message=error.message,
        code=error.type,
        request_id=request_id or head.headers.get("request-id"),
        changes=_changes(error),
    )


def _changes(error: ErrorObject) -> tuple[RequestChange, ...]:
    return changes_for(error.message or "") if _is_wordy(error) else ()


def _is_wordy(error: ErrorObject) -> bool:
    """Return True if only the message shows the cause; compatible servers have other types."""
    return error.type in _WORDY or error.type not in _BY_TYPE


def _error(value: ErrorObject | str | None) -> ErrorObject:
    return ErrorObject(message=value) if isinstance(value, str) else value or ErrorObject()


def _kind(error: ErrorObject, status: int) -> type[ProviderError]:
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if _is_wordy(error):
        for words, kind in _KINDS_BY_TEXT:
            if words.search(error.message or ""):
                return kind
    return _BY_TYPE.get(error.type) or error_class(status)
