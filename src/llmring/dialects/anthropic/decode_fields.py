"""The fields of a client's request, each checked, and named by its path if it is wrong.

https://platform.claude.com/docs/en/api/errors

A field that is null is one that is not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.dialects.request_decoding import RequestFormatError

Json = dict[str, Any]


def at(path: str, name: str | int) -> str:
    """Return the path of a field or an item below a path."""
    return f"{path}.{name}" if path else str(name)


def wrong(path: str, reason: str) -> RequestFormatError:
    """Build the error for a field, as the API words it: its path and the reason."""
    return RequestFormatError(f"{path}: {reason}", path)


def text(owner: Mapping[str, Any], name: str, path: str) -> str | None:
    """Return a field that is a text, if it is given.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = owner.get(name)
    if value is None or isinstance(value, str):
        return value
    raise wrong(at(path, name), "Input should be a valid string")


def required_text(owner: Mapping[str, Any], name: str, path: str) -> str:
    """Return a field that is a text.

    Raises:
        RequestFormatError: The field is missing, or something else.
    """
    value = text(owner, name, path)
    if value is None:
        raise wrong(at(path, name), "Field required")
    return value


def filled_text(owner: Mapping[str, Any], name: str, path: str) -> str:
    """Return a field that is a text of at least one character.

    Raises:
        RequestFormatError: The field is missing, empty, or something else.
    """
    value = required_text(owner, name, path)
    if not value:
        raise wrong(at(path, name), "String should have at least 1 character")
    return value


def texts(owner: Mapping[str, Any], name: str, path: str) -> list[str]:
    """Return a field that is a list of texts; empty if it is not given.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = owner.get(name)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    raise wrong(at(path, name), "Input should be a valid list of strings")


def integer(owner: Mapping[str, Any], name: str, path: str) -> int | None:
    """Return a field that is an integer of at least 0, if it is given.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = owner.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong(at(path, name), "Input should be a valid integer")
    if value < 0:
        raise wrong(at(path, name), "Input should be greater than or equal to 0")
    return value


def number(owner: Mapping[str, Any], name: str, path: str) -> float | None:
    """Return a field that is a number, if it is given.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = owner.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong(at(path, name), "Input should be a valid number")
    return value


def flag(owner: Mapping[str, Any], name: str, path: str) -> bool | None:
    """Return a field that is true or false, if it is given.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = owner.get(name)
    if value is None or isinstance(value, bool):
        return value
    raise wrong(at(path, name), "Input should be a valid boolean")


def table(owner: Mapping[str, Any], name: str, path: str) -> Json | None:
    """Return a field that is an object, if it is given.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = owner.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise wrong(at(path, name), "Input should be an object")


def required_table(owner: Mapping[str, Any], name: str, path: str) -> Json:
    """Return a field that is an object.

    Raises:
        RequestFormatError: The field is missing, or something else.
    """
    value = table(owner, name, path)
    if value is None:
        raise wrong(at(path, name), "Field required")
    return value


def tables(owner: Mapping[str, Any], name: str, path: str) -> list[Json]:
    """Return a field that is a list of objects; empty if it is not given.

    Raises:
        RequestFormatError: The field is something else.
    """
    value = owner.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise wrong(at(path, name), "Input should be a valid list")
    for place, each in enumerate(value):
        if not isinstance(each, dict):
            raise wrong(at(at(path, name), place), "Input should be an object")
    return value


def cache_mark(owner: Mapping[str, Any], path: str) -> Json | None:
    """Return the cache mark of a block or a request, if it has one.

    https://platform.claude.com/docs/en/build-with-claude/prompt-caching

    Raises:
        RequestFormatError: The mark is not an object.
    """
    return table(owner, "cache_control", path)


def beyond(owner: Mapping[str, Any], known: frozenset[str]) -> Json:
    """Return the fields that are given in addition to those that are known."""
    if known.issuperset(owner):
        return {}
    return {name: value for name, value in owner.items() if name not in known and value is not None}
