"""Errors as answers in the API of the client.

The status and the code are such that programs of that API do what helps: wait, shorten the
conversation, or stop. Each answer is in the format of the client's API, whatever API has failed.
"""

from __future__ import annotations

import logging
import math
import traceback
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from llmring.clock import SYSTEM
from llmring.dialects.reply_encoding import ErrorAnswer, ReplyEncoding
from llmring.dialects.request_decoding import RequestFormatError
from llmring.exceptions import (
    BudgetExceededError,
    FrozenLockfileError,
    LimitExceededError,
    LLMRingError,
    ModelCapabilityError,
    ModelNotFoundError,
    ProviderError,
    RingClosedError,
    SchemaValidationError,
    ValidationError,
)
from llmring.gateway.answer_headers import attempts_text, header_text, request_id_headers
from llmring.gateway.failed_models import (
    Failure,
    Judgement,
    judge,
    report,
    text_of,
)
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.prompt_too_long import too_long_message
from llmring.gateway.refusals import (
    ForbiddenError,
    MethodNotAllowedError,
    NoSuchPathError,
    NotReadyError,
    NotSupportedError,
    PayloadTooLargeError,
    RefusedCallError,
    TooManyWrongKeysError,
    UnauthenticatedError,
    UnknownModelError,
)
from llmring.gateway.wires import WIRES, Wire, WireName
from llmring.redaction import one_line, redact

_log = logging.getLogger("llmring")

_LONGEST_MESSAGE = 4000
_LONGEST_ID = 128
_LONGEST_WAIT = 86_400


class _Cell(Struct, frozen=True):
    """The status and the API's own code for a cause, on one wire.

    Attributes:
        status: The status.
        code: The code or type; None for the usual one of the status.
    """

    status: int
    code: str | None = None


_Row = Mapping[WireName, _Cell]


def _row(status: int, openai: str | None = None, **others: _Cell | int) -> _Row:
    """Build the row of a cause.

    Args:
        status: The status, if a wire has no other one.
        openai: The code in OpenAI's APIs.
        others: The cell or the status of a wire.
    """
    own: dict[WireName, _Cell] = {}
    for name in (wire.name for wire in WIRES):
        code = openai if name in ("chat", "responses") else None
        cell = others.get(name, status)
        own[name] = _Cell(cell, code) if isinstance(cell, int) else cell
    return own


_BAD_REQUEST = _row(400)
_UNKNOWN_MODEL = _row(404)
_TOO_LARGE = _row(413)
_RATE_LIMITED = _row(429)
# Codex goes on after any other status of this cause.
_OVER_BUDGET = _row(402, "insufficient_quota", responses=429)
_NOT_READY = _row(503, messages=_Cell(503, "overloaded_error"))
_FORBIDDEN = _row(403)
_BROKEN = _row(502, gemini=503)
_FAULT = _row(500)

_OF_FAILURES: Mapping[Failure, _Row] = {
    Failure.RATE_LIMITED: _RATE_LIMITED,
    Failure.OVERLOADED: _row(503, messages=529, ollama=502),
    Failure.BROKEN: _BROKEN,
    Failure.UNKNOWN_MODEL: _UNKNOWN_MODEL,
    Failure.TOO_LONG: _row(400, "context_length_exceeded"),
    Failure.TOO_DEAR: _OVER_BUDGET,
    # Codex sends a request again after the other code, if it comes in a stream.
    Failure.REFUSED: _row(400, "content_policy_violation", responses=_Cell(400, "invalid_prompt")),
    Failure.BAD_REQUEST: _BAD_REQUEST,
    Failure.TOO_LARGE: _TOO_LARGE,
}

_OF_REFUSALS: Mapping[type[RefusedCallError], _Row] = {
    UnauthenticatedError: _row(401),
    ForbiddenError: _FORBIDDEN,
    UnknownModelError: _UNKNOWN_MODEL,
    NoSuchPathError: _row(404, "unknown_url"),
    PayloadTooLargeError: _TOO_LARGE,
    TooManyWrongKeysError: _RATE_LIMITED,
    NotSupportedError: _row(501),
    NotReadyError: _NOT_READY,
}


class _Complaint(Struct, frozen=True, kw_only=True):
    """An error, ready for any wire.

    Attributes:
        row: The status and code by wire.
        message: The message.
        param: The field of the request that is wrong, if it is one field.
        code: OpenAI's own code, in place of that of the row.
        retry_after: Seconds that the client should wait, if known.
        lasts: True if the same request would fail again, though its status may not show it.
        headers: More headers.
    """

    row: _Row
    message: str
    param: str | None = None
    code: str | None = None
    retry_after: float | None = None
    lasts: bool = False
    headers: Mapping[str, str] = {}


