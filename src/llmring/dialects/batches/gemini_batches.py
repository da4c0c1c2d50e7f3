"""Google's batch API for Gemini.

https://ai.google.dev/gemini-api/docs/batch-api
https://ai.google.dev/api/batch-api
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from llmring.dialects.batches.batch_api import (
    DAY_SECONDS,
    BatchApi,
    BatchCounts,
    BatchFault,
    BatchState,
    FileUpload,
    KnownFile,
    LineResult,
    NewBatch,
    Phase,
    as_lines,
    number_in,
    object_of,
    required_id,
    seconds_in,
    text_in,
)
from llmring.dialects.dialect import Outgoing
from llmring.dialects.gemini import files
from llmring.exceptions import UnsupportedFeatureError
from llmring.wire import HttpHead

_PAGE = 100
_GENERATES = ":generateContent"
_EMBEDS = ":batchEmbedContents"
# "BATCH_STATE_" at the API, "JOB_STATE_" in Google's SDK. A paused batch goes on later.
_PHASES: Mapping[str, Phase] = {
    "SUCCEEDED": "ended",
    "PARTIALLY_SUCCEEDED": "ended",
    "CANCELLING": "cancelling",
    "CANCELLED": "ended",
    "EXPIRED": "ended",
    "FAILED": "refused",
}
# Codes of `google.rpc.Code`, and the HTTP statuses of live requests that fail so.
# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_STATUSES = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "UNAUTHENTICATED": 401,
}
_NUMBERS = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    16: "UNAUTHENTICATED",
}


def _uploaded(head: HttpHead, body: bytes) -> str:
    sent = object_of(head, body)
    file = sent.get("file")
    return required_id(head, body, file if isinstance(file, dict) else sent, "name")


def _files(mark: str | None) -> Outgoing:
    return Outgoing(f"/v1beta/files?pageSize={_PAGE}{_token(mark)}", method="GET")


def _listed_files(
    head: HttpHead,
    body: bytes,
    mark: str | None,  # noqa: ARG001 -- a page names the next one
) -> tuple[Sequence[KnownFile], str | None]:
    page = object_of(head, body)
    found = [
        KnownFile(id_, name)
        for each in page.get("files") or ()
        if isinstance(each, dict)
        and (id_ := text_in(each, "name"))
        and (name := text_in(each, "displayName"))
    ]
    return found, text_in(page, "nextPageToken")


def _token(mark: str | None) -> str:
    return f"&pageToken={quote(mark, safe='')}" if mark else ""


class _Texts(Struct):
    requests: list[msgspec.Raw]


def _line(id_: str, path: str, body: bytes) -> bytes:
    request = msgspec.Raw(body)
    if path.endswith(_EMBEDS):
        texts = msgspec.json.decode(body, type=_Texts).requests
        if len(texts) != 1:
            raise UnsupportedFeatureError(
                f"batches of Google embed one text for each row, and this one has {len(texts)}; "
                "ask this row live"
            )
        request = texts[0]
    return msgspec.json.encode({"key": id_, "request": request})


def _create(new: NewBatch) -> Outgoing:
    batch = {"displayName": new.tag, "inputConfig": {"fileName": new.file}}
    model = quote(new.model.removeprefix("models/"), safe="")
    call = "asyncBatchEmbedContent" if new.path.endswith(_EMBEDS) else "batchGenerateContent"
    return Outgoing(f"/v1beta/models/{model}:{call}", {"batch": batch})


def _path(name: str) -> str:
    return f"/v1beta/batches/{quote(name.removeprefix('batches/'), safe='')}"


def _look(id_: str) -> Outgoing:
    return Outgoing(_path(id_), method="GET")


def _cancel(id_: str) -> Outgoing:
    return Outgoing(f"{_path(id_)}:cancel")


def _state(head: HttpHead, body: bytes) -> BatchState:
    operation = object_of(head, body)
    return _state_of(operation, required_id(head, body, operation, "name"))


def _state_of(operation: Mapping[str, Any], id_: str) -> BatchState:
    inner = operation.get("metadata")
    # The state of an operation is in its metadata, that of a batch in itself.
    batch: Mapping[str, Any] = inner if isinstance(inner, dict) else operation
    native = text_in(batch, "state") or ""
    phase = _PHASES.get(native.removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_"), "open")
    outputs = _outputs(operation.get("response"), batch.get("output"), operation.get("output"))
    if phase == "refused" and outputs:
        phase = "ended"
    stats, config = batch.get("batchStats"), batch.get("inputConfig")
    counts = stats if isinstance(stats, dict) else {}
    return BatchState(
        id=id_,
        phase=phase,
        native=native,
        counts=BatchCounts(
            number_in(counts, "requestCount"),
            number_in(counts, "successfulRequestCount"),
            number_in(counts, "failedRequestCount"),
        ),
        outputs=outputs,
        faults=_faults(operation.get("error"), batch.get("error")),
        tag=text_in(batch, "displayName"),
        file=text_in(config, "fileName") if isinstance(config, dict) else None,
        created=seconds_in(batch, "createTime"),
        ended=seconds_in(batch, "endTime"),
    )


def _outputs(*places: object) -> tuple[str, ...]:
    for place in places:
        if isinstance(place, dict) and (name := text_in(place, "responsesFile")) is not None:
            return (name,)
    return ()


def _faults(*places: object) -> tuple[BatchFault, ...]:
    for place in places:
        if isinstance(place, dict):
            code = text_in(place, "status") or _NUMBERS.get(number_in(place, "code") or 0, "")
            return (BatchFault(code, text_in(place, "message") or ""),)
    return ()


def _batches(mark: str | None) -> Outgoing:
    return Outgoing(f"/v1beta/batches?pageSize={_PAGE}{_token(mark)}", method="GET")


def _listed_batches(
    head: HttpHead,
    body: bytes,
    mark: str | None,  # noqa: ARG001 -- a page names the next one
) -> tuple[Sequence[BatchState], str | None]:
    page = object_of(head, body)
    items = page.get("operations") or page.get("batches") or ()
    found = [each for each in items if isinstance(each, dict)]
    states = [_state_of(each, id_) for each in found if (id_ := text_in(each, "name"))]
    return states, text_in(page, "nextPageToken")


def _download(name: str) -> Outgoing:
    file = quote(name.removeprefix("files/"), safe="")
    return Outgoing(f"/download/v1beta/files/{file}:download?alt=media", method="GET")


class _RpcStatus(Struct):
    code: int | str | None = None
    message: str | None = None
    status: str | None = None


class _KeyedResult(Struct):
    key: str
    response: msgspec.Raw = msgspec.Raw(b"")
    error: _RpcStatus | None = None
    status: _RpcStatus | None = None


_RESULTS = msgspec.json.Decoder(_KeyedResult)


def _result(line: bytes) -> LineResult | None:
    try:
        found = _RESULTS.decode(line)
    except msgspec.DecodeError:
        return None
    if response := bytes(found.response):
        body = _as_of_live_request(response)
        return LineResult(id=found.key, end="answered", status=200, body=body)
    fault = found.error or found.status or _RpcStatus()
    code = fault.status or _named(fault.code)
    if code == "CANCELLED":
        return LineResult(id=found.key, end="cancelled", message=fault.message, code=code)
    status = _STATUSES.get(code or "", 500)
    error = {"code": status, "message": fault.message, "status": code}
    return LineResult(
        id=found.key,
        end="errored",
        status=status,
        body=msgspec.json.encode({"error": error}),
        message=fault.message,
        code=code,
    )


class _OneVector(Struct):
    embedding: msgspec.Raw


def _as_of_live_request(response: bytes) -> bytes:
    """Return a response as a live request gets it, which has a list of vectors."""
    try:
        vector = msgspec.json.decode(response, type=_OneVector).embedding
    except msgspec.DecodeError:
        return response
    return msgspec.json.encode({"embeddings": [vector]})


def _named(code: int | str | None) -> str | None:
    """Return the name of a code; live requests have an HTTP status there."""
    if isinstance(code, int) and code < 100:
        return _NUMBERS.get(code, "UNKNOWN")
    for name, status in _STATUSES.items():
        if status == code:
            return name
    return code if isinstance(code, str) else None


GEMINI = BatchApi(
    name="gemini",
    # Only bytes are limited; this many keep the results of a batch in one file of a usual size.
    most_requests=200_000,
    # Google takes 2 GB; an input is in memory while it is sent.
    most_bytes=200 * 1_000_000,
    endings=(_GENERATES, _EMBEDS),
    queues=frozenset({"RESOURCE_EXHAUSTED"}),
    # Files, results among them, are deleted after 48 hours.
    # https://ai.google.dev/gemini-api/docs/files
    results_last=2 * DAY_SECONDS,
    results_from="ended",
    # A file that does not exist is one without permission.
    gone=frozenset({403, 404}),
    line=_line,
    input_of=as_lines,
    files=FileUpload(
        media_type="application/jsonl",
        upload=files.upload,
        uploaded=_uploaded,
        listing=_files,
        listed=_listed_files,
        delete=files.delete,
    ),
    create=_create,
    look=_look,
    state=_state,
    listing=_batches,
    listed=_listed_batches,
    cancel=_cancel,
    download=_download,
    result=_result,
)
