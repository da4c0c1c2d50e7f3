"""Requests that name servers for a provider to call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmring.chat.parsed_request import ParsedRequest
from llmring.gateway.chats.named_servers import check_named_servers
from llmring.gateway.refusals import ForbiddenError
from llmring.providers.dialects import DialectName, dialect_named

HI = [{"role": "user", "content": "Hi"}]
URL = "https://tools.example.com/mcp"
NAMING: list[tuple[DialectName, dict[str, Any]]] = [
    (
        "openai_responses",
        {"input": "Hi", "tools": [{"type": "mcp", "server_label": "s", "server_url": URL}]},
    ),
    (
        "openai_responses",
        {"input": "Hi", "tools": [{"type": "mcp", "server_label": "s", "connector_id": "c"}]},
    ),
    ("openai_chat", {"messages": HI, "tools": [{"type": "mcp", "server_url": URL}]}),
    (
        "anthropic",
        {
            "max_tokens": 5,
            "messages": HI,
            "mcp_servers": [{"type": "url", "url": URL, "name": "s"}],
        },
    ),
    (
        "gemini",
        {
            "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
            "tools": [{"mcpServers": [{"streamableHttpTransport": {"url": URL}}]}],
        },
    ),
]
PLAIN: list[tuple[DialectName, dict[str, Any]]] = [
    ("openai_responses", {"input": URL, "tools": [{"type": "web_search"}]}),
    (
        "openai_chat",
        {"messages": HI, "tools": [{"type": "function", "function": {"name": "mcp"}}]},
    ),
    ("anthropic", {"max_tokens": 5, "messages": HI, "mcp_servers": []}),
]


def parsed(name: DialectName, body: dict[str, Any]) -> ParsedRequest:
    decode = dialect_named(name).request_decoding
    return decode()(json.dumps({"model": "x", **body}).encode(), {}).parsed(name)


@pytest.mark.parametrize(("name", "body"), NAMING)
def test_servers_are_named_only_where_the_lockfile_allows_it(
    name: DialectName, body: dict[str, Any]
) -> None:
    request = parsed(name, body)

    with pytest.raises(ForbiddenError, match="MCP"):
        check_named_servers(request, ())
    check_named_servers(request, ("mcp",))


@pytest.mark.parametrize(("name", "body"), PLAIN)
def test_other_requests_need_no_permission(name: DialectName, body: dict[str, Any]) -> None:
    check_named_servers(parsed(name, body), ())
