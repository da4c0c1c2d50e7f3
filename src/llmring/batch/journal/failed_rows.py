"""The rows of a job that have failed, in one byte each."""

from __future__ import annotations

from collections.abc import Iterator

_PASSING = 128
# More classes of errors than this share a name.
_MOST_CLASSES = 126
_OTHERS = "others"


class FailedRows:
    """The rows that have failed: for each the class of its error, and if it may succeed later."""

    def __init__(self) -> None:
        self._codes = bytearray()
        self._classes: list[str] = [""]
        self._numbers: dict[str, int] = {}

    def __contains__(self, ordinal: int) -> bool:
        return ordinal < len(self._codes) and self._codes[ordinal] != 0

    def add(self, ordinal: int, error_class: str, *, passing: bool) -> None:
        """Add a row."""
        if ordinal >= len(self._codes):
            self._codes.extend(bytes(max(ordinal + 1 - len(self._codes), 4096)))
        self._codes[ordinal] = self._number(error_class) | (_PASSING if passing else 0)

    def pop(self, ordinal: int) -> str | None:
        """Remove a row; return the class of its error, or None if it is not there."""
        if ordinal not in self:
            return None
        code, self._codes[ordinal] = self._codes[ordinal], 0
        return self._classes[code & ~_PASSING]

    def to_ask_again(self, *, lasting: bool) -> Iterator[int]:
        """Yield the rows that may succeed later; with `lasting`, all that have failed."""
        for ordinal, code in enumerate(self._codes):
            if code and (lasting or code & _PASSING):
                yield ordinal

    def _number(self, error_class: str) -> int:
        number = self._numbers.get(error_class)
        if number is None:
            number = min(len(self._classes), _MOST_CLASSES)
            if number == len(self._classes):
                self._classes.append(error_class if number < _MOST_CLASSES else _OTHERS)
            self._numbers[error_class] = number
        return number
