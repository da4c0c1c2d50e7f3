"""The tokens of a request, as the Gemini API of Google counts them before it is sent.

https://ai.google.dev/api/tokens#method:-models.counttokens
"""

from msgspec import Struct

from llmring.chat.parsed_request import ParsedRequest
from llmring.dialects.dialect import Counting, Encode, Outgoing, Quirks, read_as
from llmring.wire import HttpHead


class _Reply(Struct, rename="camel"):
    total_tokens: int


def decode(head: HttpHead, body: bytes) -> int:
    """The number of input tokens.

    Raises:
        ProviderResponseError: The reply is something else.
    """
    return read_as(_Reply, head, body).total_tokens


def counting(encode: Encode) -> Counting:
    """How requests that this puts into words are counted."""

    def counted(request: ParsedRequest, model: str, quirks: Quirks) -> Outgoing:
        sent = encode(request, model, stream=False, quirks=quirks)
        path = sent.path.rpartition(":")[0]
        # Only a whole request may have instructions and tools, and it must name the model again.
        whole = {"model": model if "/" in model else f"models/{model}", **sent.payload}
        return Outgoing(f"{path}:countTokens", {"generateContentRequest": whole})

    return Counting(name="gemini countTokens", encode=counted, decode=decode)