def error_answer(
    error: BaseException,
    wire: Wire,
    *,
    request_id: str,
    quote: bool,
    encoding: ReplyEncoding | None = None,
    prompt_tokens: int | None = None,
) -> GatewayAnswer:
    """Return the answer that reports an error to a client.

    Args:
        error: The error.
        wire: The client's API.
        request_id: The ID of the request.
        quote: True to show the providers' texts and the gateway's settings.
        encoding: The format, where it is not the usual one of the API.
        prompt_tokens: An estimate of the prompt's tokens, if there is one.
    """
    complaint = _complaint(error, _Client(wire, request_id, quote, prompt_tokens))
    answer = _encodable(complaint, wire, request_id)
    head, body = (encoding or wire.dialect.reply_encoding()).error(answer)
    headers = {**head.headers, **request_id_headers(wire, request_id), **complaint.headers}
    if complaint.lasts:
        headers["x-should-retry"] = "false"
    if attempts := getattr(error, "attempts", ()):
        headers["x-llmring-attempts"] = attempts_text(attempts)
    return GatewayAnswer(status=head.status, headers=headers, body=body)


def stream_error(
    error: BaseException,
    wire: Wire,
    *,
    request_id: str,
    quote: bool,
    prompt_tokens: int | None = None,
) -> ErrorAnswer:
    """Return an error for the end of a stream that has begun; arguments as for `error_answer`."""
    client = _Client(wire, request_id, quote, prompt_tokens)
    return _encodable(_complaint(error, client), wire, request_id)


def _encodable(complaint: _Complaint, wire: Wire, request_id: str) -> ErrorAnswer:
    cell = complaint.row[wire.name]
    own = complaint.code if wire.name in ("chat", "responses") else None
    wait = complaint.retry_after
    return ErrorAnswer(
        status=cell.status,
        message=_clean(complaint.message),
        code=own or cell.code,
        detail=complaint.code if wire.name == "messages" else None,
        param=None if complaint.param is None else _clean(complaint.param),
        retry_after=None if wait is None else _seconds(wait),
        request_id=header_text(request_id, _LONGEST_ID),
    )


def _clean(text: str) -> str:
    """Return a text in one line, with keys masked, that any JSON parser and terminal takes."""
    line = redact(" ".join(one_line(text).split()))
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[: _LONGEST_MESSAGE - 1]}…"


def _seconds(wait: float) -> int:
    """Return a wait in whole seconds, as many programs read no others."""
    if not math.isfinite(wait):
        return _LONGEST_WAIT
    return min(max(1, math.ceil(wait)), _LONGEST_WAIT)


class _Client(Struct, frozen=True):
    """The client to report to.

    Attributes:
        wire: Its API.
        request_id: The ID of its request.
        quote: True if it may see the providers' texts and the gateway's settings.
        prompt_tokens: An estimate of the tokens of its prompt, if there is one.
    """

    wire: Wire
    request_id: str
    quote: bool
    prompt_tokens: int | None = None


def _complaint(error: BaseException, client: _Client) -> _Complaint:
    kind = next(kind for kind in type(error).__mro__ if kind in _BUILDERS)
    return _BUILDERS[kind](error, client)


def _shown(error: LLMRingError, public: str, client: _Client) -> str:
    return (client.quote and text_of(error)) or public


def _of_refusal(error: RefusedCallError, _: _Client) -> _Complaint:
    kinds = [kind for kind in type(error).__mro__ if kind in _OF_REFUSALS]
    row = _OF_REFUSALS[kinds[0]] if kinds else _row(error.status)
    message = text_of(error)
    headers: dict[str, str] = {}
    wait = 1.0 if isinstance(error, NotReadyError) else None
    match error:
        case TooManyWrongKeysError(retry_after=seconds):
            wait = seconds
        case UnknownModelError(nearest=nearest) if nearest:
            if not all(name in message for name in nearest):
                message = f"{message}; similar names: {', '.join(nearest)}"
        case MethodNotAllowedError(allowed=allowed) if allowed:
            headers["allow"] = header_text(", ".join(allowed), _LONGEST_ID)
    return _Complaint(
        row=row,
        message=message,
        retry_after=wait,
        lasts=isinstance(error, NotSupportedError),
        headers=headers,
    )


def _of_limit(error: LimitExceededError, client: _Client) -> _Complaint:
    if isinstance(error, BudgetExceededError):
        # Without a wait, as programs would sleep until the next day.
        message = _shown(error, "the budget is used up", client)
        return _Complaint(row=_OVER_BUDGET, message=message, lasts=True)
    wait = error.retry_after
    message = _shown(error, "a limit of the gateway is reached", client)
    return _Complaint(
        row=_RATE_LIMITED,
        message=_with_wait(message, wait),
        retry_after=wait,
        headers={} if wait is None else _limit_headers(client.wire, _seconds(wait)),
    )


