"""The embedding endpoint of Google's Gemini API.

https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.dialects.dialect import Embedding, Outgoing
from llmring.dialects.error_response import read_as
from llmring.wire import HttpHead


class _GeminiVector(Struct):
    values: list[float]


class _GeminiPromptTokens(Struct, rename="camel"):
    prompt_token_count: int | None = None


class _GeminiEmbeddings(Struct, rename="camel"):
    embeddings: list[_GeminiVector]
    usage_metadata: _GeminiPromptTokens | None = None


def encode(texts: Sequence[str], model: str, dimensions: int | None) -> Outgoing:
    """Build the request for the vectors of these texts."""
    name = model if "/" in model else f"models/{model}"
    wanted = {} if dimensions is None else {"outputDimensionality": dimensions}
    requests: list[dict[str, Any]] = [
        {"model": name, "content": {"parts": [{"text": text}]}, **wanted} for text in texts
    ]
    return Outgoing(f"/v1beta/{quote(name)}:batchEmbedContents", {"requests": requests})


def decode(head: HttpHead, body: bytes) -> tuple[list[list[float]], Usage | None]:
    """Decode the vectors in the order of the texts, and the tokens, unless the model omits them.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    reply = read_as(_GeminiEmbeddings, head, body)
    count = reply.usage_metadata.prompt_token_count if reply.usage_metadata else None
    usage = None if count is None else Usage(prompt_tokens=count)
    return [vector.values for vector in reply.embeddings], usage


# From the API's own error: "at most 100 requests can be in one batch".
EMBEDDING = Embedding(encode=encode, decode=decode, most_texts=100)
