"""Requests that may do something in the world, which must not happen twice by itself."""

from __future__ import annotations

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.tools import ProviderTool

# Tools that providers run themselves and that only look things up, or work in a sandbox that is
# thrown away; others, such as remote MCP servers, may do anything.
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
    """Whether the provider may do something for this request that is more than an answer.

    `metadata={"repeatable": True}` says that it may be asked twice all the same.
    """
    if not request.tools or (request.metadata and request.metadata.get("repeatable")):
        return False
    return any(isinstance(tool, ProviderTool) and not _is_harmless(tool) for tool in request.tools)


def _is_harmless(tool: ProviderTool) -> bool:
    kind = tool.definition.get("type") or next(iter(tool.definition), "")
    # A custom tool is the caller's own, who gets the call and runs it.
    return kind == "custom" or str(kind).startswith(_HARMLESS)
