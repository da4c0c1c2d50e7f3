"""The tools that Google's Gemini API has."""

from __future__ import annotations

from typing import Any

import pytest
from google.genai import types

from llmring.dialects.foreign.server_tools import WebSearch
from llmring.dialects.gemini.field_names import camel
from llmring.dialects.gemini.server_tools import owns, search_of, search_with

# The tools in the vendor's own SDK, functions apart.
NAMES = sorted(types.Tool.model_fields.keys() - {"function_declarations"})


@pytest.mark.parametrize("name", NAMES)
def test_every_tool_of_the_sdk_is_one_of_this_api_in_each_spelling(name: str) -> None:
    assert owns({name: {}})
    assert owns({camel(name): {}})
    assert owns({"type": name})


@pytest.mark.parametrize(
    "definition",
    [{"type": "web_search"}, {"type": "custom", "name": "a"}, {"brandNew": {}}, {}],
)
def test_other_tools_are_not(definition: dict[str, Any]) -> None:
    assert not owns(definition)
    assert search_of(definition) is None


@pytest.mark.parametrize(
    "definition",
    [
        {"google_search": {"time_range_filter": {"startTime": "a"}, "searchTypes": None}},
        {"type": "google_search", "timeRangeFilter": {"startTime": "a"}},
    ],
)
def test_a_search_is_read_with_its_options(definition: dict[str, Any]) -> None:
    assert search_of(definition) == WebSearch(others=("timeRangeFilter",))


@pytest.mark.parametrize(
    "definition",
    [{"googleSearch": {"exclude_domains": ["a.example"]}}, {"enterpriseWebSearch": {}}],
)
def test_a_search_with_limits_of_its_own_is_not_that_of_another_api(
    definition: dict[str, Any],
) -> None:
    assert search_of(definition) is None


def test_a_search_is_written_without_what_it_lacks() -> None:
    found = search_with(WebSearch(place={"city": "Bern"}, others=("max_uses",)))

    assert found is not None
    assert (found.definition, found.name) == ({"googleSearch": {}}, None)
    assert found.lost == ("max_uses", "user_location")
    assert search_with(WebSearch(allowed=["a.example"])) is None
