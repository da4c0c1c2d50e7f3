"""Prices and amounts as commands print them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.chat.cost import Cost
from llmring.registry.catalog import Rates
from llmring.registry.money import before_and_after, pair, plain_cost, priced, signed, usd
from llmring.registry.price import Unpriced

AMOUNTS = st.decimals(-(10**6), 10**6, allow_nan=False, places=9)


def test_a_pair_of_prices_has_input_before_output() -> None:
    assert pair(Rates(input=Decimal("0.15"), output=Decimal("0.6"))) == "$0.15/$0.60"
    assert pair(None) == "unknown"


def test_a_change_is_shown_as_an_arrow_and_equal_values_once() -> None:
    assert before_and_after("$1", "$2") == "$1 → $2"
    assert before_and_after("$1", "$1") == "$1"


def test_unknown_prices_have_no_unit() -> None:
    assert priced("$1/$2") == "$1/$2 per million tokens in/out"
    assert priced("unknown") == "unknown"


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("1", "$1.00"),
        ("1234567.891", "$1,234,567.89"),
        ("0.5", "$0.50"),
        ("0.05", "$0.050"),
        ("0.00012345", "$0.00012"),
        ("-0.00012345", "-$0.00012"),
        ("-3", "-$3.00"),
    ],
)
def test_an_amount_below_a_dollar_keeps_two_significant_digits(amount: str, text: str) -> None:
    assert usd(Decimal(amount)) == text


@given(AMOUNTS)
def test_an_amount_is_never_off_by_more_than_a_twentieth_of_itself(amount: Decimal) -> None:
    shown = Decimal(usd(amount).replace("$", "").replace(",", ""))

    assert abs(shown - amount) <= max(abs(amount) / 20, Decimal(0))


@given(AMOUNTS)
def test_a_signed_amount_begins_with_its_sign(amount: Decimal) -> None:
    assert signed(amount)[0] == ("-" if amount < 0 else "+")
    assert signed(amount).lstrip("+") == usd(amount)


def test_a_cost_is_an_exact_text_or_the_reason_why_it_is_unknown() -> None:
    exact = Cost(Decimal("0.00000015"), Decimal(0), Decimal(0), Decimal("0.10"))

    assert plain_cost(exact) == {"cost": "0.10000015", "reason": None}
    assert plain_cost(Unpriced("no price")) == {"cost": None, "reason": "no price"}
