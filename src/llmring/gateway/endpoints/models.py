"""The list of models, and one model of it, in the form of the client's API.

The aliases come first, then the models that the client may call directly. Limits are the least of
an alias's models, so that a request within them can go to each.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from llmring.client.operations.offered_models import OfferedModel
from llmring.dialects.anthropic import encode_models as anthropic_models
from llmring.dialects.dialect import ListedModel
from llmring.dialects.gemini import encode_models as gemini_models
from llmring.dialects.openai import encode_models as openai_models
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.naming import callable_names, called, calls_directly, client_names
from llmring.gateway.refusals import UnknownModelError
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, Wire
from llmring.lockfile.gateway_names import callable_aliases

JSON_HEADERS = {"content-type": "application/json"}

# Claude Code lists only names that begin with "claude" or "anthropic".
_CLAUDE = "claude/"

_GEMINI_PATHS = ("/v1beta/", "/v1alpha/")


class _Entry(Struct, frozen=True):
    """An entry of the list: a name, and the model that it calls."""

    name: str
    model: OfferedModel

    @property
    def listed(self) -> ListedModel:
        """The entry in the form of a provider's list."""
        model = self.model
        return ListedModel(
            id=self.name,
            # A model that is called directly is its own first model.
            name=None if model.name == model.first else f"{model.name} → {model.first}",
            context_window=model.context_window,
            max_output=model.max_output,
        )


def wire_of_list(request: GatewayRequest) -> Wire:
    """Return the API in whose form a client expects the list of models."""
    headers = request.headers
    if "anthropic-version" in headers:
        return MESSAGES
    by_key = "x-goog-api-key" in headers or "key" in request.query
    return GEMINI if by_key or request.path.startswith(_GEMINI_PATHS) else CHAT


async def list_models(gateway: Gateway, request: GatewayRequest) -> GatewayAnswer:
    """Answer with the models that the client may call, or a page of them.

    Raises:
        RequestFormatError: The query asks for a page that can't be.
        RefusedCallError: As for `called`.
    """
    wire, query = wire_of_list(request), request.query
    entries = [*_entries(gateway, request, wire)]
    models = [each.listed for each in entries]
    match wire.name:
        case "messages":
            body = anthropic_models.encode_models(models, query)
        case "gemini":
            body = gemini_models.encode_models(
                models,
                embedding={each.name for each in entries if each.model.embeds},
                page_size=_page_size(query.get("pageSize")),
                page_token=query.get("pageToken") or None,
            )
        case _:
            body = openai_models.encode_models(models)
    return GatewayAnswer(headers=JSON_HEADERS, body=body)


async def one_model(gateway: Gateway, request: GatewayRequest, asked: str) -> GatewayAnswer:
    """Answer with one model, under the name by which the client asks for it.

    Args:
        gateway: The gateway.
        request: The request.
        asked: The name, as it is in the path.

    Raises:
        RefusedCallError: As for `called`.
    """
    wire = wire_of_list(request)
    found = offered_as(gateway, wire, request, asked)
    match wire.name:
        case "messages":
            body = anthropic_models.encode_model(_Entry(asked, found).listed)
        case "gemini":
            listed = _Entry(asked.removeprefix("models/"), found).listed
            body = gemini_models.encode_model(listed, embeds=found.embeds)
        case _:
            body = openai_models.encode_model(_Entry(asked, found).listed)
    return GatewayAnswer(headers=JSON_HEADERS, body=body)


def offered_aliases(gateway: Gateway, request: GatewayRequest) -> list[OfferedModel]:
    """Return the aliases that a client may call, with their facts.

    Raises:
        RefusedCallError: As for `callable_names`.
    """
    names = callable_names(gateway, request)
    aliases = callable_aliases(client_names(gateway, names, request.caller))
    return gateway.ring.offered_models(aliases, names.profile)


def offered_as(gateway: Gateway, wire: Wire, request: GatewayRequest, asked: str) -> OfferedModel:
    """Return the facts about what a client means by the name of a model.

    Raises:
        RefusedCallError: As for `called`.
    """
    name = called(gateway, wire, request, asked)
    found = gateway.ring.offered_models([name.name], name.profile)
    if not found:
        raise UnknownModelError(f"{asked!r:.200} can't be called with this lockfile")
    return found[0]


def _entries(gateway: Gateway, request: GatewayRequest, wire: Wire) -> Iterator[_Entry]:
    aliases = offered_aliases(gateway, request)
    yield from (_Entry(each.name, each) for each in aliases)
    if wire is MESSAGES:
        taken = {each.name for each in aliases}
        for each in aliases:
            if _CLAUDE + each.name not in taken:
                yield _Entry(_CLAUDE + each.name, each)
    if calls_directly(gateway, request.caller):
        yield from (_Entry(each.name, each) for each in gateway.ring.models_of_providers())


def _page_size(given: str | None) -> int | None:
    if given is None:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise RequestFormatError("pageSize must be a whole number", "pageSize")
    return int(given)
