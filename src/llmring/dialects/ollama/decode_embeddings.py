"""Requests for embeddings in Ollama's format, as clients send them.

https://docs.ollama.com/api/embed
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta

from llmring.dialects.request_decoding import BodyFields, ClientEmbedding, body_object


def decode(body: bytes, headers: Mapping[str, str]) -> ClientEmbedding:  # noqa: ARG001 -- one form for all dialects
    """Decode a client's request; one without texts only loads the model.

    Args:
        body: The JSON body.
        headers: Not used; the API has all in the body.

    Raises:
        RequestFormatError: The body is not what the API accepts.
    """
    fields = BodyFields(body_object(body))
    model = fields.need("model", Annotated[str, Meta(min_length=1)])
    given = fields.take("input", str | list[str]) or []
    return ClientEmbedding(
        model=model,
        texts=[given] if isinstance(given, str) else given,
        dimensions=fields.take("dimensions", Annotated[int, Meta(ge=0, le=2**53)]) or None,
        own=fields.left(),
    )
