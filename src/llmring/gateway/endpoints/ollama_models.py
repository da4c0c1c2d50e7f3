"""The lists and the facts that Ollama's clients ask for: the aliases, as models of this server.

Programs look up each model that is listed, so models that have no alias are not in the list,
though they can be called.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmring.client.operations.offered_models import OfferedModel
from llmring.dialects.dialect import ListedModel
from llmring.dialects.ollama import encode_models
from llmring.dialects.request_decoding import BodyFields, RequestFormatError, body_object
from llmring.gateway.endpoints.models import JSON_HEADERS, offered_aliases, offered_as
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import OLLAMA

# https://docs.ollama.com/faq#how-do-i-keep-a-model-loaded-in-memory-or-make-it-unload-immediately
_LOADED_SECONDS = 300

# By the capabilities of the catalog; the names are those of Ollama's API.
_CAPABILITIES = (("tools", "tools"), ("vision", "vision"), ("reasoning", "thinking"))


async def list_tags(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer `GET /api/tags` with the aliases that the client may call.

    Raises:
        RefusedCallError: As for `callable_names`.
    """
    return _answer(encode_models.encode_tags(_listed(offered_aliases(gateway, request))))


async def list_running(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer `GET /api/ps` with the same aliases, as all of them answer without being loaded.

    Raises:
        RefusedCallError: As for `callable_names`.
    """
    until = gateway.ring.clock.time_ns() // 10**9 + _LOADED_SECONDS
    return _answer(encode_models.encode_running(_listed(offered_aliases(gateway, request)), until))


async def show_model(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer `POST /api/show` with the facts about one model.

    Raises:
        RequestFormatError: The body names no model.
        RefusedCallError: As for `called`.
    """
    fields = BodyFields(body_object(request.body))
    # Older clients have it in `name`.
    asked = fields.take("model", str) or fields.take("name", str)
    if not asked:
        raise RequestFormatError("model is missing", "model")
    found = offered_as(gateway, OLLAMA, request, asked)
    [listed] = _listed([found])
    return _answer(encode_models.encode_show(listed, [*_capabilities(found)]))


async def server_version(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:  # noqa: ARG001 -- one form for all handlers
    """Answer `GET /api/version`."""
    return _answer(encode_models.encode_version())


def _answer(body: bytes) -> GatewayAnswer:
    return GatewayAnswer(headers=JSON_HEADERS, body=body)


def _listed(models: list[OfferedModel]) -> list[ListedModel]:
    return [
        ListedModel(
            id=each.name,
            name=each.first,
            context_window=each.context_window,
            max_output=each.max_output,
        )
        for each in models
    ]


def _capabilities(model: OfferedModel) -> Iterator[str]:
    if model.embeds:
        yield "embedding"
        return
    yield "completion"
    # Requests are sent to a model that is not known as they are.
    known = {"tools"} if model.capabilities is None else model.capabilities
    yield from (name for capability, name in _CAPABILITIES if capability in known)
