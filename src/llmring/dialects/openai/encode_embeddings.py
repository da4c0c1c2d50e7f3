"""Vectors as OpenAI's server answers them.

https://developers.openai.com/api/reference/resources/embeddings/methods/create
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence

import msgspec

from llmring.chat.events import Usage
from llmring.dialects.reply_encoding import Json


def encode_embeddings(
    vectors: Sequence[Sequence[float]], model: str, usage: Usage | None, *, in_base64: bool = False
) -> bytes:
    """Encode the vectors of a request's texts.

    Args:
        vectors: The vectors, in the order of the texts.
        model: The model's name.
        usage: The tokens, if they are known.
        in_base64: True for vectors as base64 of their 32-bit numbers.
    """
    data: list[Json] = [
        {"object": "embedding", "index": at, "embedding": _packed(each) if in_base64 else each}
        for at, each in enumerate(vectors)
    ]
    # Clients expect the field even where the tokens are not known.
    tokens = 0 if usage is None else usage.prompt_tokens
    counts = {"prompt_tokens": tokens, "total_tokens": tokens}
    return msgspec.json.encode({"object": "list", "data": data, "model": model, "usage": counts})


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
