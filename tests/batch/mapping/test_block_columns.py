from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from llmring import ValidationError
from llmring.batch.mapping.block_columns import Kind, names_of, rows_of_block, with_columns

BLOCKS: list[Any] = [
    {"a": [1, None], "b": ["x", "y"]},
    {"a": np.array([1, None], dtype=object), "b": np.array(["x", "y"])},
    pa.table({"a": [1, None], "b": ["x", "y"]}),
    pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": ["x", "y"]}),
]
NEW: dict[str, tuple[Kind, list[Any]]] = {
    "usd": ("usd", [Decimal("0.1"), None]),
    "whole": ("whole", [None, 2]),
}


@pytest.mark.parametrize("block", BLOCKS, ids=["lists", "arrays", "table", "frame"])
def test_a_block_is_read_as_rows_and_gets_columns(block: Any) -> None:
    assert names_of(block) == ["a", "b"]
    assert [*rows_of_block(block)] == [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]

    found = [*rows_of_block(with_columns(block, NEW))]

    assert [(each["usd"], each["whole"]) for each in found] == [(Decimal("0.1"), None), (None, 2)]
    assert names_of(block) == ["a", "b"]


def test_numbers_of_numpy_become_plain() -> None:
    (row,) = rows_of_block({"a": np.array([1]), "v": np.array([[1.5, 2.5]])})

    assert type(row["a"]) is int
    assert row["v"] == [1.5, 2.5]


def test_costs_of_a_table_are_decimals_whatever_their_digits() -> None:
    third = Decimal(1) / 3
    found = with_columns(pa.table({"a": [1]}), {"usd": ("usd", [third])})

    assert found["usd"].to_pylist() == [third.quantize(Decimal("1e-18"))]


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        list(rows_of_block({"a": [1], "b": []}))


def test_other_values_are_no_blocks() -> None:
    with pytest.raises(ValidationError, match="list"):
        names_of([1])
