"""Shapes of the values in a lockfile, and the check of a value against its shape."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from llmring.lockfile.problem import Fault, nearest
from llmring.lockfile.toml.layout import KeyPath
from llmring.lockfile.toml.quoting import quoted_key

OWN_KEY = "x-"


class Described(Struct, frozen=True, kw_only=True):
    """The description that all shapes have.

    Attributes:
        noun: The name of a value of this shape in messages, as in "a string".
        example: An example of a value, in TOML.
        about: The purpose of the value; shown by editors.
    """

    noun: str
    example: str = ""
    about: str = ""


class Anything(Described, frozen=True, kw_only=True):
    """Any value at all."""

    noun: str = "anything"


class Text(Described, frozen=True, kw_only=True):
    """A string; a pattern, if given, must match all of it."""

    noun: str = "a string"
    pattern: str | None = None


class Choice(Described, frozen=True, kw_only=True):
    """One of several strings."""

    options: tuple[str, ...]


class Flag(Described, frozen=True, kw_only=True):
    """True or false."""

    noun: str = "true or false"
    example: str = "true"


class Time(Described, frozen=True, kw_only=True):
    """A date with or without a time, as a TOML date or a string."""

    noun: str = "a time"
    example: str = "2026-01-31T12:00:00Z"


class Day(Described, frozen=True, kw_only=True):
    """A TOML date without a time."""

    noun: str = "a date"
    example: str = "2026-01-31"


class Number(Described, frozen=True, kw_only=True):
    """A finite number above 0, integer or float."""

    noun: str = "a number above 0"


class NonNegative(Described, frozen=True, kw_only=True):
    """A finite number from 0, integer or float."""

    noun: str = "a number from 0"
    example: str = "1"


class Whole(Described, frozen=True, kw_only=True):
    """An integer that is not below `least`."""

    least: int


class Items(Described, frozen=True, kw_only=True):
    """A list of values of one shape."""

    noun: str = "a list"
    example: str = "[]"
    each: Shape
    least: int = 0


class Table(Described, frozen=True, kw_only=True):
    """A table with a fixed set of keys, plus any keys that begin with "x-".

    Attributes:
        keys: The shape of each key.
        required: Keys that must be present.
        owner: The name of the table in messages about its keys, as in "a profile".
    """

    noun: str = "a table"
    example: str = "{ }"
    keys: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    owner: str


class NamedItems(Described, frozen=True, kw_only=True):
    """A table with any names as keys, and values of one shape.

    Attributes:
        each: The shape of the values.
        key: The shape of the names, if not all will do.
    """

    noun: str = "a table"
    example: str = "{ }"
    each: Shape
    key: Text | None = None


class Either(Described, frozen=True, kw_only=True):
    """A value of one of several shapes."""

    options: tuple[Shape, ...]


class Outline(Struct, frozen=True):
    """A shape of which only the type is checked; the reader of the value checks the rest."""

    whole: Shape

    @property
    def noun(self) -> str:
        """The name of a value of this shape in messages."""
        return self.whole.noun

    @property
    def example(self) -> str:
        """An example of a value, in TOML."""
        return self.whole.example

    def fits(self, value: object) -> bool:
        """Return True if a value has the type."""
        return _is_kind(self.whole, value)


Shape = (
    Anything
    | Text
    | Choice
    | Flag
    | Time
    | Day
    | Number
    | NonNegative
    | Whole
    | Items
    | Table
    | NamedItems
    | Either
    | Outline
)

_TYPES: Mapping[type, tuple[type, ...]] = {
    Anything: (object,),
    Text: (str,),
    Choice: (str,),
    Flag: (bool,),
    Time: (str, date),
    Day: (date,),
    Number: (int, float),
    NonNegative: (int, float),
    Whole: (int,),
    Items: (list,),
    Table: (dict,),
    NamedItems: (dict,),
}


def misfits(shape: Shape, value: object, path: KeyPath) -> Iterator[Fault]:
    """Yield the faults of a value that should have a shape.

    Args:
        shape: The shape.
        value: The value as parsed by tomllib.
        path: The value's key path.
    """
    match shape:
        case Outline(whole=whole):
            if not _is_kind(whole, value):
                yield _misfit(shape, value, path)
        case Either(options=options):
            yield from _misfits_of_all(shape, options, value, path)
        case _ if not _is_kind(shape, value) or not _is_inside(shape, value):
            yield _misfit(shape, value, path)
        case _:
            yield from _deeper(shape, value, path)


def unknown_key(path: KeyPath, keys: Mapping[str, Shape], owner: str) -> Fault:
    """Build the fault for an unknown key, which does not stop the reading."""
    meant = nearest(str(path[-1]), keys)
    fix = f"did you mean {meant!r}? If not, " if meant else ""
    return Fault(
        path=path,
        message=f"{owner} has no such key",
        fix=f"{fix}begin keys of your own with {OWN_KEY}",
        raises=None,
        at_key=True,
    )


def _deeper(shape: Shape, value: object, path: KeyPath) -> Iterator[Fault]:
    """Yield the faults inside a list or a table."""
    match shape, value:
        case Items(each=each), list():
            for index, inner in enumerate(value):
                yield from misfits(each, inner, (*path, index))
        case NamedItems(each=each, key=name), dict():
            yield from _wrong_names(name, value, path)
            for key, inner in value.items():
                yield from misfits(each, inner, (*path, key))
        case Table(keys=keys, owner=owner, required=required), dict():
            for key in (key for key in required if key not in value):
                fix = f"add {key} = {keys[key].example}"
                yield Fault(path=path, message=f"{key} is missing", fix=fix)
            for key, inner in value.items():
                if key in keys:
                    yield from misfits(keys[key], inner, (*path, key))
                elif not key.startswith(OWN_KEY):
                    yield unknown_key((*path, key), keys, owner)


def _misfits_of_all(
    shape: Either, options: tuple[Shape, ...], value: object, path: KeyPath
) -> Iterator[Fault]:
    """Yield the faults of a value that fits none of several shapes."""
    found = [[*misfits(option, value, path)] for option in options]
    if all(found):
        # If only something inside the value is wrong for a shape, that shape was meant.
        inside = [faults for faults in found if all(fault.path != path for fault in faults)]
        yield from inside[0] if inside else [_misfit(shape, value, path)]


def _is_kind(shape: Shape, value: object) -> bool:
    """Return True if a value has the type of a shape."""
    match shape:
        case Outline(whole=whole):
            return _is_kind(whole, value)
        case Either(options=options):
            return any(_is_kind(option, value) for option in options)
        case Number() | NonNegative() | Whole() if isinstance(value, bool):
            return False
        case Day() if isinstance(value, datetime):
            return False
        case _:
            return isinstance(value, _TYPES[type(shape)])


def _is_inside(shape: Shape, value: Any) -> bool:
    """Return True if a value of the right type is within the bounds of a shape."""
    inside: bool = True
    match shape:
        case Text(pattern=str(pattern)):
            inside = re.fullmatch(pattern, value) is not None
        case Choice(options=options):
            inside = value in options
        case Number():
            inside = 0 < value < math.inf
        case NonNegative():
            inside = 0 <= value < math.inf
        case Whole(least=least):
            inside = value >= least
        case Items(least=least):
            inside = len(value) >= least
    return inside


def _wrong_names(shape: Text | None, table: dict[str, object], path: KeyPath) -> Iterator[Fault]:
    """Yield a fault for each key of a table that is not of the shape of its names."""
    if shape is None:
        return
    for key in table:
        if not _is_inside(shape, key):
            fix = f"rename it, as in {shape.example}"
            yield Fault(path=(*path, key), message=f"is not {shape.noun}", fix=fix, at_key=True)


def _misfit(shape: Shape, value: object, path: KeyPath) -> Fault:
    meant = None
    if isinstance(shape, Choice) and isinstance(value, str):
        meant = nearest(value, shape.options)
    last = path[-1] if path else 0
    key = f"{quoted_key(last)} = " if isinstance(last, str) else ""
    fix = f'did you mean "{meant}"?' if meant else f"write {key}{shape.example}"
    return Fault(path=path, message=f"is not {shape.noun}", fix=fix)
