"""The paths of the gateway, the API that each belongs to, and the functions that answer them.

A function is imported when it is first called, so that one that fails ends only its own calls.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any, Literal
from urllib.parse import unquote

from msgspec import Struct

from llmring.gateway.callers.key_check import Needs
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.refusals import (
    ForbiddenError,
    MethodNotAllowedError,
    NoSuchPathError,
    NotSupportedError,
    RefusedCallError,
)
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, OLLAMA, RESPONSES, Wire

# Called with the gateway, the request and the arguments of the route, all by name.
Handler = Callable[..., Awaitable[GatewayAnswer]]

_LONGEST_HINTED = 200


class GatewayRoute(Struct, frozen=True, kw_only=True):
    """The way of a request through the gateway.

    Attributes:
        wire: The API of its answer, errors included.
        handler: The function that answers it, as "module:name" in the gateway's folder.
        arguments: The arguments of the function, except the gateway and the request.
        is_public: True if it is answered for any name of the host, and in any state.
        needs: What clients of a gateway with keys need for it.
        refusal: The error that answers it instead of the function.
        operation: The kind of a call that models answer, by OpenTelemetry's names.
        is_state: True if it asks for the state of the gateway, and is not recorded as a call.
    """

    wire: Wire
    handler: str = ""
    arguments: Mapping[str, Any] = {}
    is_public: bool = False
    needs: Needs = "key"
    refusal: RefusedCallError | None = None
    operation: Literal["chat", "embeddings", ""] = ""
    is_state: bool = False


class UpgradeRefusedError(RefusedCallError):
    """A WebSocket handshake; the client is to send its request over plain HTTP."""

    status = 426


def _of(wire: Wire, handler: str, **arguments: Any) -> GatewayRoute:
    """Return the way to a function that answers in one API only, or knows the API by itself."""
    return GatewayRoute(wire=wire, handler=handler, arguments=arguments)


def _chat(api: Wire, **more: Any) -> GatewayRoute:
    arguments = {"wire": api, **more}
    handler = "endpoints.chat:answer_chat"
    return GatewayRoute(wire=api, handler=handler, arguments=arguments, operation="chat")


def _count(api: Wire, **more: Any) -> GatewayRoute:
    arguments = {"wire": api, **more}
    return GatewayRoute(wire=api, handler="endpoints.counting:answer_count", arguments=arguments)


def _embed(api: Wire, **more: Any) -> GatewayRoute:
    arguments = {"wire": api, **more}
    handler = "endpoints.embeddings:answer_embeddings"
    return GatewayRoute(wire=api, handler=handler, arguments=arguments, operation="embeddings")


def _state(handler: str, needs: Needs) -> GatewayRoute:
    """Return the way to a function that answers with the state of the gateway, or manages it."""
    return GatewayRoute(wire=CHAT, handler=handler, needs=needs, is_state=True)


def _public(handler: str) -> GatewayRoute:
    return GatewayRoute(wire=CHAT, handler=handler, is_public=True, needs="nothing", is_state=True)


_EXACT: Mapping[str, Mapping[str, GatewayRoute]] = {
    "/v1/chat/completions": {"POST": _chat(CHAT)},
    "/v1/embeddings": {"POST": _embed(CHAT)},
    "/v1/responses": {"POST": _chat(RESPONSES)},
    "/v1/responses/input_tokens": {"POST": _count(RESPONSES)},
    "/v1/messages": {"POST": _chat(MESSAGES)},
    "/v1/messages/count_tokens": {"POST": _count(MESSAGES)},
    "/api/chat": {"POST": _chat(OLLAMA)},
    "/api/generate": {"POST": _chat(OLLAMA)},
    "/api/embed": {"POST": _embed(OLLAMA)},
    "/api/tags": {"GET": _of(OLLAMA, "endpoints.ollama_models:list_tags")},
    "/api/version": {"GET": _of(OLLAMA, "endpoints.ollama_models:server_version")},
    "/api/ps": {"GET": _of(OLLAMA, "endpoints.ollama_models:list_running")},
    "/api/show": {"POST": _of(OLLAMA, "endpoints.ollama_models:show_model")},
    "/ui/api/explain": {"GET": _state("ui_api.explained_call:answer_explain", needs="admin")},
    "/ui/api/status": {"GET": _state("ui_api.shown_status:answer_status", needs="admin")},
    "/ui/api/calls": {"GET": _state("ui_api.shown_calls:answer_calls", needs="admin")},
    "/ui/api/keys": {
        "GET": _state("ui_api.key_admin:list_keys", needs="admin"),
        "POST": _state("ui_api.key_admin:create_key", needs="admin"),
    },
    "/ui/api/keys/set": {"POST": _state("ui_api.key_admin:set_key", needs="admin")},
    "/ui/api/keys/revoke": {"POST": _state("ui_api.key_admin:revoke_key", needs="admin")},
    "/metrics": {"GET": _state("endpoints.metrics:answer_metrics", needs="admin")},
    "/openapi.json": {"GET": _state("endpoints.openapi:answer_openapi", needs="key")},
    "/": {"GET": _state("endpoints.health:answer_root", needs="nothing")},
    "/healthz": {"GET": _public("endpoints.health:answer_health")},
    "/readyz": {"GET": _public("endpoints.health:answer_ready")},
}

_GEMINI_ROOTS = ("/v1", "/v1beta", "/v1alpha")


# https://ai.google.dev/api/generate-content, /api/tokens and /api/embeddings
_VERBS: Mapping[str, Callable[[str], GatewayRoute]] = {
    "generateContent": lambda model: _chat(GEMINI, model=model, stream=False),
    "streamGenerateContent": lambda model: _chat(GEMINI, model=model, stream=True),
    "countTokens": lambda model: _count(GEMINI, model=model),
    "embedContent": lambda model: _embed(GEMINI, model=model, batch=False),
    "batchEmbedContents": lambda model: _embed(GEMINI, model=model, batch=True),
}
_OTHER_VERBS = ("batchGenerateContent", "asyncBatchEmbedContent", "predict", "predictLongRunning")

# Parts of the vendors' APIs that the gateway does not offer, and the paths below them.
_NOT_OFFERED = (
    *(
        (f"/v1/{name}", name)
        for name in (
            "files",
            "uploads",
            "batches",
            "messages/batches",
            "responses/compact",
            "completions",
            "audio",
            "images",
            "moderations",
            "rerank",
        )
    ),
    *(
        (f"{root}/{name}", name)
        for root in ("/v1beta", "/v1alpha", "/upload/v1beta")
        for name in ("files", "batches", "cachedContents")
    ),
)

# https://docs.ollama.com/api: endpoints that change the models of a server.
_CHANGES = tuple(f"/api/{name}" for name in ("pull", "push", "create", "copy", "delete", "blobs"))


class ReadPath(Struct, frozen=True):
    """The path of a request, without its prefixes.

    Attributes:
        path: The path, decoded.
        profile: The profile that it begins with, if it does.
        is_anthropic: True if it begins with "/anthropic".
    """

    path: str
    profile: str | None = None
    is_anthropic: bool = False


def read_path(raw_path: str) -> ReadPath:
    """Decode a path and take its prefixes off.

    Args:
        raw_path: The path as the client sends it.
    """
    return _usual_path(raw_path) if len(raw_path) < _LONGEST_HINTED else _read_path(raw_path)


def _read_path(raw_path: str) -> ReadPath:
    profile = None
    path = "/" + raw_path.lstrip("/")
    if path.startswith("/profiles/"):
        name, _, rest = path.removeprefix("/profiles/").partition("/")
        profile, path = unquote(name), f"/{rest}"
    path = unquote(path)
    is_anthropic = _is_below(path, "/anthropic")
    if is_anthropic:
        path = path.removeprefix("/anthropic")
    return ReadPath(path.rstrip("/") or "/", profile, is_anthropic)


_usual_path = functools.lru_cache(maxsize=512)(_read_path)


def find_route(method: str, path: str, headers: Mapping[str, str]) -> GatewayRoute:
    """Return the way of a request; for one that leads nowhere, with the error to answer.

    Args:
        method: The method.
        path: The path, decoded, without a profile's prefix.
        headers: The headers, by their names in lower case.
    """
    method = "GET" if method == "HEAD" else method
    known = _EXACT.get(path)
    if known is None:
        return _variable(method, path, headers)
    route = known.get(method)
    if route is not None:
        return route
    wire = next(iter(known.values())).wire
    if path == "/v1/responses" and headers.get("upgrade", "").lower() == "websocket":
        message = "WebSocket is not offered here; send POST /v1/responses over HTTP"
        return GatewayRoute(wire=wire, refusal=UpgradeRefusedError(message))
    return _wrong_method(wire, path, tuple(known))


def route_name(path: str) -> str:
    """Return a path with a placeholder for the name of a model; empty for an unknown path.

    Args:
        path: As for `find_route`.
    """
    if path in _EXACT:
        return path
    for root in _GEMINI_ROOTS:
        if path == f"{root}/models":
            return path
        if path.startswith(f"{root}/models/"):
            verb = path.rpartition(":")[2]
            return f"{root}/models/{{model}}" + (f":{verb}" if verb in _VERBS else "")
    return ""


def _variable(method: str, path: str, headers: Mapping[str, str]) -> GatewayRoute:
    """Return the way to a path that names a model, or that is refused."""
    wire = _nearest_wire(path, headers)
    for change in _CHANGES:
        if _is_below(path, change):
            message = f"{change} is refused: a gateway changes no models"
            return GatewayRoute(wire=wire, refusal=ForbiddenError(message))
    for place, name in _NOT_OFFERED:
        if _is_below(path, place):
            return GatewayRoute(
                wire=wire, refusal=NotSupportedError(f"{name} are not offered here")
            )
    for root in _GEMINI_ROOTS:
        if path == f"{root}/models":
            return _listing(method, path, wire)
        if path.startswith(f"{root}/models/"):
            return _of_model(method, path, path.removeprefix(f"{root}/models/"), wire)
    return GatewayRoute(wire=wire, refusal=NoSuchPathError(_unknown(path)))


def _listing(method: str, path: str, wire: Wire) -> GatewayRoute:
    if method != "GET":
        return _wrong_method(wire, path, ("GET",))
    return _of(wire, "endpoints.models:list_models")


def _of_model(method: str, path: str, rest: str, wire: Wire) -> GatewayRoute:
    """Return the way to a path that ends with a model's name, and perhaps a verb."""
    model, colon, verb = rest.rpartition(":")
    if method == "GET":
        return _of(wire, "endpoints.models:one_model", asked=rest)
    if method != "POST" and verb in _VERBS:
        return _wrong_method(GEMINI, path, ("POST",))
    if method != "POST" or not colon or not model:
        return _wrong_method(wire, path, ("GET",))
    if verb in _VERBS:
        return _VERBS[verb](model)
    if verb in _OTHER_VERBS:
        return GatewayRoute(wire=GEMINI, refusal=NotSupportedError(f"{verb} is not offered here"))
    return GatewayRoute(
        wire=GEMINI, refusal=NoSuchPathError(f"no method {verb[:64]!r} of a model here")
    )


