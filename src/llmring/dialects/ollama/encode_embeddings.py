"""Vectors as Ollama's server answers them.

https://docs.ollama.com/api/embed
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from llmring.chat.events import Usage
from llmring.dialects.reply_encoding import Json


def encode_embeddings(vectors: Sequence[Sequence[float]], model: str, usage: Usage | None) -> bytes:
    """Encode the vectors of a request's texts.

    Args:
        vectors: The vectors, in the order of the texts.
        model: The model's name.
        usage: The tokens, if they are known.
    """
    # In nanoseconds. An encoder has no clock.
    reply: Json = {"model": model, "embeddings": vectors, "total_duration": 0, "load_duration": 0}
    if usage is not None:
        reply["prompt_eval_count"] = usage.prompt_tokens
    return msgspec.json.encode(reply)
