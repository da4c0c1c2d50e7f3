"""Ollama's embedding endpoint.

https://docs.ollama.com/api/embed
"""

from collections.abc import Sequence

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.dialects.dialect import Embedding, Outgoing
from llmring.dialects.error_response import read_as
from llmring.wire import HttpHead


class _OllamaEmbeddings(Struct):
    embeddings: list[list[float]]
    prompt_eval_count: int | None = None


def encode(texts: Sequence[str], model: str, dimensions: int | None) -> Outgoing:
    """Build the request for the vectors of these texts.

    A text that is too long is refused, as with other APIs, rather than cut.
    """
    payload = {"model": model, "input": list(texts), "truncate": False}
    return Outgoing(
        "/api/embed", payload if dimensions is None else payload | {"dimensions": dimensions}
    )


def decode(head: HttpHead, body: bytes) -> tuple[list[list[float]], Usage | None]:
    """Decode the vectors in the order of the texts, and the tokens.

    Raises:
        ProviderResponseError: The reply is in another format.
    """
    reply = read_as(_OllamaEmbeddings, head, body)
    count = reply.prompt_eval_count
    return reply.embeddings, None if count is None else Usage(prompt_tokens=count)


# The API states no limit; the server processes the texts of a request one by one.
EMBEDDING = Embedding(encode=encode, decode=decode, most_texts=2048)
