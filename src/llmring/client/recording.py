"""Recorded exchanges: what is kept of one, the file that holds it, and how it is found again.

A file holds one exchange, as JSON that a person can read and edit. Its name has the hash of what
was asked, and a number that tells repetitions of the same request apart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from msgspec import Struct

from llmring.client.recorded_call import Call
from llmring.exceptions import ConfigurationError
from llmring.redaction import MASK, redact
from llmring.wire import HttpHead, HttpRequest

# Of all headers only these are kept: they say how to read an answer, or how long to wait.
_KEPT_HEADERS = re.compile(
    "content-type|date|retry-after(-ms)?|(x-|apim-)?request-id|(x|anthropic)-ratelimit-.+"
)
_SECRET_NAME = re.compile("auth|cookie|key|secret|signature|token", re.IGNORECASE)

# Longer texts in a request are attachments; it is kept for people to read.
_LONGEST_TEXT = 2000
_BEGINNING = 100

End = Literal["complete", "cut", "left"]


class Bytes(Struct, frozen=True):
    """What is no text."""

    base64: str


Piece = str | Bytes


class Asked(Struct, frozen=True):
    """A request as it is kept.

    Attributes:
        method: The HTTP method.
        path: Its address without the provider's base URL.
        body: JSON as it is, or a text, or what is said of other bytes; keys masked.
    """

    method: str
    path: str
    body: Any = None


class Answered(Struct, frozen=True):
    """An answer as it is kept.

    Attributes:
        status: The HTTP status.
        headers: Some of its headers.
        pieces: The body, in the pieces in which it came.
        end: Whether it came to its end; "cut" where the connection broke, "left" where its
            reader wanted no more.
    """

    status: int
    headers: Mapping[str, str]
    pieces: tuple[Piece, ...]
    end: End = "complete"

    def chunks(self) -> Iterator[bytes]:
        """The pieces as they came."""
        for piece in self.pieces:
            if isinstance(piece, str):
                yield piece.encode()
            else:
                yield base64.b64decode(piece.base64, validate=True)


class Recording(Struct, frozen=True, omit_defaults=True):
    """An exchange as it is kept.

    Attributes:
        model: The model's reference; None where no model was asked, as with uploads.
        request: What was asked.
        response: What was answered.
        ms: Milliseconds from sending to the end of the answer, if that was kept.
        call: The call of an alias that it was a part of, if that was kept.
    """

    model: str | None
    request: Asked
    response: Answered
    ms: float | None = None
    call: Call | None = None


class Query(Struct, frozen=True):
    """What recordings are looked for.

    Attributes:
        model: The model's reference; None where no model is asked.
        request: The request, as it is kept.
        digest: The hash of what it asks.
        secrets: What may stand in no file.
        call: The call that the request is a part of, to be kept beside it.
    """

    model: str | None
    request: Asked
    digest: str
    secrets: tuple[str, ...] = ()
    call: Call | None = None

    def file(self, nth: int) -> str:
        """The name of the file for the nth time that this is asked, from 1."""
        return f"{self.family}_{self.digest}_{nth}.json"

    @property
    def family(self) -> str:
        """How the names of all files begin that are of this model."""
        return re.sub(r"[^A-Za-z0-9.-]+", "_", self.model or self.request.path).strip("_.")


def query_of(
    request: HttpRequest, model: str | None, base_url: str = "", secrets: Iterable[str] = ()
) -> Query:
    """What to look for.

    Args:
        request: The request.
        model: The model's reference, if one is asked.
        base_url: The address that the path is relative to; it may be another one each time.
        secrets: Keys that are known; those that the request's headers hold are found.
    """
    path = _path(request.url, base_url)
    parsed = _parsed(request.body)
    canonical = request.body if parsed is None else _sorted(_masked(parsed))
    what = [request.method, path, model or "", hashlib.sha256(canonical).hexdigest()]
    known = (*secrets, *_keys_in(request.headers))
    return Query(
        model,
        Asked(request.method, path, _kept_body(request, parsed, known)),
        hashlib.sha256("\0".join(what).encode()).hexdigest()[:12],
        known,
    )


def answered(head: HttpHead, pieces: Iterable[bytes], end: End, secrets: Iterable[str]) -> Answered:
    """What is kept of an answer."""
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
    return Answered(head.status, headers, tuple(map(_piece, pieces)), end)


def read(path: Path) -> Recording:
    """A recording.

    Raises:
        ConfigurationError: The file holds none.
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


def write(path: Path, recording: Recording) -> None:
    """Write a recording in one step.

    Raises:
        OSError: It can't be written.
    """
    from llmring.lockfile import atomic

    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.replace(path, msgspec.json.format(msgspec.json.encode(recording), indent=2) + b"\n")


def differences(one: object, other: object, place: str = "") -> Iterator[str]:
    """The places in which two values of JSON differ, such as messages[0].content."""
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
    """The recording that differs least from what is asked, and where it differs."""
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
    """The address without its base, in which no key stands."""
    parts = urlsplit(url.removeprefix(base_url) if base_url else url)
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    kept = [(name, MASK if _SECRET_NAME.search(name) else value) for name, value in pairs]
    return redact(f"{parts.path}?{urlencode(kept)}" if kept else parts.path)


def _parsed(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _sorted(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _masked(value: Any, secrets: tuple[str, ...] = (), longest: int | None = None) -> Any:
    """The value with all keys in its texts masked, and texts beyond a length cut."""
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
    for name, value in headers.items():
        if _SECRET_NAME.search(name):
            yield value
            yield value.rpartition(" ")[2]


def _piece(data: bytes) -> Piece:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return Bytes(base64.b64encode(data).decode())
