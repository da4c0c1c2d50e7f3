"""The tools that Google's Gemini API runs itself.

https://ai.google.dev/api/caching#Tool
https://ai.google.dev/gemini-api/docs/google-search
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.dialects.foreign.server_tools import SearchTool, ServerTools, WebSearch
from llmring.dialects.gemini.field_names import camel

# Searches of the web, which the models of other vendors can make themselves.
SEARCHES = frozenset(
    {
        "enterpriseWebSearch",
        "exaAiSearch",
        "googleSearch",
        "googleSearchRetrieval",
        "parallelAiSearch",
    }
)

# The searches of Google's own index, today's and the earlier one.
_PLAIN = frozenset({"googleSearch", "googleSearchRetrieval"})

_OWN = SEARCHES | {
    "codeExecution",
    "computerUse",
    "fileSearch",
    "googleMaps",
    "mcpServers",
    "retrieval",
    "urlContext",
}


def owns(definition: Mapping[str, Any]) -> bool:
    """Return True if a tool has a form of this API: its name is the key, or the type."""
    return _name(definition) in _OWN


def search_of(definition: Mapping[str, Any]) -> WebSearch | None:
    """Return the search of the web that a tool is, if another API may have it."""
    if (name := _name(definition)) not in SEARCHES:
        return None
    options = {key: value for key, value in definition.items() if key != "type"}
    if "type" not in definition:
        [inner] = definition.values()
        options = dict(inner) if isinstance(inner, Mapping) else {}
    options = {camel(key): value for key, value in options.items() if value not in (None, [], {})}
    if name not in _PLAIN or "excludeDomains" in options:
        # Searches of other indexes, and what must not be found.
        return None
    return WebSearch(others=tuple(options))


def search_with(search: WebSearch) -> SearchTool | None:
    """Return this API's tool for a search; None for one that limits its domains."""
    if search.allowed or search.blocked:
        return None
    lost = (*search.others, *(("user_location",) if search.place else ()))
    return SearchTool(definition={"googleSearch": {}}, name=None, lost=lost)


def _name(definition: Mapping[str, Any]) -> str:
    kind = definition.get("type")
    if isinstance(kind, str):
        return camel(kind)
    return camel(next(iter(definition))) if len(definition) == 1 else ""


SERVER_TOOLS = ServerTools(owns=owns, search_of=search_of, search_with=search_with)
