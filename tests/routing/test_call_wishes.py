"""The wishes of a caller, which make a policy stricter only."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.pacing.pacer import Pacer
from llmring.routing.call_wishes import CallWishes
from llmring.routing.policy import Policy

AMOUNTS = st.none() | st.floats(0.001, 1000)


@pytest.mark.parametrize(
    ("own", "wish", "most"),
    [(None, None, None), (0.5, None, 0.5), (None, 0.1, 0.1), (0.5, 0.1, 0.1), (0.1, 0.5, 0.1)],
)
def test_g028_the_stricter_one_of_two_costs_holds(
    own: float | None, wish: float | None, most: float | None
) -> None:
    policy = Policy(max_cost_per_request=own)

    assert CallWishes(max_cost=wish).within(policy).max_cost_per_request == most


@given(AMOUNTS, AMOUNTS)
def test_g028_no_wish_allows_more_than_the_lockfile(own: float | None, wish: float | None) -> None:
    policy = Policy(max_cost_per_request=own, retries=3, strategy="weighted")
    found = CallWishes(max_cost=wish, prefer="openai:a").within(policy)

    limit = found.max_cost_per_request
    assert own is None or (limit is not None and limit <= own)
    assert msgspec.structs.replace(found, max_cost_per_request=own) == policy


def test_without_wishes_a_policy_is_the_same_object() -> None:
    policy = Policy(max_cost_per_request=1.0)

    assert CallWishes().within(policy) is policy


def test_b21_a_call_with_patience_asks_each_model_once_and_one_at_a_time() -> None:
    policy = Policy(retries=3, hedge_after=0.5, timeout=20)

    assert CallWishes().at_leisure(policy) is policy
    assert CallWishes(patience=Pacer()).at_leisure(policy) == Policy(retries=0, timeout=20)
