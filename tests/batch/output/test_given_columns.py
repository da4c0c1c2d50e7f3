from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from llmring.batch.output.given_columns import names_in, types_in
from llmring.batch.row import InputRow, RowProblem


def rows(*values: dict[str, Any]) -> list[InputRow | RowProblem]:
    found = [InputRow(at, f"row-{at}", each, f"line {at + 1}") for at, each in enumerate(values)]
    return [*found[:-1], RowProblem(found[-1], "is empty")]


def test_b7_columns_of_later_rows_come_behind_the_known_ones() -> None:
    assert names_in(rows({"b": 1}, {"a": 2, "c": 3}), ["a"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([None, 1], "int64"),
        ([1, 2.5], "double"),
        ([2**53 + 2, 2.5], "string"),
        ([2**60], "int64"),
        ([2**64], "string"),
        ([True, None], "bool"),
        ([True, 1], "string"),
        ([1, "x"], "string"),
        ([b"x"], "binary"),
        ([None], "string"),
        ([date(2026, 1, 1)], "date32[day]"),
        ([datetime(2026, 1, 1, tzinfo=UTC)], "timestamp[us, tz=UTC]"),
        ([Decimal("1.5"), Decimal("10.25")], "decimal128(4, 2)"),
        ([[1], None, [2.5]], "list<item: double>"),
        ([{"x": 1}, {"y": "a"}], "struct<x: int64, y: string>"),
        ([{}], "string"),
        ([[{}]], "string"),
        ([{"x": 1}, 2], "string"),
    ],
    ids=str,
)
def test_b7_a_type_holds_all_values_of_a_column(values: Sequence[Any], expected: str) -> None:
    found = types_in(pa, rows(*({"x": value} for value in values)), ["x"])

    assert str(found["x"]) == expected


def test_b7_a_type_is_not_that_of_the_first_rows() -> None:
    values: list[dict[str, Any]] = [
        *({"x": None, "y": 1, "z": 1} for _ in range(5000)),
        {"x": 1, "y": 1.5, "z": "a"},
    ]

    found = types_in(pa, rows(*values), ["x", "y", "z"])

    assert [str(kind) for kind in found.values()] == ["int64", "double", "string"]
