"""OpenAI's batch API, and those of vendors with its shape.

https://developers.openai.com/api/docs/guides/batch
https://console.groq.com/docs/batch
https://docs.together.ai/docs/inference/batch/overview
https://docs.mistral.ai/studio-api/batch-processing
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from llmring.dialects.batches.batch_api import (
    DAY_SECONDS,
    NOT_STREAMED,
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
from llmring.dialects.dialect import FileContent, Outgoing
from llmring.dialects.error_response import unreadable
from llmring.dialects.multipart import form
from llmring.wire import HttpHead

# The states of all these vendors, in lower case. A batch in an unknown state is still open.
_PHASES: Mapping[str, Phase] = {
    "cancelling": "cancelling",
    "cancellation_requested": "cancelling",
    "completed": "ended",
    "success": "ended",
    "expired": "ended",
    "timeout_exceeded": "ended",
    "cancelled": "ended",
    "failed": "refused",
}
# The key of the tag in a batch's metadata.
_TAG = "llmring"
_CHAT = "/chat/completions"
_PAGE = 100
# The longest time for which OpenAI keeps the results, if it is asked to delete them.
_RESULT_SECONDS = 2592000


class Variant(Struct, frozen=True, kw_only=True):
    """Differences between the batch APIs of this shape.

    Attributes:
        purpose: The purpose of an input file.
        jobs: The path of batches.
        job_shape: True for Mistral's jobs: the model and several files belong to the batch.
        window: The `completion_window`; None for a vendor that has none.
        has_metadata: True if a batch can have metadata.
        expires_results: True if the vendor is asked to delete the results after 30 days.
        pages: How a list is continued: after an ID, by the number of a page, or not at all.
    """

    purpose: str = "batch"
    jobs: str = "/batches"
    job_shape: bool = False
    window: str | None = "24h"
    has_metadata: bool = True
    expires_results: bool = False
    pages: str | None = "after"


def _upload(variant: Variant, file: FileContent) -> Outgoing:
    body, content_type = form({"purpose": variant.purpose}, file)
    return Outgoing("/files", body=body, content_type=content_type)


def _uploaded(head: HttpHead, body: bytes) -> str:
    return required_id(head, body, object_of(head, body), "id")


def _list_of(head: HttpHead, body: bytes) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the items of a page, and the page; Together sends the items alone."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise unreadable(head, body, str(error)) from error
    page = found if isinstance(found, dict) else {"data": found}
    items = page.get("data") or []
    if not isinstance(items, list):
        raise unreadable(head, body, "its data is not a list")
    return [each for each in items if isinstance(each, dict)], page


def _next_page(
    variant: Variant, items: Sequence[Mapping[str, Any]], page: Mapping[str, Any], mark: str | None
) -> str | None:
    if variant.pages == "number":
        return str(int(mark or 0) + 1) if len(items) == _PAGE else None
    if variant.pages == "after" and page.get("has_more") is True and items:
        return text_in(page, "last_id") or text_in(items[-1], "id")
    return None


def _page_query(variant: Variant, mark: str | None) -> str:
    if variant.pages == "number":
        return f"page_size={_PAGE}&page={mark or 0}"
    if variant.pages is None:
        return ""
    return f"limit={_PAGE}" + (f"&after={quote(mark, safe='')}" if mark else "")


def _files(variant: Variant, mark: str | None) -> Outgoing:
    query = _page_query(variant, mark)
    purpose = f"purpose={variant.purpose}"
    return Outgoing(f"/files?{purpose}{'&' if query else ''}{query}", method="GET")


def _listed_files(
    variant: Variant, head: HttpHead, body: bytes, mark: str | None
) -> tuple[Sequence[KnownFile], str | None]:
    items, page = _list_of(head, body)
    files = [
        KnownFile(id_, name)
        for each in items
        if (id_ := text_in(each, "id")) and (name := text_in(each, "filename"))
    ]
    return files, _next_page(variant, items, page, mark)


def _delete(id_: str) -> Outgoing:
    return Outgoing(f"/files/{quote(id_, safe='')}", method="DELETE")


def _line(variant: Variant, id_: str, path: str, body: bytes) -> bytes:
    if variant.job_shape:
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        fields.pop("model", None)
        return msgspec.json.encode({"custom_id": id_, "body": fields})
    line = {"custom_id": id_, "method": "POST", "url": f"/v1{path}", "body": msgspec.Raw(body)}
    return msgspec.json.encode(line)


def _create(variant: Variant, new: NewBatch) -> Outgoing:
    payload: dict[str, Any]
    if variant.job_shape:
        payload = {
            "input_files": [new.file],
            "endpoint": f"/v1{new.path}",
            "model": new.model,
            "timeout_hours": 24,
        }
    else:
        payload = {"input_file_id": new.file, "endpoint": f"/v1{new.path}"}
    if variant.window is not None:
        payload["completion_window"] = variant.window
    if variant.has_metadata:
        payload["metadata"] = {_TAG: new.tag}
    if variant.expires_results:
        payload["output_expires_after"] = {"anchor": "created_at", "seconds": _RESULT_SECONDS}
    return Outgoing(variant.jobs, payload)


def _look(variant: Variant, id_: str) -> Outgoing:
    return Outgoing(f"{variant.jobs}/{quote(id_, safe='')}", method="GET")


def _cancel(variant: Variant, id_: str) -> Outgoing:
    return Outgoing(f"{variant.jobs}/{quote(id_, safe='')}/cancel")


def _state(head: HttpHead, body: bytes) -> BatchState:
    sent = object_of(head, body)
    # Together's answer to a new batch may have it in a field.
    inner = sent.get("job")
    batch = inner if isinstance(inner, dict) else sent
    return _state_of(batch, required_id(head, body, batch, "id"))


def _state_of(batch: Mapping[str, Any], id_: str) -> BatchState:
    native = text_in(batch, "status") or ""
    phase = _PHASES.get(native.lower(), "open")
    outputs = tuple(
        name
        for pair in (("output_file_id", "output_file"), ("error_file_id", "error_file"))
        if (name := text_in(batch, *pair)) is not None
    )
    if phase == "refused" and outputs:
        phase = "ended"
    metadata, files = batch.get("metadata"), batch.get("input_files")
    file = text_in(batch, "input_file_id")
    if file is None and isinstance(files, list) and files and isinstance(files[0], str):
        file = files[0]
    return BatchState(
        id=id_,
        phase=phase,
        native=native,
        counts=_counts(batch),
        outputs=outputs,
        faults=tuple(_faults(batch)),
        tag=text_in(metadata, _TAG) if isinstance(metadata, dict) else None,
        file=file,
        created=seconds_in(batch, "created_at"),
        ended=seconds_in(batch, "completed_at", "expired_at", "cancelled_at", "failed_at"),
    )


def _counts(batch: Mapping[str, Any]) -> BatchCounts:
    counts = batch.get("request_counts")
    source = counts if isinstance(counts, dict) else batch
    return BatchCounts(
        number_in(source, "total", "total_requests"),
        number_in(source, "completed", "succeeded_requests"),
        number_in(source, "failed", "failed_requests"),
    )


def _faults(batch: Mapping[str, Any]) -> list[BatchFault]:
    errors = batch.get("errors")
    # OpenAI's are a list in an object, Mistral's a list, Together's a text in `error`.
    listed = errors.get("data") if isinstance(errors, dict) else errors
    faults = [
        BatchFault(
            text_in(each, "code") or "", text_in(each, "message") or "", number_in(each, "line")
        )
        for each in listed or ()
        if isinstance(each, dict)
    ]
    if not faults and (message := text_in(batch, "error")) is not None:
        faults = [BatchFault(message=message)]
    return faults


def _batches(variant: Variant, mark: str | None) -> Outgoing:
    query = _page_query(variant, mark)
    return Outgoing(f"{variant.jobs}{'?' if query else ''}{query}", method="GET")


def _listed_batches(
    variant: Variant, head: HttpHead, body: bytes, mark: str | None
) -> tuple[Sequence[BatchState], str | None]:
    items, page = _list_of(head, body)
    states = [_state_of(each, id_) for each in items if (id_ := text_in(each, "id"))]
    return states, _next_page(variant, items, page, mark)


def _download(id_: str) -> Outgoing:
    return Outgoing(f"/files/{quote(id_, safe='')}/content", method="GET")


class _LineResponse(Struct):
    status_code: int | None = None
    body: msgspec.Raw = msgspec.Raw(b"")


class _LineError(Struct):
    code: str | int | None = None
    message: str | None = None


class _Result(Struct):
    custom_id: str
    response: _LineResponse | None = None
    error: _LineError | str | None = None


_RESULTS = msgspec.json.Decoder(_Result)
# https://developers.openai.com/api/docs/guides/batch#batch-expiration
_EXPIRED = "batch_expired"
_CANCELLED = "batch_cancelled"


def _result(line: bytes) -> LineResult | None:
    try:
        found = _RESULTS.decode(line)
    except msgspec.DecodeError:
        return None
    reply, error = found.response, found.error
    if reply is not None and reply.status_code is not None:
        good = 200 <= reply.status_code < 300
        return LineResult(
            id=found.custom_id,
            end="answered" if good else "errored",
            status=reply.status_code,
            body=bytes(reply.body),
        )
    fault = _LineError(message=error) if isinstance(error, str) else error or _LineError()
    code = None if fault.code is None else str(fault.code)
    match code:
        case "batch_expired":
            return LineResult(id=found.custom_id, end="expired", message=fault.message, code=code)
        case "batch_cancelled":
            return LineResult(id=found.custom_id, end="cancelled", message=fault.message, code=code)
    return LineResult(id=found.custom_id, end="errored", message=fault.message, code=code)


def _api(name: str, variant: Variant, **limits: Any) -> BatchApi:
    return BatchApi(
        name=name,
        tags=variant.has_metadata,
        line=partial(_line, variant),
        input_of=as_lines,
        files=FileUpload(
            media_type="application/jsonl",
            upload=partial(_upload, variant),
            uploaded=_uploaded,
            listing=partial(_files, variant),
            listed=partial(_listed_files, variant),
            delete=_delete,
        ),
        create=partial(_create, variant),
        look=partial(_look, variant),
        state=_state,
        listing=partial(_batches, variant),
        listed=partial(_listed_batches, variant),
        cancel=partial(_cancel, variant),
        download=_download,
        result=_result,
        **limits,
    )


# Errors of a batch whose vendor has too much of this account's at work.
# https://github.com/openai/openai-python/issues/1643
_TOO_MUCH = frozenset({"token_limit_exceeded", "too_many_tasks", "enqueued_token_limit_exceeded"})
_MB = 1_000_000

OPENAI = _api(
    "openai",
    Variant(expires_results=True),
    most_requests=50_000,
    most_bytes=200 * _MB,
    most_texts=50_000,
    endings=(_CHAT, "/responses", "/embeddings"),
    refused={
        **NOT_STREAMED,
        "background": "batches are in the background by themselves",
    },
    queues=_TOO_MUCH,
    results_last=float(_RESULT_SECONDS),
    newest_first=True,
)
# https://console.groq.com/docs/batch
GROQ = _api(
    "groq",
    Variant(),
    most_requests=50_000,
    most_bytes=100 * _MB,
    endings=(_CHAT,),
    queues=_TOO_MUCH,
    results_last=30 * DAY_SECONDS,
)
# https://docs.together.ai/docs/inference/batch/overview
TOGETHER = _api(
    "together",
    Variant(purpose="batch-api", has_metadata=False, pages=None),
    most_requests=50_000,
    most_bytes=100 * _MB,
    endings=(_CHAT,),
    queues=_TOO_MUCH,
)
# Its pages disagree on the most requests, 1,000,000 or 100,000; this is the smaller number.
# https://docs.mistral.ai/studio-api/batch-processing
MISTRAL = _api(
    "mistral",
    Variant(jobs="/batch/jobs", job_shape=True, window=None, pages="number"),
    most_requests=100_000,
    most_bytes=512 * _MB,
    endings=(_CHAT, "/embeddings"),
    queues=_TOO_MUCH,
    results_last=DAY_SECONDS,
    results_from="ended",
)
