"""The fields of a client's request, in either spelling and in any form that JSON may give them.

Google's servers take every name in camelCase and in snake_case, null as an absent field, one value
as a list of one, and numbers as text: https://protobuf.dev/programming-guides/json
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from typing import Any

from llmring.dialects.gemini.field_names import camel
from llmring.dialects.request_decoding import RequestFormatError


def fields(value: Any, place: str) -> dict[str, Any]:
    """Return the fields of an object under their names in camelCase.

    Args:
        value: The object.
        place: Its path in the body, for errors.

    Raises:
        RequestFormatError: The value is not an object, or has a field in both spellings.
    """
    if not isinstance(value, Mapping):
        raise _wrong(place, "an object", value)
    found: dict[str, Any] = {}
    for key, each in value.items():
        name = camel(key)
        if each is None:
            continue
        if name in found:
            where = at(place, name)
            raise RequestFormatError(f"{where} is given in both spellings; give it once", where)
        found[name] = each
    return found


def items(value: Any) -> list[Any]:
    """Return a repeated field as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def at(place: str, name: str | int) -> str:
    """Return the path of a field of an object."""
    return f"{place}.{name}" if place else str(name)


def text_at(found: Mapping[str, Any], name: str, place: str) -> str | None:
    """Return a field that must be a text; None if it is absent.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = found.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong(at(place, name), "a text", value)
    return value


_LARGEST = sys.float_info.max


def number_at(found: Mapping[str, Any], name: str, place: str) -> float | None:
    """Return a field that must be a number; None if it is absent.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = found.get(name)
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value) if set(value) & set(".eEN") else int(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(at(place, name), "a number", value)
    # Infinite numbers, and whole ones that no float can be, are out of it.
    if not -_LARGEST <= value <= _LARGEST:
        raise _wrong(at(place, name), "a number", value)
    return value


def integer_at(found: Mapping[str, Any], name: str, place: str) -> int | None:
    """Return a field that must be a whole number; None if it is absent.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = number_at(found, name, place)
    if value is None or isinstance(value, int):
        return value
    if value != int(value):
        raise _wrong(at(place, name), "a whole number", value)
    return int(value)


def flag_at(found: Mapping[str, Any], name: str, place: str) -> bool | None:
    """Return a field that must be true or false; None if it is absent.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = found.get(name)
    if value is not None and not isinstance(value, bool):
        raise _wrong(at(place, name), "true or false", value)
    return value


def texts_at(found: Mapping[str, Any], name: str, place: str) -> list[str]:
    """Return a field that must be a list of texts; empty if it is absent.

    Raises:
        RequestFormatError: The field is something else.
    """
    values = items(found.get(name))
    for index, value in enumerate(values):
        if not isinstance(value, str):
            raise _wrong(at(at(place, name), index), "a text", value)
    return values


def _wrong(place: str, expected: str, value: Any) -> RequestFormatError:
    what, kind = place or "the body", type(value).__name__
    return RequestFormatError(f"{what} must be {expected}, not {kind}", place or None)
