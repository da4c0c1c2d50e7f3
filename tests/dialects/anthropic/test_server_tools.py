"""The tools that Anthropic's API has."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest
from anthropic.types.beta import BetaToolUnionParam

from llmring.dialects.anthropic.server_tools import owns, search_of, search_with
from llmring.dialects.foreign.server_tools import WebSearch

# The types of the tools in the vendor's own SDK, functions apart.
TYPES = sorted(
    {
        kind
        for tool in get_args(BetaToolUnionParam)
        for hint in get_args(get_type_hints(tool).get("type"))
        for kind in (hint if isinstance(hint, tuple) else (hint,))
        if isinstance(kind, str)
    }
    - {"custom"}
)


@pytest.mark.parametrize("kind", TYPES)
def test_every_tool_of_the_sdk_is_one_of_this_api(kind: str) -> None:
    assert owns({"type": kind, "name": "a"})
    assert (search_of({"type": kind}) is not None) == kind.startswith("web_search_")


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "custom", "name": "a", "input_schema": {}},
        {"type": "web_search"},
        {"type": "web_search_2025_08_26"},
        {"googleSearch": {}},
        {},
    ],
)
def test_other_tools_are_not(definition: dict[str, Any]) -> None:
    assert not owns(definition)
    assert search_of(definition) is None


def test_a_search_is_read_with_its_options() -> None:
    found = search_of(
        {
            "type": "web_search_20250305",
            "name": "web_search",
            "allowed_domains": ["a.example"],
            "blocked_domains": None,
            "cache_control": {"type": "ephemeral"},
            "max_uses": 8,
            "user_location": {"type": "approximate", "city": "Bern"},
        }
    )

    assert found == WebSearch(allowed=("a.example",), place={"city": "Bern"}, others=("max_uses",))


def test_a_search_is_written_with_either_list_of_domains() -> None:
    found = search_with(WebSearch(blocked=["a.example"], others=("x",)))

    assert found is not None
    assert (found.name, found.lost) == ("web_search", ("x",))
    assert found.definition == {
        "type": "web_search_20250305",
        "name": "web_search",
        "blocked_domains": ["a.example"],
    }
    assert search_with(WebSearch(allowed=["a.example"], blocked=["b.example"])) is None
