"""The columns of an input, as all of its rows have them: their names and their types of Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmring.batch.row import InputRow, RowProblem

_ROWS_TOGETHER = 2000
# From here on, a float can't hold every integer.
_LARGEST_EXACT = 2**53


def names_in(rows: Iterable[InputRow | RowProblem], known: Sequence[str] = ()) -> list[str]:
    """Return the names of all columns: those that are known, then others as they appear."""
    names = dict.fromkeys(known)
    for each in rows:
        values = _values(each)
        if values.keys() - names.keys():
            names.update(dict.fromkeys(values))
    return list(names)


def types_in(
    pa: Any, rows: Iterable[InputRow | RowProblem], names: Sequence[str]
) -> dict[str, Any]:
    """Return the type of each column that holds all of its values; text, for JSON, without one.

    Args:
        pa: The package pyarrow.
        rows: All rows, as a later value may be of another type than the first ones.
        names: The columns.
    """
    types = {name: pa.null() for name in names}
    held: list[Mapping[str, Any]] = []
    for each in rows:
        held.append(_values(each))
        if len(held) >= _ROWS_TOGETHER:
            _widen(pa, types, held)
            held = []
    _widen(pa, types, held)
    return {name: pa.string() if pa.types.is_null(each) else each for name, each in types.items()}


def _values(row: InputRow | RowProblem) -> Mapping[str, Any]:
    return row.values if isinstance(row, InputRow) else row.row.values


def _widen(pa: Any, types: dict[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    for name, before in types.items():
        if before == pa.string():
            continue
        values = [row.get(name) for row in rows]
        types[name] = _type_of(pa, before, values)


def _type_of(pa: Any, before: Any, values: Sequence[Any]) -> Any:
    kinds = {type(value) for value in values} - {type(None)}
    if str in kinds or (bool in kinds and len(kinds) > 1):
        return pa.string()
    if int in kinds and any(
        isinstance(value, int) and abs(value) > _LARGEST_EXACT for value in values
    ):
        # Only a column of integers alone can hold these.
        exact = pa.int64()
        fits = all(value is None or -(2**63) <= value < 2**63 for value in values if _is_int(value))
        plain = kinds == {int} and (pa.types.is_null(before) or before == exact)
        return exact if fits and plain else pa.string()
    try:
        found = pa.infer_type(values)
        if pa.types.is_integer(found):
            found = pa.int64()
        unified = pa.unify_schemas(
            [pa.schema([("x", before)]), pa.schema([("x", found)])], promote_options="permissive"
        )
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.string()
    kind = unified.field("x").type
    return kind if _can_be_written(pa, kind) else pa.string()


def _is_int(value: Any) -> bool:
    return isinstance(value, int)


def _can_be_written(pa: Any, kind: Any) -> bool:
    """Return True if Parquet can hold a type, which has parts without fields if it is empty."""
    if pa.types.is_struct(kind):
        return kind.num_fields > 0 and all(_can_be_written(pa, field.type) for field in kind)
    if pa.types.is_list(kind):
        return _can_be_written(pa, kind.value_type)
    return True
