"""Service classes with prices of their own."""

import pytest

from llmring.dialects.service_tier import unusual


@pytest.mark.parametrize(
    "tier", ["default", "STANDARD", "auto", "ON_DEMAND", "", None, 5, ["flex"]]
)
def test_the_usual_or_an_unknown_class_is_not_reported(tier: object) -> None:
    assert unusual(tier) is None


@pytest.mark.parametrize("tier", ["flex", "Priority", "ON_DEMAND_FLEX"])
def test_another_class_is_reported_in_lower_case(tier: str) -> None:
    assert unusual(tier) == tier.lower()
