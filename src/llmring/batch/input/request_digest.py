"""The digest of a request: 128 bits that are the same for equal requests on every machine.

It is of the request as canonical JSON: keys in order, without spaces, and with the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from os import PathLike
from typing import Any

import msgspec

from llmring.chat.json_text import whole_pairs
from llmring.chat.request import LLMRequest
from llmring.chat.request_json import to_json

_encode = msgspec.json.Encoder(order="sorted", enc_hook=str).encode
_encode_text = msgspec.json.Encoder().encode
_BYTES = 16


def digest_of(plain: Any) -> str:
    """Return the digest of plain values, in hexadecimal digits."""
    return blake2b(canonical(plain), digest_size=_BYTES).hexdigest()


def canonical(plain: Any) -> bytes:
    """Return plain values as canonical JSON."""
    try:
        return _encode(plain)
    except UnicodeEncodeError:
        return _encode(_whole(plain))


def request_digest(request: LLMRequest, more: Mapping[str, Any] | None = None) -> str:
    """Return the digest of a chat's request.

    Args:
        request: The request.
        more: What the request means apart from its own fields, such as the content of its files.
    """
    return digest_of({**to_json(request), "model": request.model, **(more or {})})


class TextDigests:
    """The digests of requests that differ only in their texts, as `request_digest` makes them.

    Args:
        request: A request with the options of all of them; its messages don't matter.
        roles: The roles of the messages, one text each.
    """

    def __init__(self, request: LLMRequest, roles: Sequence[str]) -> None:
        mark = "\x00messages\x00"
        plain = {**to_json(request), "model": request.model, "messages": mark}
        # The mark alone is encoded as this, as no value begins with a NUL.
        head, _, self._tail = canonical(plain).partition(_encode_text(mark))
        self._start = blake2b(head, digest_size=_BYTES)
        self._ends = [b',"role":' + _encode_text(role) + b"}" for role in roles]

    def digest(self, texts: Sequence[str]) -> str:
        """Return the digest of the request with these texts, one for each role."""
        pieces = [
            b'{"content":' + _text(text) + end for text, end in zip(texts, self._ends, strict=True)
        ]
        state = self._start.copy()
        state.update(b"[" + b",".join(pieces) + b"]" + self._tail)
        return state.hexdigest()


def _text(text: str) -> bytes:
    try:
        return _encode_text(text)
    except UnicodeEncodeError:
        return _encode_text(whole_pairs(text))


def _whole(plain: Any) -> Any:
    """Replace surrogates, which UTF-8 can't hold, in all texts."""
    match plain:
        case str():
            return whole_pairs(plain)
        case Mapping():
            return {_whole(name): _whole(value) for name, value in plain.items()}
        case list() | tuple():
            return [_whole(value) for value in plain]
        case PathLike():
            return str(plain)
    return plain
