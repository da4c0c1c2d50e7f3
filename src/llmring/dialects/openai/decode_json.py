"""Decoding of JSON from OpenAI-compatible servers, which may be an error with a success status."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from llmring.dialects.error_response import unreadable
from llmring.dialects.lenient_json import MOST_BYTES, decode_leniently
from llmring.dialects.openai.errors import error_within
from llmring.wire import HttpHead

T = TypeVar("T")


def read(head: HttpHead, data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a reply, an event or a part of one.

    Raises:
        ProviderError: The data is an error, or cannot be decoded.
    """
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError) as error:
        why = str(error)
    if len(bytes(data)) > MOST_BYTES:
        # Nothing reads it a second time; an error of a vendor is small.
        raise unreadable(head, bytes(data), why)
    return _read_damaged(head, data, decoder)


def _read_damaged(head: HttpHead, data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    try:
        return decode_leniently(data, decoder)
    except ValueError as error:
        raw, why = bytes(data), str(error)
    raise error_within(head, raw) or unreadable(head, raw, why)
