"""Errors of servers that speak OpenAI's dialects.

https://platform.openai.com/docs/guides/error-codes/api-errors

The vendor's code or type decides first, then the status; the message only without a code.
"""

import re
from typing import Any

import msgspec
from msgspec import Struct

from llmring.dialects.error_response import MOST_WORDS, response_error
from llmring.dialects.lenient_json import ANY, decode_leniently
from llmring.dialects.openai.refused_parameters import refusal_of
from llmring.dialects.openai.vendor_errors import USED_UP, kind_by_code, kind_by_words
from llmring.dialects.rates.overload import is_overload
from llmring.exceptions import (
    ContentPolicyError,
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderResponseError,
    UnsupportedFeatureError,
)
from llmring.wire import HttpHead


def explain(head: HttpHead, body: bytes) -> ProviderError:
    """Build the error for a reply with an error status."""
    try:
        sent = decode_leniently(body, ANY)
    except (ValueError, RecursionError):
        sent = None
    return _error(head, body, _error_facts(sent) or _ErrorFacts())


def error_within(head: HttpHead, body: bytes) -> ProviderError | None:
    """Build the error for an error object in a reply with status 2xx or in a stream, if any.

    https://openrouter.ai/docs/api-reference/errors
    """
    try:
        complaint = _error_facts(decode_leniently(body, ANY))
    except (ValueError, RecursionError):
        return None
    if complaint is None:
        return None
    status = complaint.status or head.status
    return _error(msgspec.structs.replace(head, status=status), body, complaint)


class _ErrorFacts(Struct, frozen=True):
    """The content of an error, in any of its forms.

    Attributes:
        message: The vendor's own message.
        codes: The vendor's code and type, as far as given.
        status: The HTTP status that the body names, as a stream cannot send another one.
        param: The parameter that the vendor names as the cause.
        cause: The message of an upstream server.
        request_id: The vendor's ID of the request, if the body has it.
    """

    message: str | None = None
    codes: tuple[str, ...] = ()
    status: int | None = None
    param: str | None = None
    cause: str | None = None
    request_id: str | None = None

    @property
    def text(self) -> str:
        """All words about the cause."""
        return " ".join(filter(None, (self.message, self.cause)))[:MOST_WORDS]


def _error_facts(sent: Any) -> _ErrorFacts | None:
    if isinstance(sent, list) and sent:  # Google's compatible endpoint wraps errors in a list
        sent = sent[0]
    match sent:
        case (
            {"error": dict(error)}
            | {"errors": [dict(error), *_]}  # Cloudflare
            | {"choices": [{"error": dict(error)}, *_]}  # OpenRouter
            | {"response": {"error": dict(error)}}  # OpenAI's Responses, in a stream
        ):
            return _from_fields({**sent, **error})
        case {"error": str(message)} if message:  # Hugging Face, xAI
            return _from_fields({**sent, "message": message})
        case {"choices": _}:
            return None
        case {"message": message} | {"detail": message} if message:  # Mistral, Cerebras; FastAPI
            return _from_fields({**sent, "message": message})
    return None


def _from_fields(fields: dict[Any, Any]) -> _ErrorFacts:
    message, metadata = fields.get("message"), fields.get("metadata")
    if message is not None and not isinstance(message, str):
        message = msgspec.json.encode(message).decode()
    numbers = [fields.get(name) for name in ("status_code", "code", "status")]
    statuses = [int(text) for number in numbers if _is_status(text := str(number))]
    codes = [str(fields[name]) for name in ("code", "type") if fields.get(name) is not None]
    if isinstance(status := fields.get("status"), str):
        codes.append(status)  # Google's word for it, such as FAILED_PRECONDITION
    cause = metadata.get("raw") if isinstance(metadata, dict) else None
    upstream = _upstream(cause)
    param, request_id = fields.get("param"), fields.get("request_id")
    return _ErrorFacts(
        message=message,
        # The upstream server's are more exact, and a word is more exact than a number.
        codes=(*sorted(codes, key=str.isdecimal), *upstream.codes),
        status=next(iter(statuses), None),
        param=upstream.param or (param if isinstance(param, str) else None),
        cause=cause if isinstance(cause, str) else None,
        request_id=request_id if isinstance(request_id, str) else None,
    )


def _upstream(cause: Any) -> _ErrorFacts:
    """Return the facts of the error of an upstream server, which OpenRouter quotes."""
    try:
        sent = msgspec.json.decode(cause) if isinstance(cause, str) else None
    except (ValueError, RecursionError):
        sent = None
    return (sent and _error_facts(sent)) or _ErrorFacts()


def _is_status(text: str) -> bool:
    return re.fullmatch("[45][0-9][0-9]", text) is not None


