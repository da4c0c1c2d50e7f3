"""OpenAI's endpoint that counts the tokens of a request before it is sent.

https://developers.openai.com/api/reference/resources/responses/subresources/input_tokens
"""

import msgspec
from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.dialects.dialect import Counting, Encode, Outgoing, Quirks
from llmring.dialects.error_response import read_as
from llmring.wire import HttpHead

# The fields of a Responses request that this endpoint accepts.
_COUNTED = frozenset(
    {
        "conversation",
        "input",
        "instructions",
        "model",
        "parallel_tool_calls",
        "previous_response_id",
        "reasoning",
        "text",
        "tool_choice",
        "tools",
        "truncation",
    }
)


class _ResponsesTokenCount(Struct):
    input_tokens: int


def decode(head: HttpHead, body: bytes) -> int:
    """Return the number of input tokens.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    return read_as(_ResponsesTokenCount, head, body).input_tokens


def encode_count(tokens: int) -> bytes:
    """Encode the number of input tokens, as the server answers it."""
    return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})


def counting(encode: Encode) -> Counting:
    """Create the token counter for Responses requests encoded by `encode`."""

    def counted(request: ParsedRequest, model: str, quirks: Quirks) -> Outgoing:
        sent = encode(request, model, stream=False, quirks=quirks)
        payload = {name: value for name, value in sent.payload.items() if name in _COUNTED}
        return Outgoing("/responses/input_tokens", payload)

    return Counting(name="openai responses input_tokens", encode=counted, decode=decode)
