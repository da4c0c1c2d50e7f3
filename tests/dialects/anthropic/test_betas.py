"""The header that enables Anthropic's beta features."""

from __future__ import annotations

from typing import Any

from llmring.chat.parsed_request import parse_request
from llmring.chat.parts import ProviderPart
from llmring.chat.request import LLMRequest, Message
from llmring.chat.tools import Tool
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks

WEATHER = Tool("weather", "Returns the weather.", {"type": "object", "properties": {"city": {}}})


def payload(request: LLMRequest, *, stream: bool = False) -> dict[str, Any]:
    return DIALECT.encode(
        parse_request(request), "claude-haiku-4-5", stream=stream, quirks=Quirks()
    ).payload


def betas(request: LLMRequest) -> str | None:
    headers = DIALECT.encode(parse_request(request), "m", stream=False, quirks=Quirks()).headers
    return headers.get("anthropic-beta")


def test_a_plain_request_has_no_beta_header() -> None:
    assert betas(LLMRequest(messages="Hi", tools=[WEATHER], reasoning_tokens=2000)) is None


def test_betas_are_sent_in_the_header_only() -> None:
    request = LLMRequest(messages="Hi", extra_params={"betas": ["one-2025-01-01", "two"]})

    assert betas(request) == "one-2025-01-01,two"
    assert betas(LLMRequest(messages="Hi", extra_params={"betas": "one"})) == "one"
    assert "betas" not in payload(request)


def test_a_feature_adds_its_beta_unless_a_version_of_it_is_given() -> None:
    servers = [{"type": "url", "url": "https://example.org/mcp", "name": "it"}]
    computer = {"type": "computer_20251124", "name": "computer"}
    extra = {"mcp_servers": servers}
    older = extra | {"betas": ["mcp-client-2025-04-04"]}

    assert betas(LLMRequest(messages="Hi", extra_params=extra)) == "mcp-client-2025-11-20"
    assert betas(LLMRequest(messages="Hi", extra_params=older)) == "mcp-client-2025-04-04"
    assert betas(LLMRequest(messages="Hi", tools=[computer])) == "computer-use-2025-11-24"


def test_a_compaction_adds_its_beta_when_it_is_asked_for_and_when_it_is_in_the_history() -> None:
    edits = {"context_management": {"edits": [{"type": "compact_20260112"}]}}
    block = ProviderPart("anthropic", {"type": "compaction", "content": "So far."})
    history = [Message("user", "a"), Message("assistant", [block, "b"]), Message("user", "c")]

    asked = betas(LLMRequest(messages="Hi", extra_params=edits)) or ""
    assert "compact-2026-01-12" in asked.split(",")
    assert betas(LLMRequest(messages=history)) == "compact-2026-01-12"
