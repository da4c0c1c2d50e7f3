"""The columns of a block: a dictionary of columns, an Arrow table, or a pandas DataFrame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from llmring.exceptions import ValidationError

Kind = Literal["text", "whole", "usd", "number"]
# Digits of a cost after the point; Arrow has 38 in all.
_USD_DIGITS = 18
_USD_STEP = Decimal(1).scaleb(-_USD_DIGITS)


def names_of(block: Any) -> list[str]:
    """Return the names of a block's columns.

    Raises:
        ValidationError: It is not a block of a known type.
    """
    if isinstance(block, Mapping):
        return [str(name) for name in block]
    if _is_table(block):
        return [str(name) for name in block.column_names]
    if _is_frame(block):
        return [str(name) for name in block.columns]
    raise ValidationError(
        f"a block of prompts can't be {type(block).__name__}; give a dictionary of columns, an "
        "Arrow table or a pandas DataFrame"
    )


def rows_of_block(block: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a block, with plain values."""
    if isinstance(block, Mapping):
        columns = [_plain_column(values) for values in block.values()]
        # Columns of different lengths are an error of the caller.
        for values in zip(*columns, strict=True):
            yield dict(zip(map(str, block), values, strict=True))
    elif _is_table(block):
        yield from block.to_pylist()
    else:
        # Else missing values would be NaN or NaT.
        plain = block.astype(object).where(block.notna(), None)
        for values in plain.itertuples(index=False, name=None):
            yield dict(zip(map(str, plain.columns), values, strict=True))


def with_columns(block: Any, columns: Mapping[str, tuple[Kind, Sequence[Any]]]) -> Any:
    """Return a block of the same type with further columns.

    Args:
        block: The block, which stays as it is.
        columns: The kind and the values of each new column.
    """
    if isinstance(block, Mapping):
        return {**block, **_dictionary(block, columns)}
    if _is_table(block):
        import pyarrow as pa

        types = {
            "text": pa.string(),
            "whole": pa.int64(),
            "usd": pa.decimal128(38, _USD_DIGITS),
            "number": pa.float64(),
        }
        for name, (kind, values) in columns.items():
            column = pa.array(_rounded(kind, values), types[kind])
            block = block.append_column(name, column)
        return block
    import pandas as pd

    dtypes = {"text": "object", "whole": "Int64", "usd": "object", "number": "Float64"}
    series = {
        name: pd.Series(values, dtype=dtypes[kind], index=block.index)
        for name, (kind, values) in columns.items()
    }
    return block.assign(**series)


def _is_table(block: Any) -> bool:
    return hasattr(block, "column_names") and hasattr(block, "append_column")


def _is_frame(block: Any) -> bool:
    return hasattr(block, "itertuples") and hasattr(block, "assign")


def _plain_column(values: Any) -> Sequence[Any]:
    # Of numpy's arrays, so that numbers are Python's own.
    plain: Sequence[Any] = values.tolist() if hasattr(values, "tolist") else list(values)
    return plain


def _dictionary(
    block: Mapping[Any, Any], columns: Mapping[str, tuple[Kind, Sequence[Any]]]
) -> dict[str, Any]:
    """Return columns as lists, or as numpy's arrays where the block has such."""
    if not any(hasattr(values, "dtype") for values in block.values()):
        return {name: list(values) for name, (_, values) in columns.items()}
    import numpy as np

    found: dict[str, Any] = {}
    for name, (kind, values) in columns.items():
        # Of objects: numpy has no missing text or whole number.
        array = np.empty(len(values), dtype=object)
        array[:] = _rounded(kind, values)
        found[name] = array
    return found


def _rounded(kind: Kind, values: Sequence[Any]) -> list[Any]:
    if kind != "usd":
        return list(values)
    return [None if usd is None else usd.quantize(_USD_STEP) for usd in values]
