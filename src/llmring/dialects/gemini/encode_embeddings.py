"""The embedding endpoints of Google's Gemini API, as a server reads and answers them.

https://ai.google.dev/api/embeddings#method:-models.embedcontent
https://ai.google.dev/api/embeddings#method:-models.batchembedcontents
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from llmring.chat.events import Usage
from llmring.dialects.gemini.request_fields import at, fields, integer_at, items, text_at
from llmring.dialects.request_decoding import RequestFormatError, body_object


class GeminiTexts(Struct, frozen=True):
    """Texts whose vectors a client asks for.

    Attributes:
        texts: The texts.
        dimensions: The length of the vectors; None for the model's own.
        own: For each text, the fields that only this API has, such as `taskType`.
    """

    texts: tuple[str, ...]
    dimensions: int | None
    own: tuple[Mapping[str, Any], ...]


def decode_embedding(body: bytes, *, batch: bool) -> GeminiTexts:
    """Decode the body of `embedContent`, or of `batchEmbedContents`.

    Raises:
        RequestFormatError: The body is not what the API accepts, or has more than text, or asks
            for vectors of several lengths.
    """
    value = body_object(body)
    if not batch:
        requests = [_request(value, "")]
    else:
        given = items(fields(value, "").get("requests"))
        requests = [_request(each, at("requests", n)) for n, each in enumerate(given)]
    if not requests:
        raise RequestFormatError("requests is missing; give at least one", "requests")
    texts, lengths, own = zip(*requests, strict=True)
    if len({*lengths}) > 1:
        where = "requests.0.outputDimensionality"
        raise RequestFormatError("outputDimensionality must be the same for all texts", where)
    return GeminiTexts(texts, lengths[0], own)


def _request(value: Any, place: str) -> tuple[str, int | None, dict[str, Any]]:
    found = fields(value, place)
    found.pop("model", None)
    # Newer clients have the options in a field of their own.
    options = at(place, "embedContentConfig")
    found |= fields(found.pop("embedContentConfig", {}), options)
    text = _text(found.pop("content", None), at(place, "content"))
    length = integer_at(found, "outputDimensionality", place)
    found.pop("outputDimensionality", None)
    return text, length or None, found


def _text(value: Any, place: str) -> str:
    """Return the text of a content; the parts of one are pieces of the same text."""
    if isinstance(value, str):
        return value
    parts = items(fields(value, place).get("parts"))
    if not parts:
        where = at(place, "parts")
        raise RequestFormatError(f"{where} is missing; give at least one", where)
    texts = [_piece(part, at(at(place, "parts"), n)) for n, part in enumerate(parts)]
    return "".join(texts)


def _piece(value: Any, place: str) -> str:
    if isinstance(value, str):
        return value
    text = text_at(fields(value, place), "text", place)
    if text is None:
        raise RequestFormatError(f"{place} is not a text; only texts are embedded", place)
    return text


def encode_embeddings(
    vectors: Sequence[Sequence[float]], usage: Usage | None, *, batch: bool
) -> bytes:
    """Encode the vectors, in the order of the texts.

    Args:
        vectors: The vectors.
        usage: The tokens, if they are known.
        batch: True for the reply to `batchEmbedContents`, False for that to `embedContent`.
    """
    found = [{"values": vector} for vector in vectors]
    reply: dict[str, Any] = {"embeddings": found} if batch else {"embedding": found[0]}
    if usage is not None:
        reply["usageMetadata"] = {
            "promptTokenCount": usage.prompt_tokens,
            "totalTokenCount": usage.prompt_tokens,
        }
    return msgspec.json.encode(reply)
