"""The values of a request's fields, checked as they are read.

https://platform.openai.com/docs/guides/error-codes#api-errors (`invalid_request_error`)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.dialects.request_decoding import RequestFormatError

_KINDS = {
    bool: "a boolean",
    dict: "an object",
    float: "a number",
    int: "an integer",
    list: "an array",
    str: "a string",
    type(None): "null",
}


def wrong_type(field: str, wanted: str, value: Any) -> RequestFormatError:
    """Return the error for a value of another type."""
    found = _KINDS.get(type(value), type(value).__name__)
    return RequestFormatError(f"{field} must be {wanted}, not {found}", field, "invalid_type")


def missing(field: str) -> RequestFormatError:
    """Return the error for a field that is not there."""
    return RequestFormatError(f"{field} is missing", field, "missing_required_parameter")


def present(value: Any, field: str) -> dict[str, Any]:
    """Return an object without the fields that are null, which mean the same as no field.

    Raises:
        RequestFormatError: The value is not an object.
    """
    if not isinstance(value, dict):
        raise wrong_type(field, "an object", value)
    return {name: each for name, each in value.items() if each is not None}


def text_in(holder: Mapping[str, Any], name: str, path: str = "") -> str:
    """Return a text that must be there; `path` leads to its holder.

    Raises:
        RequestFormatError: It is missing, or not a text.
    """
    found = optional_text(holder, name, path)
    if found is None:
        raise missing(path + name)
    return found


def optional_text(holder: Mapping[str, Any], name: str, path: str = "") -> str | None:
    """Return a text, or None if it is not there.

    Raises:
        RequestFormatError: It is not a text.
    """
    value = holder.get(name)
    if value is not None and not isinstance(value, str):
        raise wrong_type(path + name, "a string", value)
    return value


def optional_flag(holder: Mapping[str, Any], name: str, path: str = "") -> bool | None:
    """Return a boolean, or None if it is not there.

    Raises:
        RequestFormatError: It is not a boolean.
    """
    value = holder.get(name)
    if value is not None and not isinstance(value, bool):
        raise wrong_type(path + name, "a boolean", value)
    return value


def optional_number(holder: Mapping[str, Any], name: str) -> float | None:
    """Return a number, or None if it is not there.

    Raises:
        RequestFormatError: It is not a number.
    """
    value = holder.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(name, "a number", value)
    return value


def optional_count(holder: Mapping[str, Any], name: str) -> int | None:
    """Return an integer that is not negative, or None if it is not there.

    Raises:
        RequestFormatError: It is not such an integer.
    """
    value = holder.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(name, "an integer", value)
    if value < 0:
        raise RequestFormatError(f"{name} must not be negative", name, "integer_below_min_value")
    return value


def list_in(holder: Mapping[str, Any], name: str, path: str = "") -> list[Any]:
    """Return an array; an empty one if it is not there.

    Raises:
        RequestFormatError: It is not an array.
    """
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong_type(path + name, "an array", value)
    return value
