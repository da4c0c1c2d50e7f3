"""The description of the gateway's endpoints, for programs that read OpenAPI."""

from __future__ import annotations

import functools

import msgspec

from llmring.gateway.endpoints.models import JSON_HEADERS
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.openapi.description import openapi_document
from llmring.gateway.server_state import Gateway


async def answer_openapi(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:  # noqa: ARG001 -- one form for all handlers
    """Answer with the description in OpenAPI 3.1."""
    return GatewayAnswer(headers=JSON_HEADERS, body=_encoded())


@functools.cache
def _encoded() -> bytes:
    return msgspec.json.encode(openapi_document())
