"""Anthropic's Message Batches API.

https://platform.claude.com/docs/en/build-with-claude/batch-processing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from llmring.dialects.batches.batch_api import (
    DAY_SECONDS,
    NOT_STREAMED,
    BatchApi,
    BatchCounts,
    BatchState,
    LineResult,
    NewBatch,
    Phase,
    number_in,
    object_of,
    required_id,
    seconds_in,
    text_in,
)
from llmring.dialects.dialect import Outgoing
from llmring.wire import HttpHead

_BATCHES = "/v1/messages/batches"
_PAGE = 100
_PHASES: Mapping[str, Phase] = {"canceling": "cancelling", "ended": "ended"}


def _path(id_: str) -> str:
    return f"{_BATCHES}/{quote(id_, safe='')}"


def _line(id_: str, path: str, body: bytes) -> bytes:  # noqa: ARG001 -- batches are of messages
    return msgspec.json.encode({"custom_id": id_, "params": msgspec.Raw(body)})


def _input_of(lines: bytes) -> bytes:
    # In JSON, a newline is always escaped.
    return b"".join((b'{"requests":[', lines.removesuffix(b"\n").replace(b"\n", b","), b"]}"))


def _create(new: NewBatch) -> Outgoing:
    return Outgoing(_BATCHES, headers=new.headers, body=new.body)


def _look(id_: str) -> Outgoing:
    return Outgoing(_path(id_), method="GET")


def _cancel(id_: str) -> Outgoing:
    return Outgoing(f"{_path(id_)}/cancel")


def _state(head: HttpHead, body: bytes) -> BatchState:
    batch = object_of(head, body)
    return _state_of(batch, required_id(head, body, batch, "id"))


def _state_of(batch: Mapping[str, Any], id_: str) -> BatchState:
    native = text_in(batch, "processing_status") or ""
    phase = _PHASES.get(native, "open")
    given = batch.get("request_counts")
    counts = given if isinstance(given, dict) else {}
    numbers = {
        name: number_in(counts, name) or 0
        for name in ("processing", "succeeded", "errored", "canceled", "expired")
    }
    has_results = phase == "ended" and text_in(batch, "results_url") is not None
    return BatchState(
        id=id_,
        phase=phase,
        native=native,
        counts=BatchCounts(sum(numbers.values()), numbers["succeeded"], numbers["errored"]),
        outputs=(id_,) if has_results else (),
        created=seconds_in(batch, "created_at"),
        ended=seconds_in(batch, "ended_at"),
    )


def _batches(mark: str | None) -> Outgoing:
    after = f"&after_id={quote(mark, safe='')}" if mark else ""
    return Outgoing(f"{_BATCHES}?limit={_PAGE}{after}", method="GET")


def _listed_batches(
    head: HttpHead,
    body: bytes,
    mark: str | None,  # noqa: ARG001 -- a page names the next one
) -> tuple[Sequence[BatchState], str | None]:
    page = object_of(head, body)
    items = [each for each in page.get("data") or () if isinstance(each, dict)]
    states = [_state_of(each, id_) for each in items if (id_ := text_in(each, "id"))]
    return states, text_in(page, "last_id") if page.get("has_more") is True else None


def _download(id_: str) -> Outgoing:
    # The path of `results_url`, at the address that the key is for.
    return Outgoing(f"{_path(id_)}/results", method="GET")


class _Outcome(Struct):
    type: str
    message: msgspec.Raw = msgspec.Raw(b"")
    error: msgspec.Raw = msgspec.Raw(b"")


class _MessageResult(Struct):
    custom_id: str
    result: _Outcome


_RESULTS = msgspec.json.Decoder(_MessageResult)

# https://platform.claude.com/docs/en/api/errors
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class _Reason(Struct, frozen=True):
    type: str = ""


class _ErrorReply(Struct, frozen=True):
    error: _Reason = _Reason()


def _result(line: bytes) -> LineResult | None:
    try:
        found = _RESULTS.decode(line)
    except msgspec.DecodeError:
        return None
    match found.result.type:
        case "succeeded":
            body = bytes(found.result.message)
            return LineResult(id=found.custom_id, end="answered", status=200, body=body)
        case "errored":
            body = bytes(found.result.error)
            return LineResult(id=found.custom_id, end="errored", status=_status_of(body), body=body)
        case "expired":
            return LineResult(id=found.custom_id, end="expired")
        case "canceled":
            return LineResult(id=found.custom_id, end="cancelled")
    return LineResult(
        id=found.custom_id, end="errored", message=f"an unknown result: {found.result.type!r}"
    )


def _status_of(body: bytes) -> int:
    """Return the status that a live request has with this error."""
    try:
        kind = msgspec.json.decode(body, type=_ErrorReply).error.type
    except msgspec.DecodeError:
        return 500
    return _STATUSES.get(kind, 500)


ANTHROPIC = BatchApi(
    name="anthropic",
    most_requests=100_000,
    most_bytes=256 * 1_000_000,
    endings=("/v1/messages",),
    refused={
        **NOT_STREAMED,
        "speed": "batches have one speed",
    },
    tags=False,
    newest_first=True,
    results_last=29 * DAY_SECONDS,
    line=_line,
    input_of=_input_of,
    create=_create,
    look=_look,
    state=_state,
    listing=_batches,
    listed=_listed_batches,
    cancel=_cancel,
    download=_download,
    result=_result,
)
