"""Interface of a vendor's batch API, as a record of pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal

import msgspec
from msgspec import Struct

from llmring.dialects.dialect import FileContent, Outgoing
from llmring.dialects.error_response import unreadable
from llmring.wire import HttpHead

# "open" batches are waiting or at work; "refused" ones have answered nothing and charge nothing.
Phase = Literal["open", "cancelling", "ended", "refused"]

DAY_SECONDS = 86400.0

NOT_STREAMED: Mapping[str, str] = MappingProxyType({"stream": "batches are not streamed"})


class BatchFault(Struct, frozen=True):
    """An error that a vendor reports for a batch.

    Attributes:
        code: The vendor's code; empty without one.
        message: Its message.
        line: The line of the input file that it is about, from 1.
    """

    code: str = ""
    message: str = ""
    line: int | None = None


class BatchCounts(Struct, frozen=True):
    """The requests of a batch by their state; None for a number that the vendor does not give."""

    total: int | None = None
    succeeded: int | None = None
    failed: int | None = None


class BatchState(Struct, frozen=True, kw_only=True):
    """A batch, as its vendor reports it.

    Attributes:
        id: Its ID.
        phase: Its state, in common terms.
        native: Its state in the vendor's own terms.
        counts: Its requests.
        outputs: The names by which its results are fetched.
        faults: The reasons why it failed.
        tag: Its tag; see `NewBatch`.
        file: The ID of the file with its requests.
        created: Creation time in seconds since 1970.
        ended: Seconds since 1970 at which it ended.
    """

    id: str
    phase: Phase
    native: str
    counts: BatchCounts = BatchCounts()
    outputs: tuple[str, ...] = ()
    faults: tuple[BatchFault, ...] = ()
    tag: str | None = None
    file: str | None = None
    created: float | None = None
    ended: float | None = None


class NewBatch(Struct, frozen=True, kw_only=True):
    """A batch to be created.

    Attributes:
        tag: Its name among all batches of the account.
        model: The model of its requests.
        path: The path of its requests below the base URL.
        file: The ID of the uploaded file with its requests; None if `body` has them.
        body: The requests themselves, for a vendor that takes them so.
        headers: Headers that its requests need.
    """

    tag: str
    model: str
    path: str
    file: str | None = None
    body: bytes = b""
    headers: Mapping[str, str] = {}


class KnownFile(Struct, frozen=True):
    """A file in the vendor's store, as the vendor lists it."""

    id: str
    name: str


class LineResult(Struct, frozen=True, kw_only=True):
    """The result of one request of a batch.

    Attributes:
        id: The request's ID.
        end: How the request ended; "errored" if there is a reply with an error status.
        status: The HTTP status of the reply; None without one.
        body: The body of the reply, as of a live request.
        message: The vendor's reason, in place of a reply.
        code: The vendor's code for that reason.
    """

    id: str
    end: Literal["answered", "errored", "expired", "cancelled"]
    status: int | None = None
    body: bytes = b""
    message: str | None = None
    code: str | None = None


class FileUpload(Struct, frozen=True, kw_only=True):
    """The store for the input files of batches.

    Attributes:
        media_type: The type under which a file is uploaded.
        upload: Builds the request that uploads a file.
        uploaded: Decodes the reply to the file's ID.
        listing: Builds the request for a page of the stored files, from its mark (None for the
            first).
        listed: Decodes a page, of which the mark is given too, and the mark of the next one.
        delete: Builds the request that deletes a file, from its ID.
    """

    media_type: str
    upload: Callable[[FileContent], Outgoing]
    uploaded: Callable[[HttpHead, bytes], str]
    listing: Callable[[str | None], Outgoing]
    listed: Callable[[HttpHead, bytes, str | None], tuple[Sequence[KnownFile], str | None]]
    delete: Callable[[str], Outgoing]


