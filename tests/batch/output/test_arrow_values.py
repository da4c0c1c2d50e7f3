from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from llmring.batch.output.arrow_values import DECIMALS, MisfitError, as_json, fitter

COST = pa.decimal128(*DECIMALS)
POINT = pa.struct([("x", pa.int64()), ("more", pa.string())])


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (pa.string(), {"a": [1]}, '{"a":[1]}'),
        (pa.string(), "plain", "plain"),
        (pa.int64(), 3.0, 3),
        (pa.float64(), 3, 3.0),
        (pa.bool_(), False, False),
        (COST, Decimal("1E-7"), Decimal("0.000000100000000000")),
        (pa.list_(pa.float64()), [1, None], [1.0, None]),
        (POINT, {"x": 1, "more": [2], "other": 3}, {"x": 1, "more": "[2]"}),
        (POINT, {}, {"x": None, "more": None}),
        (pa.list_(POINT), [{"x": 1}], [{"x": 1, "more": None}]),
        (pa.binary(), b"x", b"x"),
    ],
    ids=str,
)
def test_b6_values_are_made_to_fit(kind: Any, value: Any, expected: Any) -> None:
    fit = fitter(pa, kind)

    assert fit(value) == expected
    assert pa.array([expected, None], kind).to_pylist()[0] == expected


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.int64(), pa.float64(), pa.bool_(), COST, pa.list_(pa.int64()), POINT],
    ids=str,
)
def test_b6_null_fits_every_type(kind: Any) -> None:
    assert fitter(pa, kind)(None) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.int64(), 2**63),
        (pa.int64(), 1.5),
        (pa.int64(), True),
        (pa.float64(), "1"),
        (pa.float64(), 10**400),
        (pa.bool_(), 1),
        (COST, "x"),
        (COST, Decimal(10) ** 30),
        (pa.list_(pa.int64()), "ab"),
        (POINT, [1]),
    ],
    ids=str,
)
def test_b6_a_value_that_does_not_fit_is_not_bent(kind: Any, value: Any) -> None:
    with pytest.raises(MisfitError):
        fitter(pa, kind)(value)


def test_b7_decimals_in_json_keep_their_digits() -> None:
    assert as_json({"a": [Decimal("0.10")]}) == '{"a":["0.10"]}'
