"""Signatures of one API, carried through a client of another: sealed, and opened again.

A client returns the opaque values of its API unchanged, so what the vendor expects back (a
signature, encrypted reasoning, the work of its own tools) travels in one:
`lr1.<dialect>.<endpoint mark>.<payload>`. The payload is authenticated with the gateway's secret
and the tenant, so a value that was changed, made up or taken from another tenant is not opened.

A slot takes any text, or base64 alone: Google's `thoughtSignature` is a bytes field, which its
libraries decode and encode again, some of them in the other alphabet.
https://ai.google.dev/api/caching#Part
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

Slot = Literal["text", "base64"]

_VERSION = b"lr1"
_BEGINNINGS = ("lr1.", "bHIxL")  # as text, and in base64
_TAG_BYTES = 16
_MARK_BYTES = 9


class SealKey(Struct, frozen=True):
    """The key of a tenant's seals.

    Attributes:
        secret: The gateway's secret.
        tenant: The tenant whose conversations they belong to.
    """

    secret: bytes
    tenant: str = ""


class SealedThought(Struct, frozen=True, tag="r"):
    """The part of a thought that its text does not show.

    Attributes:
        signature: The vendor's signature, if it has one.
        id: The vendor's ID of the thought.
        field: The field of the reply that it came in, where servers of one API differ.
    """

    signature: str | None = None
    id: str | None = None
    field: str | None = None


class SealedItem(Struct, frozen=True, tag="i"):
    """An item that the API expects back unchanged."""

    content: Mapping[str, Any]


class SealedCall(Struct, frozen=True, tag="c"):
    """The part of a tool call that the client's API has no place for.

    Attributes:
        at: The number of calls before it in the reply.
        id: Its ID, if the vendor gave it one.
        name: The name of the function.
        signature: The vendor's signature.
        extra: Further fields that the server expects back.
    """

    at: int
    id: str | None = None
    name: str | None = None
    signature: str | None = None
    extra: Mapping[str, Any] | None = None


SealedContent = SealedThought | SealedItem | SealedCall

_CONTENT = msgspec.json.Decoder(SealedContent)


class OpenedSeal(Struct, frozen=True):
    """A sealed value, opened.

    Attributes:
        dialect: The API that the content is of.
        mark: The mark of the endpoint that sent it; see `endpoint_mark`.
        content: The content.
    """

    dialect: str
    mark: str
    content: SealedContent


def endpoint_mark(secret: bytes, provider: str, base_url: str) -> str:
    """Return the mark of an endpoint, which reveals nothing of its address.

    Args:
        secret: The gateway's secret.
        provider: The provider's name.
        base_url: Its address.
    """
    place = _framed(provider.encode(), base_url.rstrip("/").encode())
    return _base64url(_keyed_hash(secret, b"endpoint", place)[:_MARK_BYTES]).decode()


def seal(key: SealKey, opened: OpenedSeal, slot: Slot = "text") -> str:
    """Seal a content for a slot of the client's API."""
    head = b".".join((_VERSION, opened.dialect.encode(), opened.mark.encode()))
    data = msgspec.json.encode(opened.content)
    body = _tag(key, head, data) + data
    if slot == "base64":
        return base64.b64encode(head + b"." + body).decode()
    return (head + b"." + _base64url(body)).decode()


def is_sealed(text: str | None) -> bool:
    """Return True if a value has the form of a sealed one, which no vendor's own has."""
    return text is not None and text.startswith(_BEGINNINGS)


def open_seal(key: SealKey, text: str) -> OpenedSeal | None:
    """Open a sealed value; None if it was not sealed with this key, or was changed since."""
    if not is_sealed(text):
        return None
    try:
        if text.startswith(_BEGINNINGS[0]):
            *head, payload = text.encode().split(b".", 3)
            body = _decoded(payload)
        else:
            *head, body = _decoded(text.encode()).split(b".", 3)
        version, dialect, mark = head
        tag, data = body[:_TAG_BYTES], body[_TAG_BYTES:]
        if version != _VERSION or not hmac.compare_digest(tag, _tag(key, b".".join(head), data)):
            return None
        return OpenedSeal(dialect.decode(), mark.decode(), _CONTENT.decode(data))
    except ValueError:
        return None


def _tag(key: SealKey, head: bytes, data: bytes) -> bytes:
    message = _framed(key.tenant.encode(), head) + data
    return _keyed_hash(key.secret, b"seal", message)[:_TAG_BYTES]


def _keyed_hash(secret: bytes, purpose: bytes, message: bytes) -> bytes:
    return hmac.digest(secret, b"llmring " + purpose + b"\0" + message, hashlib.sha256)


def _framed(*pieces: bytes) -> bytes:
    """Join pieces so that no other pieces give the same bytes."""
    return b"".join(len(piece).to_bytes(8) + piece for piece in pieces)


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _decoded(text: bytes) -> bytes:
    """Decode base64 in either alphabet, with padding or without.

    Raises:
        ValueError: It is not base64, or not the only way to write these bytes.
    """
    plain = text.translate(_TO_STANDARD).rstrip(b"=")
    data = binascii.a2b_base64(plain + b"=" * (-len(plain) % 4), strict_mode=True)
    if base64.b64encode(data).rstrip(b"=") != plain:
        raise ValueError("not the canonical form")
    return data


_TO_STANDARD = bytes.maketrans(b"-_", b"+/")