class BatchApi(Struct, frozen=True, kw_only=True):
    """The batch API of a vendor.

    Attributes:
        name: Its name in provider rows.
        most_requests: The most requests of a batch.
        most_bytes: The most bytes of its input.
        most_texts: The most texts to embed in a batch; None for no limit.
        endings: The ends of the paths that its requests may have.
        refused: Fields of a request that batches refuse, with the reason.
        tags: True if a batch carries a tag, by which it is found again.
        queues: Codes of errors that mean "too much at a time": the same batch may be sent later.
        results_last: Seconds for which results are kept.
        results_from: The moment from which these seconds count.
        gone: The statuses with which results that the vendor has deleted are refused.
        line: Builds the line of a request, from its ID, its path, and its body; raises
            UnsupportedFeatureError if no batch takes it.
        input_of: Makes the input of a batch out of its lines, each with a newline at its end.
        files: The store of input files; None if the input is sent with the batch.
        create: Builds the request that creates a batch.
        look: Builds the request for the state of a batch, from its ID.
        state: Decodes the reply to either.
        newest_first: True if the vendor lists its newest batches first.
        listing: Builds the request for a page of the batches, from its mark (None for the first).
        listed: Decodes a page, of which the mark is given too, and the mark of the next one.
        cancel: Builds the request that cancels a batch, from its ID.
        download: Builds the request for results, from one of `BatchState.outputs`.
        result: Decodes a line of the results; None if it names no request.
    """

    name: str
    most_requests: int
    most_bytes: int
    most_texts: int | None = None
    endings: tuple[str, ...]
    refused: Mapping[str, str] = NOT_STREAMED
    tags: bool = True
    queues: frozenset[str] = frozenset()
    results_last: float | None = None
    results_from: Literal["created", "ended"] = "created"
    gone: frozenset[int] = frozenset({404, 410})
    newest_first: bool = False
    line: Callable[[str, str, bytes], bytes]
    input_of: Callable[[bytes], bytes]
    files: FileUpload | None = None
    create: Callable[[NewBatch], Outgoing]
    look: Callable[[str], Outgoing]
    state: Callable[[HttpHead, bytes], BatchState]
    listing: Callable[[str | None], Outgoing]
    listed: Callable[[HttpHead, bytes, str | None], tuple[Sequence[BatchState], str | None]]
    cancel: Callable[[str], Outgoing]
    download: Callable[[str], Outgoing]
    result: Callable[[bytes], LineResult | None]


def as_lines(lines: bytes) -> bytes:
    """Return the lines, which are a JSONL file."""
    return lines


def object_of(head: HttpHead, body: bytes) -> dict[str, Any]:
    """Decode a reply that is a JSON object.

    Raises:
        UnreadableResponseError: It is not.
    """
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise unreadable(head, body, str(error)) from error


def text_in(value: Mapping[str, Any], *names: str) -> str | None:
    """Return the first of these fields that is a text with characters, or None."""
    texts = (value.get(name) for name in names)
    return next((text for text in texts if isinstance(text, str) and text), None)


def number_in(value: Mapping[str, Any], *names: str) -> int | None:
    """Return the first of these fields that is a whole number, also as text, or None."""
    for name in names:
        found = value.get(name)
        if isinstance(found, int) and not isinstance(found, bool):
            return found
        if isinstance(found, str) and found.isascii() and found.isdecimal():
            return int(found)
    return None


def seconds_in(value: Mapping[str, Any], *names: str) -> float | None:
    """Return the first of these fields that is a time, in seconds since 1970, or None."""
    for name in names:
        found = value.get(name)
        if isinstance(found, int | float) and not isinstance(found, bool) and found > 0:
            return float(found)
        if isinstance(found, str) and found:
            try:
                moment = msgspec.convert(found, datetime, strict=False)
            except msgspec.ValidationError:
                continue
            return moment.timestamp() if moment.tzinfo is not None else None
    return None


def required_id(head: HttpHead, body: bytes, value: Mapping[str, Any], *names: str) -> str:
    """Return the ID in a reply.

    Raises:
        UnreadableResponseError: It has none.
    """
    found = text_in(value, *names)
    if found is None:
        raise unreadable(head, body, f"it has no {names[0]}")
    return found
