"""The tools that Anthropic's API runs itself, or defines for clients to run.

https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-reference
https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from llmring.dialects.foreign.server_tools import (
    SearchTool,
    ServerTools,
    WebSearch,
    place_of,
    texts_in,
)

# Each version has its date, such as web_search_20250305.
_OWN = re.compile(r"[a-z0-9_]+_20\d{6}|tool_search_tool_(regex|bm25)|mcp_toolset")
_SEARCH = "web_search_"
_NAME = "web_search"

_KNOWN = frozenset(
    {
        "allowed_callers",
        "allowed_domains",
        "blocked_domains",
        "cache_control",
        "defer_loading",
        "name",
        "strict",
        "type",
        "user_location",
    }
)


def owns(definition: Mapping[str, Any]) -> bool:
    """Return True if a tool has a form of this API."""
    return _OWN.fullmatch(str(definition.get("type"))) is not None


def search_of(definition: Mapping[str, Any]) -> WebSearch | None:
    """Return the search of the web that a tool is; None if it is another tool."""
    if not owns(definition) or not str(definition["type"]).startswith(_SEARCH):
        return None
    return WebSearch(
        allowed=texts_in(definition.get("allowed_domains")),
        blocked=texts_in(definition.get("blocked_domains")),
        place=place_of(definition.get("user_location")),
        others=tuple(
            name for name, value in definition.items() if name not in _KNOWN and value is not None
        ),
    )


def search_with(search: WebSearch) -> SearchTool | None:
    """Return this API's tool for a search, in the version that all models take."""
    if search.allowed and search.blocked:
        # The API takes either of them.
        return None
    definition: dict[str, Any] = {"type": "web_search_20250305", "name": _NAME}
    if search.allowed:
        definition["allowed_domains"] = list(search.allowed)
    if search.blocked:
        definition["blocked_domains"] = list(search.blocked)
    if search.place:
        definition["user_location"] = {"type": "approximate", **search.place}
    return SearchTool(definition=definition, name=_NAME, lost=search.others)


SERVER_TOOLS = ServerTools(owns=owns, search_of=search_of, search_with=search_with)
