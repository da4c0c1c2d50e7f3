"""Requests that may have side effects, and those that can't."""

from typing import Any

import pytest

from llmring import LLMRequest
from llmring.chat.parsed_request import parse_request
from llmring.routing.side_effects import may_act

MCP = {"type": "mcp", "server_label": "crm", "server_url": "https://crm.example"}


@pytest.mark.parametrize(
    "tool", [MCP, {"type": "computer_use_preview"}, {"type": "new_thing"}, {"mcpServers": []}]
)
def test_a_tool_of_the_provider_s_may_act(tool: dict[str, Any]) -> None:
    assert may_act(parse_request(LLMRequest("fast", "Hi", tools=[tool])))


@pytest.mark.parametrize(
    "tool",
    [
        {"name": "pay", "parameters": {}},
        {"type": "custom", "custom": {"name": "formula"}},
        {"type": "namespace", "name": "agents", "tools": [{"type": "function", "name": "close"}]},
        {"type": "web_search_20250305", "name": "web_search"},
        {"google_search": {}},
        {"googleSearch": {}},
        {"codeExecution": {}},
        {"type": "bash_20250124", "name": "bash"},
        {"type": "local_shell"},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ],
)
def test_functions_of_the_caller_s_and_tools_that_look_things_up_can_not(
    tool: dict[str, Any],
) -> None:
    assert not may_act(parse_request(LLMRequest("fast", "Hi", tools=[tool])))


def test_metadata_repeatable_allows_repeating_a_request() -> None:
    assert not may_act(
        parse_request(LLMRequest("fast", "Hi", tools=[MCP], metadata={"repeatable": True}))
    )
