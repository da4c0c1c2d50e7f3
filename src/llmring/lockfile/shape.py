"""What a value in a lockfile may be: shapes, and what is wrong with a value that has another."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from llmring.lockfile.problem import Fault, KeyPath, nearest, quoted_key

OWN_KEY = "x-"


class Described(Struct, frozen=True, kw_only=True):
    """What all shapes have.

    Attributes:
        noun: What a value of this shape is called.
        example: How one is written.
        about: What it is for; editors show it.
    """

    noun: str
    example: str = ""
    about: str = ""


class Anything(Described, frozen=True, kw_only=True):
    """Any value at all."""

    noun: str = "anything"


class Text(Described, frozen=True, kw_only=True):
    """A text; if a pattern is given, all of it matches."""

    noun: str = "a text"
    pattern: str | None = None


class Choice(Described, frozen=True, kw_only=True):
    """One of some texts."""

    options: tuple[str, ...]


class Time(Described, frozen=True, kw_only=True):
    """A date, or a date with a time; as TOML's own or as a text."""

    noun: str = "a time"
    example: str = "2026-01-31T12:00:00Z"


class Day(Described, frozen=True, kw_only=True):
    """A date without a time, as TOML's own."""

    noun: str = "a date"
    example: str = "2026-01-31"


class Number(Described, frozen=True, kw_only=True):
    """A finite number above 0, whole or not."""

    noun: str = "a number above 0"


class Weight(Described, frozen=True, kw_only=True):
    """A finite number from 0, whole or not."""

    noun: str = "a number from 0"
    example: str = "1"


class Whole(Described, frozen=True, kw_only=True):
    """A whole number that is not below the least."""

    least: int


class Items(Described, frozen=True, kw_only=True):
    """A list of values of one shape."""

    noun: str = "a list"
    example: str = "[]"
    each: Shape
    least: int = 0


class Table(Described, frozen=True, kw_only=True):
    """A table that has these keys and no others, but for those that begin with "x-".

    Attributes:
        keys: The shape of each key.
        required: Keys that can't be missing.
        owner: What has the keys, as messages call it.
    """

    noun: str = "a table"
    example: str = "{ }"
    keys: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    owner: str


class Named(Described, frozen=True, kw_only=True):
    """A table whose keys are names, all of one shape."""

    noun: str = "a table"
    example: str = "{ }"
    each: Shape


class Either(Described, frozen=True, kw_only=True):
    """A value of one of several shapes."""

    options: tuple[Shape, ...]


class Outline(Struct, frozen=True):
    """A shape of which only the type is looked at; who reads the value looks into it."""

    whole: Shape

    @property
    def noun(self) -> str:
        """What a value of this shape is called."""
        return self.whole.noun

    @property
    def example(self) -> str:
        """How one is written."""
        return self.whole.example


Shape = (
    Anything
    | Text
    | Choice
    | Time
    | Day
    | Number
    | Weight
    | Whole
    | Items
    | Table
    | Named
    | Either
    | Outline
)

_TYPES: Mapping[type, tuple[type, ...]] = {
    Anything: (object,),
    Text: (str,),
    Choice: (str,),
    Time: (str, date),
    Day: (date,),
    Number: (int, float),
    Weight: (int, float),
    Whole: (int,),
    Items: (list,),
    Table: (dict,),
    Named: (dict,),
}


def misfits(shape: Shape, value: object, path: KeyPath) -> Iterator[Fault]:
    """What is wrong with a value that should have this shape.

    Args:
        shape: The shape.
        value: What tomllib gives for it.
        path: Its key.
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
    """The fault of a key that its table has not; reading goes on."""
    meant = nearest(str(path[-1]), keys)
    mend = f"did you mean {meant!r}? " if meant else ""
    return Fault(
        path=path,
        message=f"{owner} has no such key",
        mend=f"{mend}keys of your own begin with {OWN_KEY}",
        raises=None,
        at_key=True,
    )


def _deeper(shape: Shape, value: object, path: KeyPath) -> Iterator[Fault]:
    """What is wrong inside a list or a table."""
    match shape, value:
        case Items(each=each), list():
            for index, inner in enumerate(value):
                yield from misfits(each, inner, (*path, index))
        case Named(each=each), dict():
            for key, inner in value.items():
                yield from misfits(each, inner, (*path, key))
        case Table(keys=keys, owner=owner, required=required), dict():
            for key in (key for key in required if key not in value):
                mend = f"add {key} = {keys[key].example}"
                yield Fault(path=path, message=f"{key} is missing", mend=mend)
            for key, inner in value.items():
                if key in keys:
                    yield from misfits(keys[key], inner, (*path, key))
                elif not key.startswith(OWN_KEY):
                    yield unknown_key((*path, key), keys, owner)


def _misfits_of_all(
    shape: Either, options: tuple[Shape, ...], value: object, path: KeyPath
) -> Iterator[Fault]:
    """What is wrong with a value that has none of the shapes."""
    found = [[*misfits(option, value, path)] for option in options]
    if all(found):
        # The shape that only something inside is at odds with was meant.
        inside = [faults for faults in found if all(fault.path != path for fault in faults)]
        yield from inside[0] if inside else [_misfit(shape, value, path)]


def _is_kind(shape: Shape, value: object) -> bool:
    """Whether the value has the type of the shape."""
    match shape:
        case Outline(whole=whole):
            return _is_kind(whole, value)
        case Either(options=options):
            return any(_is_kind(option, value) for option in options)
        case Number() | Weight() | Whole() if isinstance(value, bool):
            return False
        case Day() if isinstance(value, datetime):
            return False
        case _:
            return isinstance(value, _TYPES[type(shape)])


def _is_inside(shape: Shape, value: Any) -> bool:
    """Whether a value of the right type is within the shape's bounds."""
    inside: bool = True
    match shape:
        case Text(pattern=str(pattern)):
            inside = re.fullmatch(pattern, value) is not None
        case Choice(options=options):
            inside = value in options
        case Number():
            inside = 0 < value < math.inf
        case Weight():
            inside = 0 <= value < math.inf
        case Whole(least=least):
            inside = value >= least
        case Items(least=least):
            inside = len(value) >= least
    return inside


def _misfit(shape: Shape, value: object, path: KeyPath) -> Fault:
    meant = None
    if isinstance(shape, Choice) and isinstance(value, str):
        meant = nearest(value, shape.options)
    last = path[-1] if path else 0
    key = f"{quoted_key(last)} = " if isinstance(last, str) else ""
    mend = f'did you mean "{meant}"?' if meant else f"write {key}{shape.example}"
    return Fault(path=path, message=f"is not {shape.noun}", mend=mend)
