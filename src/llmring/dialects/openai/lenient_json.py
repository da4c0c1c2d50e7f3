"""Decoding of JSON from OpenAI-compatible servers, some of which is invalid."""

from __future__ import annotations

import re
from typing import TypeVar

import msgspec

from llmring.dialects.error_response import unreadable
from llmring.dialects.openai.errors import error_within
from llmring.wire import HttpHead

T = TypeVar("T")

# Half of a pair of UTF-16 escapes, from servers that cut text in the middle of a pair.
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}"
)


def read(head: HttpHead, data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode a reply, an event or a part of one.

    Raises:
        ProviderError: The data is an error, or cannot be decoded.
    """
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError):
        pass
    raw = bytes(data)
    text = raw.decode("utf-8-sig", "replace").encode()
    try:
        return decoder.decode(_LONE_SURROGATE.sub(rb"\\ufffd", text))
    except msgspec.ValidationError as error:
        raise error_within(head, raw) or unreadable(head, raw, str(error)) from None
    except (ValueError, RecursionError) as error:
        raise unreadable(head, raw, str(error)) from None
