"""The tools that servers with Chat Completions have."""

from __future__ import annotations

from typing import Any

import pytest

from llmring.dialects.openai_chat.server_tools import SERVER_TOOLS, owns


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "custom", "custom": {"name": "a"}},
        {"type": "web_search", "web_search": {"enable": True}},
        {"type": "builtin_function", "function": {"name": "$web_search"}},
        {"type": "openrouter:web_search"},
    ],
)
def test_tools_of_servers_with_this_api_are_known(definition: dict[str, Any]) -> None:
    assert owns(definition)
    assert SERVER_TOOLS.search_of(definition) is None


@pytest.mark.parametrize(
    "definition",
    [{"type": "web_search"}, {"type": "web_search_20250305"}, {"googleSearch": {}}, {}],
)
def test_other_tools_are_not(definition: dict[str, Any]) -> None:
    assert not owns(definition)
