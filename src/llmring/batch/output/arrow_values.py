"""Values made to fit types of Arrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

from llmring.chat.json_text import json_bytes

# A column of costs: exact to 10^-18 USD. A binary float would not add up to the sum of a bill.
DECIMALS = (38, 18)
_CONTEXT = Context(prec=DECIMALS[0], rounding=ROUND_HALF_EVEN)
_UNIT = Decimal(1).scaleb(-DECIMALS[1])


class MisfitError(ValueError):
    """A value that its column can't hold."""


def as_json(value: Any) -> str:
    """Return a value as JSON text; decimals are texts, which keep all digits."""
    return json_bytes(value, enc_hook=str).decode()


def fitter(pa: Any, kind: Any) -> Callable[[Any], Any]:
    """Return a function that makes values fit a type of Arrow.

    It raises `MisfitError` for a value that the type can't hold, such as an integer above 2^63.
    """
    plain = _FITTERS.get(str(kind))
    if plain is not None:
        return plain
    if pa.types.is_list(kind):
        item = fitter(pa, kind.value_type)
        return lambda value: _list(value, item)
    if pa.types.is_struct(kind):
        parts = {field.name: fitter(pa, field.type) for field in kind}
        return lambda value: _parts(value, parts)
    return lambda value: value


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else as_json(value)


def _integer(value: Any) -> int | None:
    if value is None:
        return None
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not whole or not -(2**63) <= value < 2**63:
        raise MisfitError
    return int(value)


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MisfitError
    try:
        return float(value)
    except OverflowError:
        raise MisfitError from None


def _boolean(value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise MisfitError


def _decimal(value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        return _CONTEXT.quantize(Decimal(value), _UNIT)
    except (InvalidOperation, ValueError, TypeError):
        raise MisfitError from None


def _list(value: Any, item: Callable[[Any], Any]) -> list[Any] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise MisfitError
    return [item(each) for each in value]


def _parts(value: Any, parts: Mapping[str, Callable[[Any], Any]]) -> dict[str, Any] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise MisfitError
    return {name: part(value.get(name)) for name, part in parts.items()}


_FITTERS: Mapping[str, Callable[[Any], Any]] = {
    "string": _text,
    "int64": _integer,
    "double": _number,
    "bool": _boolean,
    f"decimal128{DECIMALS}": _decimal,
}
