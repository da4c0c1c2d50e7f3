"""Periods and amounts of budgets."""

from datetime import date, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.limits.counts import end_of, label_of, nanos, usd_of
from llmring.routing.account import Period

PERIODS = st.sampled_from(["day", "week", "month"])


@given(PERIODS, st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_period_has_one_label_up_to_its_end(period: Period, day: date) -> None:
    end = end_of(period, day)

    assert end is not None
    assert end > day
    assert label_of(period, end) != label_of(period, day)
    assert label_of(period, end - timedelta(1)) == label_of(period, day)


@pytest.mark.parametrize(
    ("period", "label"),
    [("day", "2026-12-01"), ("week", "week 2026-11-30"), ("month", "2026-12"), ("total", "total")],
)
def test_each_period_has_labels_of_its_own(period: Period, label: str) -> None:
    assert label_of(period, date(2026, 12, 1)) == label


def test_a_budget_without_a_period_has_no_end() -> None:
    assert end_of("total", date(2026, 12, 1)) is None


@given(st.decimals(0, 1000, places=12), st.decimals(0, 1000, places=12))
def test_a_count_is_never_below_what_was_spent(one: Decimal, other: Decimal) -> None:
    with localcontext(prec=50):
        together = nanos(one) + nanos(other)

        assert 0 <= usd_of(together) - (one + other) < Decimal("2e-9")


def test_an_application_s_decimal_context_changes_no_count() -> None:
    with localcontext(prec=2):
        assert nanos(Decimal("1.234567891")) == 1_234_567_891
        assert usd_of(1_234_567_891) == Decimal("1.234567891")
