"""Policies: merged from profile and binding, weights, and what they limit."""

from typing import Any

import msgspec
import pytest

from llmring.lockfile.document import ModelRef
from llmring.routing.estimate import TokenEstimate
from llmring.routing.policy import Policy, Rules, limits, policy_of, weighs

A, B = ModelRef("openai", "a"), ModelRef("openai", "b")


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
def test_a_policy_limits_or_chooses_only_by_the_keys_that_it_has(
    keys: dict[str, Any], limited: bool, weighed: bool
) -> None:
    policy = Policy(**keys)

    assert (limits(policy), weighs(policy)) == (limited, weighed)


def test_the_binding_overrides_the_profile_key_by_key() -> None:
    profile = {"retries": 1, "timeout": 60, "needs": ["tools"]}
    binding = {"retries": 2}

    assert policy_of(profile, binding) == Policy(retries=2, timeout=60, needs=("tools",))


def test_keys_next_to_a_policy_table_override_those_inside_it() -> None:
    assert policy_of({"retries": 3, "policy": {"retries": 1, "rpm": 9}}) == Policy(retries=3, rpm=9)


def test_a_policy_table_of_the_binding_overrides_plain_keys_of_the_profile() -> None:
    assert policy_of({"retries": 3, "rpm": 9}, {"policy": {"retries": 1}}) == Policy(
        retries=1, rpm=9
    )


def test_without_any_key_the_policy_is_the_usual_one() -> None:
    assert policy_of() == policy_of({}, {}) == policy_of({"policy": {}}) == Policy()


def test_the_given_tables_are_not_changed() -> None:
    profile: dict[str, Any] = {"policy": {"retries": 1}, "rpm": 1}

    policy_of(profile, {"policy": {"retries": 2}, "rpm": 2})

    assert profile == {"policy": {"retries": 1}, "rpm": 1}


@pytest.mark.parametrize("table", [{"retrys": 1}, {"strategy": "random"}, {"retries": "two"}])
def test_a_key_or_value_that_is_unknown_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        policy_of(table)


@pytest.mark.parametrize(
    ("weights", "first", "second"),
    [
        (None, 1.0, 1.0),
        ((3, 1), 3.0, 1.0),
        ((3,), 3.0, 0.0),
        ({"openai:b": 2}, 0.0, 2.0),
    ],
)
def test_a_model_without_a_weight_of_its_own_is_never_first_if_others_have_one(
    weights: Any, first: float, second: float
) -> None:
    policy = Policy(weights=weights)

    assert (policy.weight(0, A), policy.weight(1, B)) == (first, second)


def test_calls_are_counted_together_by_lockfile_profile_and_alias() -> None:
    def key(lockfile: str, profile: str, alias: str) -> str:
        return Rules(
            policy=Policy(),
            alias=alias,
            profile=profile,
            lockfile=lockfile,
            estimate=TokenEstimate(1, 1),
        ).key

    assert key("l", "p", "a") == key("l", "p", "a")
    assert (
        len({key("l", "p", "a"), key("m", "p", "a"), key("l", "q", "a"), key("l", "p", "b")}) == 4
    )
