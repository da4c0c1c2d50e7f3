"""The vectors of texts, in the form of the client's API.

Only the same model at another provider takes over from one that fails, as vectors of two models
can't be compared. Fields that only one API has are left out, and their names are in the header
`x-llmring-notes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.client.operations.embed import EmbeddingRequest
from llmring.dialects.gemini import encode_embeddings as gemini
from llmring.dialects.ollama import decode_embeddings as ollama_decode
from llmring.dialects.ollama import encode_embeddings as ollama_encode
from llmring.dialects.openai import decode_embeddings as openai_decode
from llmring.dialects.openai import encode_embeddings as openai_encode
from llmring.dialects.request_decoding import ClientEmbedding, RequestFormatError
from llmring.gateway.answer_headers import CallFacts, answer_headers, name_headers
from llmring.gateway.call_terms import call_wishes
from llmring.gateway.endpoints.models import JSON_HEADERS
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.naming import called, client_wishes
from llmring.gateway.refusals import NotSupportedError
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import Wire
from llmring.lockfile.document import ModelRef

# Seconds for all texts of a request, unless the client wants less.
SECONDS = 600.0

_FIELD = re.compile(r"[\w.-]{1,64}", re.ASCII)
_MOST_FIELDS = 20


class _Asked(Struct, frozen=True, kw_only=True):
    """A client's request for vectors, whatever its API.

    Attributes:
        model: The model's name as the client gives it.
        texts: The texts.
        dimensions: The length of the vectors; None for the model's own.
        base64: True if the client wants the vectors in base64.
        left_out: The names of fields that only this API has.
    """

    model: str
    texts: Sequence[str]
    dimensions: int | None
    base64: bool = False
    left_out: Sequence[str] = ()


class _Vectors(Struct, frozen=True):
    """The vectors, and the model to name with them."""

    vectors: Sequence[Sequence[float]]
    model: str
    usage: Usage | None


async def answer_embeddings(
    gateway: Gateway,
    wire: Wire,
    request: GatewayRequest,
    *,
    model: str | None = None,
    batch: bool = False,
) -> GatewayAnswer:
    """Answer with the vectors of the texts in a request.

    Args:
        gateway: The gateway.
        wire: The API of the client.
        request: The request.
        model: The model's name, where the API has it in the path.
        batch: True for Gemini's endpoint that takes several texts.

    Raises:
        NotSupportedError: The API has no such endpoint.
        RequestFormatError: The body, or a header, is not what the API accepts.
        RefusedCallError: As for `called`.
        LLMRingError: As for `LLMRing.embed`.
    """
    asked = _asked(wire, request, model, batch=batch)
    name = called(gateway, wire, request, asked.model)
    wishes = client_wishes(request.headers)
    found, headers = _Vectors([], asked.model, None), name_headers(name.alias, name.profile)
    # Without texts, Ollama's clients only want the model loaded.
    if asked.texts:
        response = await gateway.ring.embed_for(
            name.name,
            EmbeddingRequest(texts=asked.texts, dimensions=asked.dimensions),
            name.profile,
            wishes.seconds_within(SECONDS),
            call_wishes(wire, request, wishes, gateway.table),
        )
        served = ModelRef.parse(response.model).model
        shown = asked.model if gateway.table.body_model == "asked" else served
        found = _Vectors(response.vectors, shown, response.usage)
        facts = CallFacts(
            alias=name.alias,
            profile=name.profile,
            relay="translated",
            notes=_notes(asked.left_out),
        )
        headers = answer_headers(response, facts)
    return GatewayAnswer(
        headers={**JSON_HEADERS, **headers}, body=_encoded(wire, asked, found, batch=batch)
    )


def _asked(wire: Wire, request: GatewayRequest, model: str | None, *, batch: bool) -> _Asked:
    match wire.name:
        case "chat":
            return _asked_in_body(openai_decode.decode(request.body, request.headers))
        case "ollama":
            return _asked_in_body(ollama_decode.decode(request.body, request.headers))
        case "gemini":
            texts = gemini.decode_embedding(request.body, batch=batch)
            return _Asked(
                model=model or "",
                texts=texts.texts,
                dimensions=texts.dimensions,
                left_out=[*dict.fromkeys(name for each in texts.own for name in each)],
            )
    raise NotSupportedError(f"the API {wire.name} has no endpoint for embeddings")


def _asked_in_body(client: ClientEmbedding) -> _Asked:
    if client.required_own:
        field = client.required_own[0]
        raise RequestFormatError(
            f"{field}: tokens have a meaning for one model only; send texts", field
        )
    return _Asked(
        model=client.model,
        texts=client.texts,
        dimensions=client.dimensions,
        base64=client.base64,
        left_out=[*client.own],
    )


def _encoded(wire: Wire, asked: _Asked, found: _Vectors, *, batch: bool) -> bytes:
    match wire.name:
        case "chat":
            return openai_encode.encode_embeddings(
                found.vectors, found.model, found.usage, in_base64=asked.base64
            )
        case "ollama":
            return ollama_encode.encode_embeddings(found.vectors, found.model, found.usage)
    return gemini.encode_embeddings(found.vectors, found.usage, batch=batch)


def _notes(names: Iterable[str]) -> tuple[str, ...]:
    """Return a note on what was left out, with those names that can be the names of fields."""
    shown = [name for name in names if _FIELD.fullmatch(name)][:_MOST_FIELDS]
    return (f"{', '.join(shown)} left out",) if shown else ()
