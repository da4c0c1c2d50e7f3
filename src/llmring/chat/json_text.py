"""Extraction of JSON from an answer's text, complete or partial."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

_BLANK = " \t\r\n\ufeff"
# Up to this many characters, a text is parsed again with every piece; a longer one only after it
# has grown by this share of its length, so that the total work stays linear.
_ALWAYS_READ = 4096
_LEAST_GROWTH = 1 / 64


# The escapes of a pair of UTF-16 halves, or of half a pair alone (the group).
_SURROGATES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)


class NotJsonError(ValueError):
    """A text without JSON, or with more than one JSON value."""


def json_of(text: str, opens: str = "{[") -> tuple[bytes, Any]:
    """Extract the JSON from a text; return its bytes and the decoded value.

    A text that is JSON is taken as a whole. Otherwise the JSON may be in a code fence or between
    other words, but there must be exactly one JSON value.

    Args:
        text: The answer.
        opens: The characters that JSON between other words may begin with: "{", "[", or both.

    Raises:
        NotJsonError: The text has no JSON, or more than one JSON value.
    """
    stripped = text.strip(_BLANK)
    if not stripped:
        raise NotJsonError("the text is empty")
    try:
        return _decoded(stripped)
    except NotJsonError:
        start = _start(stripped, opens)
        if start is None:
            raise
    end = _end(stripped, start)
    other = _start(stripped[end:], opens)
    if other is not None:
        try:
            _end(stripped, end + other)
        except NotJsonError:
            pass
        else:
            raise NotJsonError("it contains more than one JSON value")
    return _decoded(stripped[start:end])


def without_halves(text: str) -> str:
    """Return JSON text with U+FFFD for each escape that is half of a UTF-16 pair.

    Models and servers cut text in the middle of a pair; no parser accepts what is left.
    """
    if "\\ud" not in text and "\\uD" not in text:
        # A large text without any is passed over twenty times as fast.
        return text
    pieces: list[str] = []
    done = at = 0
    while (found := _SURROGATES.search(text, at)) is not None:
        if _is_escaped(text, found.start()):
            at = found.start() + 1
            continue
        at = found.end()
        if found[1]:
            pieces += [text[done : found.start()], r"\ufffd"]
            done = at
    return "".join([*pieces, text[done:]]) if pieces else text


def _is_escaped(text: str, at: int) -> bool:
    """Check if the backslash at this place is itself escaped by the one before it."""
    first = at
    while first and text[first - 1] == "\\":
        first -= 1
    return (at - first) % 2 == 1


def is_whole(text: str) -> bool:
    """Check if a text is one complete JSON value."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (ValueError, RecursionError):
        return False
    return True


def json_bytes(value: Any, enc_hook: Callable[[Any], Any] | None = None) -> bytes:
    """Encode a value as JSON, with U+FFFD for each half of a UTF-16 pair in its texts.

    Such halves come from texts that were cut by their length in UTF-16, as JavaScript counts it.

    Args:
        value: The value.
        enc_hook: As for `msgspec.json.encode`.
    """
    try:
        return msgspec.json.encode(value, enc_hook=enc_hook)
    except UnicodeEncodeError:
        plain = value if enc_hook is None else msgspec.to_builtins(value, enc_hook=enc_hook)
        return msgspec.json.encode(_paired(plain))


def whole_pairs(text: str) -> str:
    """Return a text with U+FFFD for each character that is half of a UTF-16 pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def value_of(text: str) -> Any:
    """Decode JSON text, with U+FFFD for each half of a UTF-16 pair.

    Raises:
        ValueError: The text is not JSON.
    """
    try:
        return msgspec.json.decode(text)
    except ValueError:
        return msgspec.json.decode(without_halves(whole_pairs(text)))


def _paired(value: Any) -> Any:
    match value:
        case str():
            return whole_pairs(value)
        case dict():
            return {_paired(key): _paired(each) for key, each in value.items()}
        case list() | tuple():
            return [_paired(each) for each in value]
    return value


def _decoded(text: str) -> tuple[bytes, Any]:
    data = without_halves(text).encode("utf-8", "replace")
    try:
        return data, msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise NotJsonError(str(error)) from None
    except RecursionError:
        raise NotJsonError("it is nested too deeply") from None


def _start(text: str, opens: str) -> int | None:
    found = [at for each in opens if (at := text.find(each)) >= 0]
    return min(found, default=None)


def _end(text: str, start: int) -> int:
    """Return the end position of the JSON that begins at `start`."""
    try:
        return _decoder.raw_decode(text, start)[1]
    except json.JSONDecodeError as error:
        raise NotJsonError(f"{error.msg} at character {error.pos - start}") from None
    except RecursionError:
        raise NotJsonError("it is nested too deeply") from None


_decoder = json.JSONDecoder()


class GrowingJson:
    """Parser of JSON that arrives in pieces.

    Args:
        opens: As for `json_of`.
    """

    def __init__(self, opens: str = "{[") -> None:
        self._opens = opens
        self._pieces: list[str] = []
        self._size = 0
        self._read = 0
        self._value: Any = None

    @property
    def text(self) -> str:
        """The text received so far."""
        return "".join(self._pieces)

    def add(self, piece: str) -> Any:
        """Return the data so far; None before the JSON begins.

        Incomplete strings end where the text ends. After 4096 characters the data may lag behind by
        up to a 64th of the text; it is then the same object as before.
        """
        self._pieces.append(piece)
        self._size += len(piece)
        grown = self._size - self._read
        if self._size > _ALWAYS_READ and grown < self._size * _LEAST_GROWTH:
            return self._value
        self._read = self._size
        self._pieces = [self.text]
        start = _start(self._pieces[0], self._opens)
        if start is not None:
            self._value = _so_far(self._pieces[0][start:], self._value)
        return self._value


def _so_far(text: str, before: Any) -> Any:
    import jiter

    try:
        return jiter.from_json(text.encode("utf-8", "replace"), partial_mode="trailing-strings")
    except ValueError:
        # Text after the JSON, or no JSON at all; which of these is known only at the end.
        return before
