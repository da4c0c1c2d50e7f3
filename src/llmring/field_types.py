"""Checks of the types of arguments, with errors that name the field and what it takes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, SupportsFloat, SupportsIndex

from llmring.exceptions import ValidationError
from llmring.redaction import redact

_LONGEST_SHOWN = 60


def wrong_type(field: str, value: object, wanted: str) -> ValidationError:
    """Return the error for a value that a field does not take.

    Args:
        field: The name of the field.
        value: The value.
        wanted: The values that the field takes.
    """
    if value is None or isinstance(value, str | bool | int | float):
        given = redact(repr(value)) if isinstance(value, str) else f"{value!r:.{_LONGEST_SHOWN}}"
        given = given if len(given) <= _LONGEST_SHOWN else f"{given[: _LONGEST_SHOWN - 1]}…"
    else:
        # Its text may be long, or have secrets.
        given = f"of type {type(value).__name__}"
    return ValidationError(f"{field} must be {wanted}, not {given}")


def number(field: str, value: Any, wanted: str) -> float:
    """Return a number as a float or an int.

    Raises:
        ValidationError: It is not a number, or not a finite one.
    """
    if type(value) is int:
        return value
    if not isinstance(value, bool | str) and isinstance(value, SupportsFloat):
        try:
            found = float(value)
        except (TypeError, ValueError, OverflowError):
            found = math.nan
        if math.isfinite(found):
            return found
    raise wrong_type(field, value, wanted)


def whole_number(field: str, value: Any, wanted: str) -> int:
    """Return a whole number as an int; 100.0 is one, as for Pydantic and the vendors' clients.

    Raises:
        ValidationError: It is not a whole number.
    """
    if not isinstance(value, bool) and isinstance(value, SupportsIndex):
        try:
            return value.__index__()
        except TypeError:  # an array of several numbers
            pass
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise wrong_type(field, value, wanted)


def require(field: str, value: Any, kind: type | tuple[type, ...], wanted: str) -> None:
    """Check that a value is of a type.

    Raises:
        ValidationError: It is not.
    """
    if not isinstance(value, kind):
        raise wrong_type(field, value, wanted)


def require_items(field: str, value: Any, wanted: str) -> None:
    """Check that a value can be read item by item: not a text, nor a mapping.

    Raises:
        ValidationError: It can't.
    """
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise wrong_type(field, value, wanted)
