"""Values of decoded JSON, fitted to the types that a dialect expects.

Servers in other languages write a count as `5.0`, an empty list as null or `{}`, and null for what
they leave out.
"""

from __future__ import annotations

from functools import lru_cache
from types import NoneType, UnionType
from typing import Any

from msgspec import inspect

# How the types that dialects use look in decoded JSON; others take any form.
_FORMS: dict[type[inspect.Type], type | UnionType] = {
    inspect.NoneType: NoneType,
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: int | float,
    inspect.StrType: str,
    inspect.ListType: list,
    inspect.DictType: dict,
    inspect.StructType: dict,
}
# Python counts booleans as numbers.
_NO_BOOLEANS = tuple(_FORMS.keys() - {inspect.BoolType})


def fitted(value: Any, kind: Any) -> Any:
    """Return the value with the parts that have another form than expected in the expected one.

    Whole floats become integers; null becomes the empty list or object that is expected in its
    place, and an empty object the empty list; nulls in lists and in fields with a default are
    left out. Anything else stays as it is, to be refused by the decoder.

    Args:
        value: Decoded JSON.
        kind: The expected type, as for a msgspec decoder.
    """
    return _fitted(value, _described(kind))


@lru_cache(maxsize=256)
def _described(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _fitted(value: Any, kind: inspect.Type) -> Any:
    if isinstance(kind, inspect.UnionType):
        member = next((each for each in kind.types if _is_of(value, each)), None)
        if member is not None:
            return _fitted(value, member)
        changed = ((_changed(value, each), each) for each in kind.types)
        return next((_fitted(new, each) for new, each in changed if _is_of(new, each)), value)
    value = value if _is_of(value, kind) else _changed(value, kind)
    match kind:
        case inspect.StructType(fields=fields) if isinstance(value, dict):
            return _fitted_fields(value, {each.encode_name: each for each in fields})
        case inspect.ListType(item_type=item) if isinstance(value, list):
            return [_fitted(each, item) for each in value if each is not None or _is_of(None, item)]
        case inspect.DictType(value_type=of) if isinstance(value, dict):
            return {key: _fitted(each, of) for key, each in value.items()}
    return value


def _fitted_fields(value: dict[str, Any], fields: dict[str, inspect.Field]) -> dict[str, Any]:
    return {
        key: _fitted(each, fields[key].type) if key in fields else each
        for key, each in value.items()
        if each is not None or key not in fields or _may_be_null(fields[key])
    }


def _may_be_null(field: inspect.Field) -> bool:
    return field.required or _is_of(None, field.type)


def _is_of(value: Any, kind: inspect.Type) -> bool:
    """Check if a JSON value is of a type, without a look at what it contains."""
    if isinstance(kind, inspect.UnionType):
        return any(_is_of(value, each) for each in kind.types)
    if isinstance(value, bool):
        return not isinstance(kind, _NO_BOOLEANS)
    expected = _FORMS.get(type(kind))
    return expected is None or isinstance(value, expected)


def _changed(value: Any, kind: inspect.Type) -> Any:
    match kind:
        case inspect.IntType() if isinstance(value, float) and value.is_integer():
            return int(value)
        case inspect.ListType() if value in (None, "", {}):
            return []
        case inspect.StructType() | inspect.DictType() if value is None:
            return {}
    return value
