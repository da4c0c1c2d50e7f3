"""Cache marks in requests to Anthropic."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from llmring.chat.parsed_request import parse_request
from llmring.chat.request import LLMRequest, Message
from llmring.dialects.anthropic.dialect import DIALECT
from llmring.dialects.dialect import Quirks

MARKED = {"cache_control": {"type": "ephemeral"}}


def payload(request: LLMRequest) -> dict[str, Any]:
    return DIALECT.encode(parse_request(request), "m", stream=False, quirks=Quirks()).payload


def conversation(turns: int) -> list[Message]:
    """Build a marked system message and marked user messages."""
    message = [Message("user", f"{turn}", metadata=MARKED) for turn in range(turns)]
    return [Message("system", "Rules", metadata=MARKED), *message]


def marks(sent: dict[str, Any]) -> list[str]:
    """Return the texts of all marked blocks."""
    blocks = [*sent["system"], *(block for turn in sent["messages"] for block in turn["content"])]
    return [block["text"] for block in blocks if "cache_control" in block]


@pytest.mark.parametrize(
    ("cache", "sent"),
    [
        (True, {"type": "ephemeral"}),
        ("5m", {"type": "ephemeral", "ttl": "5m"}),
        ({"ttl": "1h", "key": "k"}, {"type": "ephemeral", "ttl": "1h"}),
        ("24h", {"type": "ephemeral", "ttl": "1h"}),
    ],
)
def test_a_request_is_cached_as_a_whole(cache: Any, sent: dict[str, str]) -> None:
    assert payload(LLMRequest(messages="Hi", cache=cache))["cache_control"] == sent


def test_a_request_without_cache_has_no_mark() -> None:
    assert "cache_control" not in payload(LLMRequest(messages="Hi"))


def test_the_oldest_of_too_many_cache_marks_are_dropped() -> None:
    assert marks(payload(LLMRequest(messages=conversation(5)))) == ["Rules", "2", "3", "4"]


def test_the_mark_of_the_whole_request_counts_towards_the_limit() -> None:
    sent = payload(LLMRequest(messages=conversation(5), cache=True))

    assert marks(sent) == ["Rules", "3", "4"]


def test_marks_without_a_lifetime_get_the_requests_lifetime() -> None:
    sent = payload(LLMRequest(messages=conversation(1), cache="1h"))

    assert sent["system"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


def test_encoding_does_not_change_the_marks_of_the_request() -> None:
    tool = {"type": "web_search_20250305", "name": "web_search", **MARKED}
    request = LLMRequest(messages=conversation(6), tools=[tool], cache="1h")
    before = msgspec.json.encode(request)
    payload(request)

    assert msgspec.json.encode(request) == before
