"""Errors out of HTTP responses: the class, the message, the excerpt."""

import re
from collections.abc import Sequence

import msgspec

from llmring.dialects.dialect import T
from llmring.dialects.lenient_json import decode_leniently
from llmring.dialects.rates.overload import is_overload
from llmring.dialects.request_changes import RequestChange
from llmring.dialects.retry_after import retry_after
from llmring.exceptions import (
    ContextLengthError,
    ProviderAuthenticationError,
    ProviderError,
    ProviderModelNotFoundError,
    ProviderRateLimitError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnreadableResponseError,
    UnsupportedFeatureError,
)
from llmring.redaction import redact
from llmring.wire import HttpHead

# Enough to recognise an error from a proxy or a vendor, but never a whole page.
BODY_EXCERPT = 500
# Longer than any vendor's message seen so far.
MOST_WORDS = 4000


_BY_STATUS: dict[int, type[ProviderError]] = {
    401: ProviderAuthenticationError,
    402: ProviderAuthenticationError,
    403: ProviderAuthenticationError,
    404: ProviderModelNotFoundError,
    408: ProviderTimeoutError,
    409: ProviderResponseError,
    410: ProviderModelNotFoundError,
    425: ProviderResponseError,
    429: ProviderRateLimitError,
    451: ProviderAuthenticationError,  # not in this country
    504: ProviderTimeoutError,
}


# Statuses that blame the request itself. Others of that range are about the server, the account
# or the moment, such as Groq's 498 (no capacity).
# https://www.rfc-editor.org/rfc/rfc9110#name-client-error-4xx
_BLAMING = frozenset({400, 413, 415, 422, 431})

# The words of a 413 by a model that takes no more, and not by a server in front of it.
_TOO_MUCH = re.compile(r"tokens?\b|context|(prompt|input|message)s?\b|per minute", re.IGNORECASE)


def error_class(status: int, message: str | None = None) -> type[ProviderError]:
    """Return the error class for a status, if the body has no better information.

    Args:
        status: The HTTP status.
        message: The vendor's message, if there is one.
    """
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status == 413 and message and _TOO_MUCH.search(message):
        return ContextLengthError
    return ProviderRequestError if status in _BLAMING else ProviderResponseError


def response_error(
    head: HttpHead,
    body: bytes,
    *,
    message: str | None,
    code: str | None = None,
    kind: type[ProviderError] | None = None,
    changes: Sequence[RequestChange] = (),
) -> ProviderError:
    """Build the error for a reply with an error status.

    Args:
        head: Status and headers of the reply.
        body: The body, quoted (shortened, keys masked) if the vendor gave no message.
        message: The vendor's own message, if the body could be read.
        code: The vendor's own code or type.
        kind: The class of the error, if the body is more exact than the status.
        changes: The changes with which the same model may take the request. With any, the error is
            an `UnsupportedFeatureError`.
    """
    if changes:
        kind = UnsupportedFeatureError
    words = redact(message)[:MOST_WORDS] if message else None
    detail = words or excerpt(body)
    error = (kind or error_class(head.status, words))(
        " ".join(dict.fromkeys(filter(None, (str(head.status), code, detail)))),
        status=head.status,
        code=code,
        request_id=request_id(head),
        provider_message=words,
        retry_after=retry_after(head),
    )
    error.should_retry = _ADVICE.get(head.headers.get("x-should-retry", ""))
    error.overloaded = is_overload(head.status, (code,), detail)
    return _with_changes(error, changes)


def error_in_answer(
    kind: type[ProviderError],
    *,
    message: str | None,
    code: str | None,
    request_id: str | None,
    status: int | None = None,
    retry_after: float | None = None,
    changes: Sequence[RequestChange] = (),
) -> ProviderError:
    """Build the error for an error object in a reply with a success status.

    Args:
        kind: The class of the error.
        message: The vendor's own message.
        code: The vendor's own code or type.
        request_id: The vendor's ID of the request.
        status: The status that the error object names.
        retry_after: Seconds that the provider asks to wait.
        changes: As for `response_error`.
    """
    words = redact(message) if message else None
    reason = " ".join(filter(None, (code, words)))
    error = (UnsupportedFeatureError if changes else kind)(
        f"an error instead of an answer: {reason or 'the provider gave no reason'}",
        status=status,
        code=code,
        request_id=request_id,
        provider_message=words,
        retry_after=retry_after,
    )
    error.overloaded = is_overload(status, (code,), words)
    return _with_changes(error, changes)


def _with_changes(error: ProviderError, changes: Sequence[RequestChange]) -> ProviderError:
    if isinstance(error, UnsupportedFeatureError):
        error.changes = changes
    return error


# https://github.com/openai/openai-python (`_should_retry`); Anthropic's clients heed it too.
_ADVICE = {"true": True, "false": False}


def unreadable(head: HttpHead, body: bytes, why: str) -> UnreadableResponseError:
    """Build the error for a reply that is not in the API's format, such as a proxy's page."""
    kind = head.content_type or "no content type"
    detail = excerpt(body)
    return UnreadableResponseError(
        f"{head.status} with an answer that can't be read ({why}; {kind})"
        + (f": {detail}" if detail else ", and it is empty"),
        status=head.status,
        request_id=request_id(head),
    )


def read_as(kind: type[T], head: HttpHead, body: bytes) -> T:
    """Decode a whole reply as a value of this type.

    Raises:
        UnreadableResponseError: The reply is in another format.
    """
    try:
        return decode_leniently(body, msgspec.json.Decoder(kind))
    except (ValueError, RecursionError) as error:
        fault = unreadable(head, body, str(error))
    raise fault


def excerpt(body: bytes) -> str:
    """Return the beginning of a body as one line of text, with keys masked."""
    text = " ".join(body[: 2 * BODY_EXCERPT].decode("utf-8", "replace").split())
    return redact(text)[:BODY_EXCERPT]


def request_id(head: HttpHead) -> str | None:
    """Return the provider's ID of the request, from any of the headers in use."""
    for name in ("x-request-id", "request-id", "apim-request-id", "cf-ray"):
        if name in head.headers:
            return head.headers[name]
    return None
