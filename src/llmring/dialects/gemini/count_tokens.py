"""The endpoint of Google's Gemini API that counts the tokens of a request before it is sent.

https://ai.google.dev/api/tokens#method:-models.counttokens
"""

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.dialects.dialect import Counting, Encode, Outgoing, Quirks
from llmring.dialects.error_response import read_as
from llmring.wire import HttpHead


class _GeminiTokenCount(Struct, rename="camel"):
    total_tokens: int


def decode(head: HttpHead, body: bytes) -> int:
    """Return the number of input tokens.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    return read_as(_GeminiTokenCount, head, body).total_tokens


def counting(encode: Encode) -> Counting:
    """Create the token counter for requests encoded by `encode`."""

    def counted(request: ParsedRequest, model: str, quirks: Quirks) -> Outgoing:
        sent = encode(request, model, stream=False, quirks=quirks)
        path = sent.path.rpartition(":")[0]
        # Only a complete request may have instructions and tools, and it must repeat the model.
        whole = {"model": model if "/" in model else f"models/{model}", **sent.payload}
        return Outgoing(f"{path}:countTokens", {"generateContentRequest": whole})

    return Counting(name="gemini countTokens", encode=counted, decode=decode)