def _nearest_wire(path: str, headers: Mapping[str, str]) -> Wire:
    """Return the API that an unknown path most likely belongs to."""
    for place, wire in (
        ("/v1/messages", MESSAGES),
        ("/v1/responses", RESPONSES),
        ("/v1/chat", CHAT),
        ("/api", OLLAMA),
        ("/v1beta", GEMINI),
        ("/v1alpha", GEMINI),
        ("/upload", GEMINI),
    ):
        if _is_below(path, place):
            return wire
    if "anthropic-version" in headers:
        return MESSAGES
    return GEMINI if "x-goog-api-key" in headers else CHAT


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")


def _wrong_method(wire: Wire, path: str, allowed: tuple[str, ...]) -> GatewayRoute:
    if "GET" in allowed:
        allowed = (*allowed, "HEAD")
    message = f"{path[:_LONGEST_HINTED]} is for {' and '.join(allowed)}"
    return GatewayRoute(wire=wire, refusal=MethodNotAllowedError(message, allowed))


def _unknown(path: str) -> str:
    if len(path) > _LONGEST_HINTED:
        return "no such path"
    near = difflib.get_close_matches(path, [*_EXACT.keys() - {"/"}], 1, cutoff=0.5)
    return f"no path {path!r}" + (f"; did you mean {near[0]}?" if near else "")


@functools.cache
def load_handler(name: str) -> Handler:
    """Import the function that answers a route.

    Args:
        name: Its module in the gateway's folder and its name, as "module:name".
    """
    module, _, function = name.partition(":")
    found: Handler = getattr(import_module(f"llmring.gateway.{module}"), function)
    return found
