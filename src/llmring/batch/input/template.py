"""Texts with the names of columns in braces, filled with the values of a row.

`{column}` is a column, `{a.b}` the value "b" of the nested column "a"; `{{` and `}}` are braces. A
name is only a name: it is never evaluated.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from math import isnan
from typing import Any
from uuid import UUID

import msgspec

from llmring.exceptions import ValidationError

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class ValueMissingError(ValidationError):
    """A value that a row lacks, or that is not text."""


class Template:
    """A text with the names of columns in it.

    Args:
        text: The text.
        null: The text for a value that is null or empty; None if such a row fails.
        what: The option that the text comes from, for messages.

    Raises:
        ValidationError: A brace has no counterpart.
    """

    def __init__(self, text: str, null: str | None = None, what: str = "the prompt") -> None:
        self._what = what
        self._null = null
        # Texts and names by turns, beginning and ending with a text.
        self._texts, self._names = _parts(text, what)
        self._filled = "".join(self._texts) if not self._names else None

    @property
    def names(self) -> Sequence[str]:
        """The names of columns, each once."""
        return tuple(dict.fromkeys(self._names))

    def check(self, paths: Collection[str], columns: Iterable[str]) -> None:
        """Check that all names are known.

        Raises:
            ValidationError: A name is not a column.
        """
        for name in self.names:
            if name not in paths:
                raise unknown_column(name, paths, columns, self._what)

    def render(self, values: Mapping[str, Any]) -> str:
        """Return the text with a row's values.

        Raises:
            ValueMissingError: A value is null, empty, or bytes.
        """
        if self._filled is not None:
            return self._filled
        pieces = [self._texts[0]]
        for name, after in zip(self._names, self._texts[1:], strict=True):
            value = values.get(name)
            if type(value) is not str:
                value = self._text(name, values)
            elif not value:
                value = self._missing(name, "empty")
            pieces.append(value)
            pieces.append(after)
        return "".join(pieces)

    def _text(self, name: str, values: Mapping[str, Any]) -> str:
        value = value_at(values, name)
        # A NaN is what pandas has for null.
        if value is None or (isinstance(value, float) and isnan(value)):
            return self._missing(name, "null")
        text = as_text(value)
        if text is None:
            raise ValueMissingError(
                f"column {name!r} holds {type(value).__name__}, which is not text; attach it with "
                "--image or --file"
            )
        return text or self._missing(name, "empty")

    def _missing(self, name: str, how: str) -> str:
        if self._null is None:
            raise ValueMissingError(
                f"column {name!r} is {how}; fill it in, or give a text for such values with --null"
            )
        return self._null


def _parts(text: str, what: str) -> tuple[list[str], list[str]]:
    texts, names = [""], list[str]()
    end = 0
    for found in _TOKEN.finditer(text):
        texts[-1] += text[end : found.start()]
        end = found.end()
        token = found[0]
        if token in ("{{", "}}"):
            texts[-1] += token[0]
        elif found[1] is None or not found[1].strip():
            line = text.count("\n", 0, found.start()) + 1
            raise ValidationError(
                f"{what}, line {line}: {token!r} is not a column in braces; write {{column}}, or "
                "{{ and }} for the braces themselves"
            )
        else:
            names.append(found[1].strip())
            texts.append("")
    texts[-1] += text[end:]
    return texts, names


def unknown_column(
    name: str, paths: Iterable[str], columns: Iterable[str], what: str
) -> ValidationError:
    """Build the error for a name that is not a column."""
    near = difflib.get_close_matches(name, list(paths), 1)
    hint = f"did you mean {near[0]!r}? " if near else "write {{ and }} for braces; "
    names = list(columns)
    shown = ", ".join(names[:_MOST_SHOWN]) + (", …" if len(names) > _MOST_SHOWN else "")
    return ValidationError(
        f"{what}: unknown column {name!r}; {hint}the columns are: {shown or 'none'}"
    )


_MOST_SHOWN = 40


def value_at(values: Mapping[str, Any], name: str) -> Any:
    """Return the value of a column, or of a nested value by its dotted name; None if absent."""
    if name in values:
        return values[name]
    value: Any = values
    for key in name.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def as_text(value: Any) -> str | None:
    """Return a value as it is shown in a prompt; None if it can't be shown.

    Nested values are JSON, as are true and false; dates are in the form of ISO 8601.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return None
    try:
        if isinstance(value, _SELF_SHOWN) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, date | time):
            return value.isoformat()
        return msgspec.json.encode(value, enc_hook=_inner_text).decode()
    except (TypeError, ValueError, RecursionError):
        # Among them, a number of more than 4,300 digits.
        return None


_SELF_SHOWN = (int, float, Decimal, UUID, timedelta)


def _inner_text(value: object) -> str:
    text = None if isinstance(value, Mapping | list | tuple) else as_text(value)
    if text is None:
        raise TypeError
    return text
