"""Recorded exchanges: their form, the files that hold them, and how to find them again.

A file holds one exchange, as JSON that a person can read and edit. Its name has the hash of the
request, and a number that separates repetitions of the same request.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from msgspec import Struct

from llmring.exceptions import ConfigurationError
from llmring.redaction import MASK, SECRET_NAME, redact, secrets_in
from llmring.replay.recorded_call import RecordedCall
from llmring.wire import HttpHead, HttpRequest

# Only these headers are kept: they affect how an answer is read, or how long to wait.
_KEPT_HEADERS = re.compile(
    "content-type|date|retry-after(-ms)?|(x-|apim-)?request-id|(x|anthropic)-ratelimit-.+"
)

# Longer texts in a request are shortened: they are attachments, and people read recordings.
_LONGEST_TEXT = 2000
_BEGINNING = 100

End = Literal["complete", "cut", "left"]


class Bytes(Struct, frozen=True):
    """Bytes that are not UTF-8."""

    base64: str


Piece = str | Bytes


class RecordedRequest(Struct, frozen=True):
    """A recorded request.

    Attributes:
        method: The HTTP method.
        path: The address without the provider's base URL.
        body: The JSON, or a description of other bytes; keys are masked.
    """

    method: str
    path: str
    body: Any = None


class RecordedResponse(Struct, frozen=True):
    """A recorded answer.

    Attributes:
        status: The HTTP status.
        headers: Some of its headers.
        pieces: The body, in the pieces in which it came.
        end: How it ended: "complete", "cut" if the connection broke, "left" if the reader stopped
            early.
    """

    status: int
    headers: Mapping[str, str]
    pieces: tuple[Piece, ...]
    end: End = "complete"

    def chunks(self) -> Iterator[bytes]:
        """Yield the pieces as they came."""
        for piece in self.pieces:
            if isinstance(piece, str):
                yield piece.encode()
            else:
                yield base64.b64decode(piece.base64, validate=True)


class Recording(Struct, frozen=True, omit_defaults=True):
    """A recorded exchange.

    Attributes:
        model: The model's reference; None for requests to no model, such as uploads.
        request: The request.
        response: The answer.
        ms: Milliseconds from sending to the end of the answer, if recorded.
        call: The call of an alias that it was part of, if recorded.
    """

    model: str | None
    request: RecordedRequest
    response: RecordedResponse
    ms: float | None = None
    call: RecordedCall | None = None


class Query(Struct, frozen=True):
    """A search for recordings.

    Attributes:
        model: The model's reference; None for requests to no model.
        request: The request, in its recorded form.
        digest: The hash of the request.
        secrets: Texts that may appear in no file.
        call: The call that the request is part of, to be recorded with it.
    """

    model: str | None
    request: RecordedRequest
    digest: str
    secrets: tuple[str, ...] = ()
    call: RecordedCall | None = None

    def file(self, nth: int) -> str:
        """Return the file name for the nth repetition of the request, from 1."""
        return f"{self.family}_{self.digest}_{nth}.json"

    @property
    def family(self) -> str:
        """The beginning of the names of this model's files."""
        return re.sub(r"[^A-Za-z0-9.-]+", "_", self.model or self.request.path).strip("_.")


def query_of(
    request: HttpRequest, model: str | None, base_url: str = "", secrets: Iterable[str] = ()
) -> Query:
    """Build the search for a request's recordings.

    Args:
        request: The request.
        model: The model's reference, if it goes to one.
        base_url: The address that the path is relative to; it may differ between runs.
        secrets: Known keys; those in the request's headers are added.
    """
    path = _path(request.url, base_url)
    parsed = _parsed(request.body)
    canonical = request.body if parsed is None else _sorted(_masked(parsed))
    what = [request.method, path, model or "", hashlib.sha256(canonical).hexdigest()]
    known = (*secrets, *_keys_in(request.headers))
    return Query(
        model,
        RecordedRequest(request.method, path, _kept_body(request, parsed, known)),
        hashlib.sha256("\0".join(what).encode()).hexdigest()[:12],
        known,
    )


