"""The embedding endpoint of OpenAI and compatible servers.

https://developers.openai.com/api/reference/resources/embeddings/methods/create
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.dialects.dialect import Embedding, Outgoing
from llmring.dialects.error_response import read_as
from llmring.dialects.reported_cost import SentCosts, sent_costs
from llmring.wire import HttpHead


class _OpenAIVector(Struct):
    embedding: list[float]
    index: int | None = None


class _OpenAIPromptTokens(Struct):
    prompt_tokens: int | None = None
    total_tokens: int | None = None


class _OpenAIEmbeddings(Struct):
    data: list[_OpenAIVector]
    usage: _OpenAIPromptTokens | None = None


def encode(texts: Sequence[str], model: str, dimensions: int | None) -> Outgoing:
    """Build the request for the vectors of these texts."""
    payload = {"model": model, "input": list(texts)}
    return Outgoing(
        "/embeddings", payload if dimensions is None else payload | {"dimensions": dimensions}
    )


def decode(head: HttpHead, body: bytes) -> tuple[list[list[float]], Usage | None]:
    """Decode the vectors in the order of the texts, and the tokens.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    reply = read_as(_OpenAIEmbeddings, head, body)
    ordered = sorted(
        enumerate(reply.data), key=lambda at: at[0] if at[1].index is None else at[1].index
    )
    return [vector.embedding for _, vector in ordered], _usage(reply.usage)


def _usage(tokens: _OpenAIPromptTokens | None) -> Usage | None:
    if tokens is None:
        return None
    # Some servers report only the total, which is the same number: vectors have no tokens.
    count = tokens.prompt_tokens or tokens.total_tokens
    return None if count is None else Usage(prompt_tokens=count)


class _WithCosts(Struct):
    usage: SentCosts | None = None


def costs(head: HttpHead, body: bytes) -> Mapping[str, Any] | None:
    """Return the cost fields of the usage, as sent; None without any.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    sent = read_as(_WithCosts, head, body).usage
    return None if sent is None else sent_costs(sent)


EMBEDDING = Embedding(encode=encode, decode=decode, most_texts=2048, costs=costs)
