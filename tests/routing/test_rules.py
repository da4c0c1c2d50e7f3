"""Policies that limit calls, and policies that choose between models."""

from typing import Any

import pytest

from llmring.routing.policy import Policy, limits, weighs


@pytest.mark.parametrize(
    ("keys", "limited", "weighed"),
    [
        ({}, False, False),
        ({"retries": 2, "timeout": 5.0}, False, False),
        ({"max_concurrency": 1}, True, False),
        ({"rpm": 1}, True, False),
        ({"tpm": 1}, True, False),
        ({"daily_budget": 1.0}, True, True),
        ({"max_cost_per_request": 1.0}, False, True),
        ({"max_price_ratio": 2.0}, False, True),
        ({"strategy": "fastest"}, False, True),
    ],
)
def test_a_policy_is_asked_only_for_what_it_sets(
    keys: dict[str, Any], limited: bool, weighed: bool
) -> None:
    policy = Policy(**keys)

    assert (limits(policy), weighs(policy)) == (limited, weighed)
