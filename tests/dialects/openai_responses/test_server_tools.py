"""The tools that servers with the Responses API have."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest
from openai.types.responses import ToolParam

from llmring.dialects.foreign.server_tools import WebSearch
from llmring.dialects.openai_responses.server_tools import owns, search_of, search_with

# The types of the tools in the vendor's own SDK; clients run the first three.
TYPES = sorted(
    {
        kind
        for tool in get_args(ToolParam)
        for kind in get_args(get_type_hints(tool)["type"])
        if isinstance(kind, str)
    }
    - {"custom", "function", "namespace"}
)


@pytest.mark.parametrize("kind", TYPES)
def test_every_tool_of_the_sdk_is_one_of_this_api(kind: str) -> None:
    assert owns({"type": kind})
    assert (search_of({"type": kind}) is not None) == kind.startswith("web_search")


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "custom", "name": "a"},
        {"type": "web_search_20250305", "name": "web_search"},
        {"type": "web_search", "web_search": {"enable": True}},
        {"googleSearch": {}},
        {"type": ["web_search"]},
        {},
    ],
)
def test_other_tools_are_not(definition: dict[str, Any]) -> None:
    assert not owns(definition)


def test_a_search_is_read_with_its_options() -> None:
    found = search_of(
        {
            "type": "web_search_preview",
            "external_web_access": True,
            "filters": {"allowed_domains": ["a.example"]},
            "search_context_size": "low",
            "user_location": {"type": "approximate", "country": "CH"},
        }
    )

    assert found == WebSearch(
        allowed=("a.example",), place={"country": "CH"}, others=("search_context_size",)
    )


@pytest.mark.parametrize(
    "options",
    [{"external_web_access": False}, {"filters": {"new": 1}}, {"filters": "a.example"}],
)
def test_a_search_with_limits_of_its_own_is_not_that_of_another_api(
    options: dict[str, Any],
) -> None:
    assert search_of({"type": "web_search", **options}) is None


def test_a_search_that_blocks_domains_has_no_equivalent() -> None:
    assert search_with(WebSearch(blocked=["a.example"])) is None
