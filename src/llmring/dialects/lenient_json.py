"""Decoding of JSON from servers whose JSON is not always valid; one layer for all dialects.

Valid JSON of the expected types is decoded in one strict pass. Only what that pass refuses is
read a second time: its text is repaired here, its values in `lenient_values`. The second pass is
linear in the size of the data.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

from llmring.chat.json_text import without_halves
from llmring.dialects.lenient_values import fitted

T = TypeVar("T")

# A second pass over more would hold up all other calls of the event loop for over 50 ms.
MOST_BYTES = 2 * 2**20

ANY: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def decode_leniently(data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Decode JSON; of damaged JSON, everything that is not ambiguous.

    Half a UTF-16 pair and a byte that is not UTF-8 become U+FFFD; a BOM is dropped; NaN and
    Infinity become null; control characters in strings are kept; for the values see `fitted`.

    Raises:
        ValueError: The data cannot be decoded. The error holds nothing of the data.
    """
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError) as error:
        # It names the place in the data as it was sent.
        why = str(error)
    try:
        return decoder.decode(msgspec.json.encode(fitted(_value(bytes(data)), decoder.type)))
    except msgspec.ValidationError as error:
        why = str(error)
    except (ValueError, RecursionError):
        pass
    # Outside the except clause, because errors of other parsers hold the whole data.
    raise msgspec.DecodeError(why)


def json_text(raw: msgspec.Raw) -> str:
    """Return a JSON value that was left undecoded as compact text that any parser accepts."""
    if not raw:
        return ""
    try:
        return without_halves(msgspec.json.format(raw, indent=-1).decode())
    except (ValueError, RecursionError):
        return msgspec.json.encode(_value(bytes(raw))).decode()


def is_complete(data: bytes) -> bool:
    """Check if the data is a whole JSON value, as far as it can be read at all."""
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (ValueError, RecursionError):
        try:
            _value(data)
        except (ValueError, RecursionError):
            return False
    return True


def _value(data: bytes) -> Any:
    if len(data) > MOST_BYTES:
        raise ValueError(f"damaged JSON of {len(data)} bytes; at most {MOST_BYTES} are repaired")
    text = without_halves(data.decode("utf-8-sig", "replace"))
    return json.loads(text, strict=False, parse_constant=_null)


def _null(_: str) -> None:
    """Return the value of NaN and Infinity, which JSON has no number for."""