def recorded_response(
    head: HttpHead, pieces: Iterable[bytes], end: End, secrets: Iterable[str]
) -> RecordedResponse:
    """Build the record of an answer."""
    secrets = tuple(secrets)
    pieces = list(pieces)
    headers = {
        name: redact(value, secrets)
        for name, value in head.headers.items()
        if _KEPT_HEADERS.fullmatch(name)
    }
    # A key may lie across two pieces.
    whole = b"".join(pieces).decode("utf-8", "surrogateescape")
    masked = redact(whole, secrets)
    if masked != whole:
        pieces = masked.encode("utf-8", "surrogateescape").splitlines(keepends=True)
    return RecordedResponse(head.status, headers, tuple(map(_piece, pieces)), end)


def read(path: Path) -> Recording:
    """Read a recording.

    Raises:
        ConfigurationError: The file does not hold a recording.
        OSError: The file can't be read.
    """
    try:
        recording = msgspec.json.decode(path.read_bytes(), type=Recording)
        list(recording.response.chunks())
    except (msgspec.DecodeError, binascii.Error) as error:
        fault = f"{path} is not a recording: {error}; remove it, and record it again"
    else:
        return recording
    raise ConfigurationError(fault)


def write(path: Path, recording: Recording) -> bool:
    """Write a recording as a new file; return False if the file exists already.

    Of several processes that write the same file at once, exactly one succeeds, and readers see
    either no file or a whole one.

    Raises:
        OSError: It can't be written.
    """
    data = msgspec.json.format(msgspec.json.encode(recording), indent=2) + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own for each writer, which is removed in any case.
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        with fresh.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return _put(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _put(fresh: Path, path: Path) -> bool:
    """Give a file its name; return False if there is a file of that name."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        return False
    except OSError:
        # A file system without links: reserve the name first, which may show an empty file.
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            return False
        fresh.replace(path)
    return True


def differences(one: object, other: object, place: str = "") -> Iterator[str]:
    """Yield the places where two JSON values differ, such as messages[0].content."""
    match one, other:
        case dict(), dict():
            for key in {**one, **other}:
                below = f"{place}.{key}" if place else str(key)
                yield from differences(one.get(key), other.get(key), below)
        case list(), list() if len(one) == len(other):
            for index, pair in enumerate(zip(one, other, strict=True)):
                yield from differences(*pair, f"{place}[{index}]")
        case _ if one != other:
            yield place or "the body"


def nearest(folder: Path, query: Query) -> tuple[Path, list[str]] | None:
    """Return the recording most similar to a request, and where it differs."""
    found: tuple[Path, list[str]] | None = None
    for path in sorted(folder.glob(f"{query.family}_*.json")):
        kept = read(path)
        request = kept.request
        place = kept.model, request.method, request.path
        if place == (query.model, query.request.method, query.request.path):
            places = [*differences(request.body, query.request.body)]
            if found is None or len(places) < len(found[1]):
                found = (path, places)
    return found


def _path(url: str, base_url: str) -> str:
    """Return the address without its base and with keys masked."""
    parts = urlsplit(url.removeprefix(base_url) if base_url else url)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    kept = [(name, MASK if SECRET_NAME.search(name) else value) for name, value in pairs]
    return redact(f"{parts.path}?{urlencode(kept)}" if kept else parts.path)


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _sorted(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _masked(value: Any, secrets: tuple[str, ...] = (), longest: int | None = None) -> Any:
    """Mask all keys in a value's texts, and shorten texts longer than a limit."""
    match value:
        case str():
            text = redact(value, secrets)
            return _shortened(text) if longest and len(text) > longest else text
        case dict():
            return {key: _masked(each, secrets, longest) for key, each in value.items()}
        case list():
            return [_masked(each, secrets, longest) for each in value]
        case _:
            return value


def _shortened(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{text[:_BEGINNING]}… ({len(text)} characters, SHA-256 {digest}…)"


def _kept_body(request: HttpRequest, parsed: Any, secrets: tuple[str, ...]) -> Any:
    if not request.body:
        return None
    if parsed is not None:
        return _masked(parsed, secrets, _LONGEST_TEXT)
    digest = hashlib.sha256(request.body).hexdigest()[:12]
    return f"({len(request.body)} bytes, SHA-256 {digest}…)"


def _keys_in(headers: Mapping[str, str]) -> Iterator[str]:
    for value in secrets_in(headers):
        yield value
        yield value.rpartition(" ")[2]


def _piece(data: bytes) -> Piece:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return Bytes(base64.b64encode(data).decode())