def _with_wait(message: str, wait: float | None) -> str:
    # Codex reads the seconds out of the message of a stream that ends so.
    return message if wait is None else f"{message}; try again in {_seconds(wait)}s"


def _limit_headers(wire: Wire, seconds: int) -> Mapping[str, str]:
    """Return the headers in which an API shows that its limit is reached.

    https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
    https://platform.claude.com/docs/en/api/rate-limits#response-headers
    """
    if wire.name in ("chat", "responses"):
        return {
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": f"{seconds}s",
        }
    if wire.name == "messages":
        reset = (SYSTEM.now() + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": reset,
        }
    return {}


def _of_models(error: ProviderError, client: _Client) -> _Complaint:
    verdict = judge(error)
    return _Complaint(
        row=_OF_FAILURES[verdict.failure],
        message=_model_message(error, verdict, client),
        retry_after=verdict.retry_after,
        lasts=not verdict.passes and verdict.failure in (Failure.BROKEN, Failure.TOO_DEAR),
    )


_INTRODUCTIONS: Mapping[Failure, str] = {
    Failure.RATE_LIMITED: "all models that could answer are rate limited",
    Failure.OVERLOADED: "no model could answer",
    Failure.BROKEN: "no model could answer",
    Failure.UNKNOWN_MODEL: "the model does not exist, or its provider does not",
    Failure.TOO_DEAR: "the call may cost more than the gateway allows",
    Failure.REFUSED: "the request was refused by the content policy of the models",
    Failure.BAD_REQUEST: "the models do not accept the request",
    Failure.TOO_LARGE: "the request is too large for the models",
}


def _model_message(error: ProviderError, verdict: Judgement, client: _Client) -> str:
    if verdict.failure is Failure.TOO_LONG:
        return too_long_message(error, client.wire.name, client.prompt_tokens)
    message = f"{_INTRODUCTIONS[verdict.failure]}: {report(error, quote=client.quote)}"
    return _with_wait(message, verdict.retry_after)


def _of_request(error: ValidationError | ModelCapabilityError, _: _Client) -> _Complaint:
    message = text_of(error) or "the request is not valid"
    if isinstance(error, RequestFormatError):
        return _Complaint(row=_BAD_REQUEST, message=message, param=error.field, code=error.code)
    return _Complaint(row=_BAD_REQUEST, message=message)


def _of_answer(_: SchemaValidationError, __: _Client) -> _Complaint:
    return _Complaint(row=_BROKEN, message="the answer does not fit the requested schema")


def _of_name(error: ModelNotFoundError, client: _Client) -> _Complaint:
    message = _shown(error, "no model or alias has this name", client)
    return _Complaint(row=_UNKNOWN_MODEL, message=message)


def _of_frozen(error: FrozenLockfileError, client: _Client) -> _Complaint:
    message = _shown(error, "the gateway's lockfile does not allow this model", client)
    return _Complaint(row=_FORBIDDEN, message=message)


def _of_end(_: RingClosedError, __: _Client) -> _Complaint:
    return _Complaint(row=_NOT_READY, message="the gateway is ending", retry_after=1)


def _of_own_error(error: LLMRingError, client: _Client) -> _Complaint:
    """Report an error in the set-up of the gateway; its details are for the log."""
    return _of_fault_with(_clean(str(error)), client, shows=client.quote)


def _of_fault(error: BaseException, client: _Client) -> _Complaint:
    """Report a fault of the gateway itself, whose details are for the log alone."""
    lines = "".join(traceback.format_exception(error)).splitlines()
    detail = redact("\n".join(map(one_line, lines)))
    return _of_fault_with(detail, client, shows=False)


def _of_fault_with(detail: str, client: _Client, *, shows: bool) -> _Complaint:
    request_id = header_text(client.request_id, _LONGEST_ID)
    _log.error("request %s failed: %s", request_id, detail)
    message = detail if shows else "the gateway failed; its log has the reason"
    return _Complaint(row=_FAULT, message=f"{message} (request {request_id})")


# Looked up along the class's MRO, so that the most exact entry decides.
_BUILDERS: Mapping[type, Callable[[Any, _Client], _Complaint]] = {
    ProviderError: _of_models,
    RefusedCallError: _of_refusal,
    LimitExceededError: _of_limit,
    SchemaValidationError: _of_answer,
    ValidationError: _of_request,
    ModelCapabilityError: _of_request,
    ModelNotFoundError: _of_name,
    FrozenLockfileError: _of_frozen,
    RingClosedError: _of_end,
    LLMRingError: _of_own_error,
    BaseException: _of_fault,
}
