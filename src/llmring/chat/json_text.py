"""The JSON in an answer's text, whole or as far as it has come."""

from __future__ import annotations

import json
from typing import Any

import msgspec

_BLANK = " \t\r\n\ufeff"
# Up to this many characters a text is read again with every piece; a longer one whenever it has
# grown by this part of itself, so that the whole costs no more than a fixed number of readings.
_ALWAYS_READ = 4096
_LEAST_GROWTH = 1 / 64


class NotJsonError(ValueError):
    """A text that holds no JSON, or more than one."""


def json_of(text: str, opens: str = "{[") -> tuple[bytes, Any]:
    """The JSON that a text is or holds, as it stands there and as data.

    A text that is JSON is taken as it is. Else the JSON may stand in a code fence, or between
    other words; it must be the only one there.

    Args:
        text: The answer.
        opens: What JSON within other words begins with: "{", or "[", or either.

    Raises:
        NotJsonError: There is none, or more than one.
    """
    stripped = text.strip(_BLANK)
    if not stripped:
        raise NotJsonError("there is no text")
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
            raise NotJsonError("there is more than one piece of JSON in it")
    return _decoded(stripped[start:end])


def _decoded(text: str) -> tuple[bytes, Any]:
    data = text.encode("utf-8", "replace")
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
    """Where the JSON that starts there ends."""
    try:
        return _decoder.raw_decode(text, start)[1]
    except json.JSONDecodeError as error:
        raise NotJsonError(f"{error.msg} at character {error.pos - start}") from None
    except RecursionError:
        raise NotJsonError("it is nested too deeply") from None


_decoder = json.JSONDecoder()


class GrowingJson:
    """JSON that comes in pieces, as data at every step.

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
        """All of the text so far."""
        return "".join(self._pieces)

    def add(self, piece: str) -> Any:
        """The data so far, None before its beginning.

        Texts that have come in part are cut where they end. In a text of more than 4096
        characters, the data may be up to a 64th of it behind; it is then the same object as
        before.
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
        # What follows the JSON, or an answer that is none: the end will tell.
        return before
