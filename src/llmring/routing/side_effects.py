"""Requests that may have side effects, which must not be repeated automatically."""

from __future__ import annotations

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.tools import ProviderTool

# Tools run by providers that only look things up, or work in a temporary sandbox. Others, such as
# remote MCP servers, may do anything.
_HARMLESS = (
    "code_execution",
    "code_interpreter",
    "file_search",
    "google_maps",
    "google_search",
    "image_generation",
    "retrieval",
    "tool_search",
    "url_context",
    "web_fetch",
    "web_search",
)


def may_act(request: ParsedRequest) -> bool:
    """Return True if the provider may act on the world to answer this request.

    Return False with `metadata={"repeatable": True}`, which allows the request to be repeated.
    """
    if not request.tools or (request.metadata and request.metadata.get("repeatable")):
        return False
    return any(isinstance(tool, ProviderTool) and not _is_harmless(tool) for tool in request.tools)


def _is_harmless(tool: ProviderTool) -> bool:
    kind = tool.definition.get("type") or next(iter(tool.definition), "")
    # The caller runs custom tools, and those in namespaces.
    return kind in ("custom", "namespace") or str(kind).startswith(_HARMLESS)