def _error(head: HttpHead, body: bytes, facts: _ErrorFacts) -> ProviderError:
    codes = [code.lower() for code in facts.codes]
    kind = _kind(head.status, facts, codes)
    refused = None
    if head.status in _REFUSING and kind in (None, UnsupportedFeatureError):
        refused = refusal_of(codes, facts.param, facts.text)
    error = response_error(
        head,
        body,
        message=f"{facts.message}: {facts.cause}" if facts.cause else facts.message,
        code=next(iter(facts.codes), None),
        kind=UnsupportedFeatureError if refused is not None else kind,
        changes=() if refused is None else refused.changes,
    )
    if USED_UP.intersection(codes):
        error.should_retry = False
    error.overloaded = is_overload(head.status, codes, facts.text)
    if facts.cause:
        error.provider_message = facts.message
    error.request_id = error.request_id or facts.request_id
    return error


def _kind(status: int, facts: _ErrorFacts, codes: list[str]) -> type[ProviderError] | None:
    if status == 413:
        # Groq sends its rate limit code even for a single request that exceeds the limit.
        limits = (ContextLengthError, ProviderRateLimitError)
        return ContextLengthError if any(_BY_CODE.get(code) in limits for code in codes) else None
    if status == 429:
        return None
    by_code = kind_by_code(status, codes, facts.param) or next(
        (_BY_CODE[code] for code in codes if code in _BY_CODE), None
    )
    return by_code or kind_by_words(status, facts.text) or _kind_by_text(status, facts.text)


def _kind_by_text(status: int, text: str) -> type[ProviderError] | None:
    for statuses, words, kind in _KINDS_BY_TEXT:
        if status in statuses and re.search(words, text, re.IGNORECASE):
            return kind
    return None


# Statuses with which a server refuses a parameter; 404 is OpenRouter's, 500 is llama.cpp's.
_REFUSING = frozenset({200, 400, 404, 422, 500, 501})

_BY_CODE: dict[str, type[ProviderError]] = {
    "context_length_exceeded": ContextLengthError,
    "exceed_context_size_error": ContextLengthError,  # llama.cpp
    "string_above_max_length": ContextLengthError,
    "tokens_limit_reached": ContextLengthError,  # GitHub Models
    "unsupported_parameter": UnsupportedFeatureError,
    "unsupported_value": UnsupportedFeatureError,
    "operationnotsupported": UnsupportedFeatureError,  # Azure
    "not_supported_error": UnsupportedFeatureError,  # llama.cpp
    "content_filter": ContentPolicyError,  # Azure
    "content_policy_violation": ContentPolicyError,
    "data_inspection_failed": ContentPolicyError,  # Alibaba
    "invalid_prompt": ContentPolicyError,
    "moderation_blocked": ContentPolicyError,
    "bio_policy": ContentPolicyError,
    "image_content_policy_violation": ContentPolicyError,
    "misalignment_policy_violation": ContentPolicyError,
    "deploymentnotfound": ProviderModelNotFoundError,  # Azure
    "invalid_model": ProviderModelNotFoundError,  # Mistral, Perplexity
    "model_decommissioned": ProviderModelNotFoundError,  # Groq
    "model_not_available": ProviderModelNotFoundError,  # Together
    "model_not_found": ProviderModelNotFoundError,
    "billing_hard_limit_reached": ProviderRateLimitError,
    "insufficient_quota": ProviderRateLimitError,
    "rate_limit_error": ProviderRateLimitError,
    "rate_limit_exceeded": ProviderRateLimitError,
    "authentication_error": ProviderAuthenticationError,
    "invalid_api_key": ProviderAuthenticationError,
    # Groq: the model answered in a wrong form, which is not the request's fault.
    "json_validate_failed": ProviderResponseError,
    "tool_use_failed": ProviderResponseError,
}


_REFUSED = frozenset({200, 400, 422})

# The order matters: "no endpoints found that support images" is about the images. The statuses
# are those seen with such messages; 500 is llama.cpp's.
_KINDS_BY_TEXT: tuple[tuple[frozenset[int], str, type[ProviderError]], ...] = (
    (
        _REFUSED | {500},
        (
            r"context (length|window|size)|(prompt|input|request) (is )?too (long|large)"
            r"|too many (input )?tokens|reduce the length of"
        ),
        ContextLengthError,
    ),
    (
        _REFUSED | {403},
        r"(usage|content|safety) (policy|policies|guidelines)|policy violation|flagged",
        ContentPolicyError,
    ),
    (
        _REFUSED | {404, 500},
        (
            r"(not|n't) support|supports? (only|at most)|found that support|--jinja|--mmproj"
            r"|unknown variant `(image_url|file|input_audio)`"
        ),
        UnsupportedFeatureError,
    ),
    (
        _REFUSED,
        (
            r"model\b.*\b(not exist|not found|not available|decommissioned|deprecated|retired)"
            r"|not a valid model|(invalid|unknown) model"
        ),
        ProviderModelNotFoundError,
    ),
    (
        _REFUSED,
        r"(incorrect|invalid) api[ _-]?key|api[ _-]?key (is )?(not valid|invalid)",
        ProviderAuthenticationError,
    ),
)
