"""Data in URLs: their parts, and checks of base64 that decode nothing, as images are large.

https://www.rfc-editor.org/rfc/rfc2397
"""

from __future__ import annotations

import re

_HEAD = re.compile(r"data:(?P<media_type>[^;,]+)(?:;[^;,]+)*;base64,")

# https://www.rfc-editor.org/rfc/rfc4648#section-4
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

_PIECE = 2**18


def media_type_and_data(url: str) -> tuple[str, str] | None:
    """Return the media type and the base64 of a data: URL; None if it is not one."""
    head = _HEAD.match(url)
    return None if head is None else (head["media_type"], url[head.end() :])


def base64_fault(text: str) -> str | None:
    """Return why a text is not base64; None if it is."""
    if not text.isascii():
        return "it holds a character that is not ASCII"
    end = text[-2:]
    padding = len(end) - len(end.rstrip("="))
    # In pieces, whose memory is used again.
    others = [
        text[at : at + _PIECE].encode().translate(None, _ALPHABET)
        for at in range(0, len(text), _PIECE)
    ]
    if b"".join(others) != b"=" * padding:
        return "it holds a character that base64 does not have"
    return "its length is wrong, or its padding with =" if len(text) % 4 else None
