"""Tools in every accepted form."""

from typing import Any

import pytest

from llmring import LLMRequest
from llmring.schemas import ProviderTool, Tool


@pytest.mark.parametrize(
    "given",
    [
        {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
        {"name": "f", "input_schema": {"type": "object"}},
        Tool("f", parameters={"type": "object"}),
    ],
)
def test_R20_tools_are_accepted_in_several_forms(given: Any) -> None:
    request = LLMRequest("fast", "Hi", tools=[given])

    assert request.toolset() == [Tool("f", parameters={"type": "object"})]


def test_extra_fields_are_kept_for_tools_in_anthropics_format() -> None:
    own = {"name": "f", "input_schema": {}, "defer_loading": True}
    others = {"type": "function", "name": "f", "parameters": {}, "defer_loading": True}

    assert LLMRequest("fast", "Hi", tools=[own, others]).toolset() == [
        Tool("f", extra={"defer_loading": True}),
        Tool("f"),
    ]


def test_R20_a_provider_tool_is_unchanged() -> None:
    request = LLMRequest("fast", "Hi", tools=[{"type": "code_execution"}])

    assert request.toolset() == [ProviderTool({"type": "code_execution"})]
