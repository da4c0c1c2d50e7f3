"""What calls cost more than their tokens."""

from decimal import Decimal
from typing import Any

import pytest

from llmring.chat.events import Usage
from llmring.chat.parsed_request import OwnFields, ParsedRequest
from llmring.chat.tools import ProviderTool
from llmring.registry.cost_extras import (
    NO_EXTRAS,
    USE_USD,
    CostExtras,
    asked_extras,
    used_extras,
)


def request(**fields: Any) -> ParsedRequest:
    return ParsedRequest(turns=(), **fields)


@pytest.mark.parametrize(
    ("fields", "extras"),
    [
        ({}, NO_EXTRAS),
        ({"tools": [ProviderTool({"type": "web_search"})]}, CostExtras(1)),
        ({"tools": [ProviderTool({"type": "web_search", "max_uses": 4})]}, CostExtras(4)),
        ({"tools": [ProviderTool({"type": "web_search", "max_uses": 10**9})]}, CostExtras(10)),
        ({"tools": [ProviderTool({"type": "web_search", "max_uses": -5})]}, CostExtras(1)),
        ({"extra_params": {"service_tier": "priority"}}, CostExtras(0, "priority")),
        ({"own": OwnFields(dialect="a", fields={"speed": "fast"})}, CostExtras(0, "fast")),
        ({"extra_params": {"service_tier": 5}}, NO_EXTRAS),
    ],
)
def test_g163_what_a_request_may_cost_more_is_known_before_it_is_sent(
    fields: dict[str, Any], extras: CostExtras
) -> None:
    assert asked_extras(request(**fields)) == extras


def test_what_an_answer_has_cost_more_is_in_its_usage() -> None:
    usage = Usage(provider_tool_calls=2, service_tier="priority")

    assert used_extras(usage).added_to(Decimal(1)) == 2 + 2 * USE_USD
    assert used_extras(None).added_to(Decimal(1)) == 1


@pytest.mark.parametrize("tier", ["flex", "batch", "anything"])
def test_a_service_class_that_is_not_known_to_be_dear_costs_as_usual(tier: str) -> None:
    assert CostExtras(0, tier).added_to(Decimal(1)) == 1
