"""Anthropic's endpoint that counts the tokens of a request before it is sent.

https://platform.claude.com/docs/en/build-with-claude/token-counting
"""

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.dialects.dialect import Counting, Encode, Outgoing, Quirks
from llmring.dialects.error_response import read_as
from llmring.wire import HttpHead

# Other fields have no tokens, and this endpoint refuses them.
# https://platform.claude.com/docs/en/api/messages/count_tokens
_COUNTED = frozenset(
    {
        "cache_control",
        "context_management",
        "mcp_servers",
        "messages",
        "model",
        "output_config",
        "output_format",
        "speed",
        "system",
        "thinking",
        "tool_choice",
        "tools",
    }
)


class _AnthropicTokenCount(Struct):
    input_tokens: int


def decode(head: HttpHead, body: bytes) -> int:
    """Return the number of input tokens.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    return read_as(_AnthropicTokenCount, head, body).input_tokens


def counting(encode: Encode) -> Counting:
    """Create the token counter for requests encoded by `encode`."""

    def counted(request: ParsedRequest, model: str, quirks: Quirks) -> Outgoing:
        sent = encode(request, model, stream=False, quirks=quirks)
        payload = {name: value for name, value in sent.payload.items() if name in _COUNTED}
        return Outgoing("/v1/messages/count_tokens", payload, headers=sent.headers)

    return Counting(name="anthropic count_tokens", encode=counted, decode=decode)
