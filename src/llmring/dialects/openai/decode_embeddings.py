"""Requests for embeddings in OpenAI's format, as clients send them.

https://developers.openai.com/api/reference/resources/embeddings/methods/create
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from llmring.dialects.request_decoding import (
    BodyFields,
    ClientEmbedding,
    RequestFormatError,
    body_object,
    check,
)

_TEXT = Annotated[str, Meta(min_length=1)]
_TOKENS = Annotated[list[Annotated[int, Meta(ge=0, le=2**53)]], Meta(min_length=1)]


def decode(body: bytes, headers: Mapping[str, str]) -> ClientEmbedding:  # noqa: ARG001 -- one form for all dialects
    """Decode a client's request.

    Args:
        body: The JSON body.
        headers: Not used; the API has all in the body.

    Raises:
        RequestFormatError: The body is not what the API accepts.
    """
    fields = BodyFields(body_object(body))
    model = fields.need("model", _TEXT)
    given = fields.need("input", Any)
    texts, is_tokens = _texts(given)
    dimensions = fields.take("dimensions", Annotated[int, Meta(ge=1, le=2**53)])
    form = fields.take("encoding_format", Literal["float", "base64"])
    own = fields.left()
    return ClientEmbedding(
        model=model,
        texts=texts,
        dimensions=dimensions,
        base64=form == "base64",
        own={**own, "input": given} if is_tokens else own,
        required_own=("input",) if is_tokens else (),
    )


def _texts(given: Any) -> tuple[list[str], bool]:
    """Return the texts; True with none if the input is tokens, which only one model can read."""
    if isinstance(given, str):
        check(given, _TEXT, "input")
        return [given], False
    if not isinstance(given, list) or not given:
        raise RequestFormatError("input must be a text, or a list of texts or tokens", "input")
    match given[0]:
        case str():
            kind: Any = _TEXT
        case list():
            kind = _TOKENS
        case _:
            check(given, _TOKENS, "input")
            return [], True
    for at, each in enumerate(given):
        check(each, kind, f"input.{at}")
    return (given, False) if kind is _TEXT else ([], True)
