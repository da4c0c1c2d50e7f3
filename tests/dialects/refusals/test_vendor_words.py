"""What a vendor refuses is refused in the same way behind another server."""

import json

import pytest

from llmring.dialects.dialect import Dialect
from llmring.exceptions import (
    ProviderAuthenticationError,
    ProviderError,
    UnsupportedFeatureError,
)
from llmring.providers.table import PROVIDERS
from llmring.wire import HttpHead

ANTHROPIC = [
    "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`.",
    "messages.5.content.0: If an assistant message contains any thinking blocks, the first block "
    "must be thinking or redacted_thinking. Found text.",
    "messages.9.content.15: `thinking` or `redacted_thinking` blocks in the latest assistant "
    "message cannot be modified.",
    "messages.1.content.0: Invalid `signature` in `thinking` block",
    "messages.1.content.0.thinking: each thinking block must contain thinking",
    "messages.1.content.1.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
    "messages.2.content.0.tool_result.tool_use_id: String should match pattern",
    "Conversation roles must alternate user/assistant/user/assistant/...",
    "The `content[].thinking` in the thinking mode must be passed back to the API.",
    "The conversation must end with a user message: prefill is incompatible with thinking.",
]
GOOGLE = [
    "Function call is missing a thought_signature in functionCall parts.",
    "Thought signature is not valid.",
    "Corrupted thought signature.",
    "Please ensure that function call turn comes immediately after a user turn.",
    "Please ensure that function response turn comes immediately after a function call turn.",
    "Please ensure that the number of function response parts is equal to the calls.",
    "Please ensure that multiturn requests alternate between user and model.",
]
COUNTRIES = [
    "User location is not supported for the API use.",
    "Access from your country is currently not available.",
]


def read(dialect: Dialect, message: str, name: str) -> ProviderError:
    error = {"message": message, name: "INVALID_ARGUMENT" if name == "status" else "x", "code": 400}
    return dialect.explain(HttpHead(400, {}), json.dumps({"error": error}).encode())


CASES = [
    *(("anthropic", "type", each, UnsupportedFeatureError) for each in ANTHROPIC),
    *(("google", "status", each, UnsupportedFeatureError) for each in GOOGLE),
    *(("anthropic", "type", each, ProviderAuthenticationError) for each in COUNTRIES),
    *(("google", "status", each, ProviderAuthenticationError) for each in COUNTRIES),
]


@pytest.mark.parametrize(("vendor", "name", "message", "kind"), CASES)
def test_an_error_is_of_one_class_from_its_vendor_and_from_a_gateway(
    vendor: str, name: str, message: str, kind: type[ProviderError]
) -> None:
    own = read(PROVIDERS[vendor].speaking(None), message, name)
    passed_on = read(PROVIDERS["openrouter"].speaking(None), message, "type")

    assert (type(own), type(passed_on)) == (kind, kind)
