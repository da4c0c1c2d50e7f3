"""The tools that servers with the Responses API run themselves, or define for clients to run.

https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools
https://developers.openai.com/api/docs/guides/tools-web-search
https://docs.x.ai/docs/guides/tools/overview
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.dialects.foreign.server_tools import (
    SearchTool,
    ServerTools,
    WebSearch,
    place_of,
    texts_in,
)

_OWN = frozenset(
    {
        "apply_patch",
        "code_execution",
        "code_interpreter",
        "collections_search",
        "computer",
        "computer_use_preview",
        "file_search",
        "image_generation",
        "local_shell",
        "mcp",
        "programmatic_tool_calling",
        "shell",
        "tool_search",
        "x_search",
    }
)
_SEARCHES = frozenset(
    {
        "web_search",
        "web_search_2025_08_26",
        "web_search_preview",
        "web_search_preview_2025_03_11",
    }
)
_NAME = "web_search"
_KNOWN = frozenset({"external_web_access", "filters", "type", "user_location"})


def owns(definition: Mapping[str, Any]) -> bool:
    """Return True if a tool has a form of this API."""
    kind = definition.get("type")
    # Some servers with Chat Completions have the options under the name of the type.
    return isinstance(kind, str) and kind in _OWN | _SEARCHES and kind not in definition


def search_of(definition: Mapping[str, Any]) -> WebSearch | None:
    """Return the search of the web that a tool is, if another API may have it.

    None has a search without access to the web, in what the vendor has stored.
    """
    if not owns(definition) or definition["type"] not in _SEARCHES:
        return None
    if definition.get("external_web_access") is False:
        return None
    filters = definition.get("filters") or {}
    if not isinstance(filters, Mapping) or filters.keys() - {"allowed_domains"}:
        return None
    return WebSearch(
        allowed=texts_in(filters.get("allowed_domains")),
        place=place_of(definition.get("user_location")),
        others=tuple(
            name for name, value in definition.items() if name not in _KNOWN and value is not None
        ),
    )


def search_with(search: WebSearch) -> SearchTool | None:
    """Return this API's tool for a search; None for one that blocks domains."""
    if search.blocked:
        return None
    definition: dict[str, Any] = {"type": _NAME}
    if search.allowed:
        definition["filters"] = {"allowed_domains": list(search.allowed)}
    if search.place:
        definition["user_location"] = {"type": "approximate", **search.place}
    return SearchTool(definition=definition, name=_NAME, lost=search.others)


SERVER_TOOLS = ServerTools(owns=owns, search_of=search_of, search_with=search_with)
