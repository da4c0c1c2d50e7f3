"""Requests that may have side effects, which must not be repeated automatically."""

from __future__ import annotations

import re

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.tools import ProviderTool

# Tools run by providers that only look things up, or work in a temporary sandbox. Others, such as
# remote MCP servers, may do anything.
_HARMLESS = (
    "code_execution",
    "code_interpreter",
    "enterprise_web_search",
    "exa_ai_search",
    "file_search",
    "google_maps",
    "google_search",
    "image_generation",
    "parallel_ai_search",
    "retrieval",
    "tool_search",
    "url_context",
    "web_fetch",
    "web_search",
)

# Tools that a provider defines and the caller runs; the model only asks for them.
# https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview
# https://platform.openai.com/docs/api-reference/responses/create#responses-create-tools
_OF_THE_CALLER = (
    "apply_patch",
    "bash_",
    "custom",
    "local_shell",
    "memory_",
    "namespace",
    "text_editor_",
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
    # Google's names have two spellings.
    name = re.sub(r"(?<=[a-z])([A-Z])", lambda match: "_" + match[1].lower(), str(kind))
    return name.startswith((*_HARMLESS, *_OF_THE_CALLER))
