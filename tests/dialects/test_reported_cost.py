"""Costs that servers report, each in a field of its own."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.reported_cost import COST_FIELDS, CostField, SentCosts, reported_cost
from llmring.dialects.reported_cost import sent_costs as sent
from llmring.lockfile.schema.keys import PROVIDER
from llmring.lockfile.schema.shapes import Choice, Items
from llmring.wire import HttpHead

WHOLE = HttpHead(200, {"content-type": "application/json"})


def costs(field: CostField, **fields: Any) -> Decimal | None:
    found = reported_cost([field], sent(SentCosts(**fields)), WHOLE)
    return None if found is None else found.usd


@pytest.mark.parametrize(
    ("field", "fields", "usd"),
    [
        ("cost", {"cost": 0.00105}, "0.00105"),
        ("cost", {"cost": 0}, "0"),
        ("cost", {"cost": 5.4e-06}, "0.0000054"),
        ("cost", {"cost": "0.0031"}, "0.0031"),
        ("cost", {"cost": {"request_cost": 0.005, "total_cost": 0.00504}}, "0.00504"),
        ("cost_in_usd_ticks", {"cost_in_usd_ticks": 37756000}, "0.0037756"),
        ("cost_in_usd_ticks", {"cost_in_usd_ticks": 0}, "0"),
        ("estimated_cost", {"estimated_cost": 1.9e-06}, "0.0000019"),
    ],
)
def test_a_cost_is_read_from_the_field_of_the_server(
    field: CostField, fields: dict[str, Any], usd: str
) -> None:
    assert costs(field, **fields) == Decimal(usd)


@pytest.mark.parametrize(
    ("own_key", "upstream", "usd"),
    [
        (True, 0.019, "0.02"),
        (False, 0.001, "0.001"),
        (False, None, "0.001"),
        # Without the mark, no router pays more than it takes.
        (None, 0.019, "0.02"),
        (None, 0.001, "0.001"),
    ],
)
def test_with_the_user_s_own_key_the_bill_of_the_vendor_behind_a_router_counts_too(
    own_key: bool | None, upstream: float | None, usd: str
) -> None:
    details = {"upstream_inference_cost": upstream}

    assert costs("cost", cost=0.001, cost_details=details, is_byok=own_key) == Decimal(usd)


@pytest.mark.parametrize(
    "nonsense", [None, True, -0.5, "much", {}, [1], "NaN", "Infinity", {"a": 1}]
)
@pytest.mark.parametrize("field", COST_FIELDS[1:])
def test_what_is_no_amount_is_no_cost(field: CostField, nonsense: Any) -> None:
    assert costs(field, **{field: nonsense}) is None


def test_a_server_s_cost_is_only_read_from_its_own_field() -> None:
    assert costs("estimated_cost", cost=0.5) is None
    assert reported_cost([], sent(SentCosts(cost=0.5)), WHOLE) is None


def test_a_cost_in_the_header_is_that_of_a_whole_reply_and_never_of_a_stream() -> None:
    headers = {"x-litellm-response-cost": "3.45e-05", "content-type": "application/json"}
    stream = {**headers, "content-type": "text/event-stream"}

    [found, none] = [
        reported_cost(["x-litellm-response-cost"], None, HttpHead(200, each))
        for each in (headers, stream)
    ]

    assert found is not None
    assert (found.usd, found.field) == (Decimal("0.0000345"), "x-litellm-response-cost")
    assert none is None


def test_the_first_field_that_has_a_cost_counts() -> None:
    fields: list[CostField] = ["x-litellm-response-cost", "cost"]

    found = reported_cost(fields, sent(SentCosts(cost=0.25)), WHOLE)

    assert found is not None
    assert (found.usd, found.field) == (Decimal("0.25"), "usage.cost")


@given(st.floats(0, 1e6, allow_nan=False, allow_infinity=False))
def test_an_amount_has_the_digits_that_were_sent(amount: float) -> None:
    assert costs("cost", cost=amount) == Decimal(str(amount))


def test_a_lockfile_can_name_every_field() -> None:
    shape = PROVIDER["reports_cost"]

    assert isinstance(shape, Items)
    assert isinstance(shape.each, Choice)
    assert shape.each.options == COST_FIELDS
