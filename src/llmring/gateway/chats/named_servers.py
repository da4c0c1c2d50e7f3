"""Servers that a client's request names, for a provider to call them.

The gateway calls no address of a request. But providers do, for tools of MCP: with such a request a
client would have the gateway's providers call any server, so the lockfile has to allow it.

https://platform.openai.com/docs/guides/tools-connectors-mcp
https://platform.claude.com/docs/en/agents-and-tools/mcp-connector
https://ai.google.dev/api/caching#Tool
"""

from __future__ import annotations

from collections.abc import Collection

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.tools import ProviderTool
from llmring.gateway.refusals import ForbiddenError

MCP = "mcp"


def check_named_servers(request: ParsedRequest, allowed: Collection[str]) -> None:
    """Check that a request names no servers for a provider to call, or that it may.

    Args:
        request: The request.
        allowed: The values of `allow` in the lockfile's `[gateway]`.

    Raises:
        ForbiddenError: It may not.
    """
    if MCP not in allowed and _names_servers(request):
        raise ForbiddenError(
            "this gateway lets no client name MCP servers for a provider to call; use them through "
            'the client, or set allow = ["mcp"] in [gateway] of the lockfile'
        )


def _names_servers(request: ParsedRequest) -> bool:
    own = request.own
    if own is not None and own.fields.get("mcp_servers"):
        return True
    return any(
        tool.definition.get("type") == MCP or "mcpServers" in tool.definition
        for tool in request.tools
        if isinstance(tool, ProviderTool)
    )
