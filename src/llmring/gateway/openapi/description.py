"""The description of the gateway's endpoints.

https://spec.openapis.org/oas/v3.1.1.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from llmring import __version__
from llmring.gateway.openapi.answers import ANSWERS, ERRORS
from llmring.gateway.openapi.managed_keys import KEY_SCHEMAS
from llmring.gateway.openapi.requests import REQUESTS
from llmring.gateway.openapi.schema_parts import TEXT, Schema, reference

_EVENTS, _LINES = "text/event-stream", "application/x-ndjson"

_ABOUT = (
    "Aliases of a lockfile, callable by the APIs of OpenAI, Anthropic, Google and Ollama. All "
    "paths may be preceded by /profiles/PROFILE, which chooses a profile of the lockfile, and by "
    "/anthropic. Google's are the same below /v1 and /v1alpha."
)

_TAGS = {
    "chat": "OpenAI's API of Chat Completions, and embeddings",
    "responses": "OpenAI's Responses API",
    "messages": "Anthropic's API",
    "gemini": "Google's Gemini API",
    "ollama": "Ollama's API",
    "gateway": "The gateway itself",
}

# The headers of requests for an answer.
_WISHES = {
    "x-llmring-profile": (TEXT, "The profile of the lockfile."),
    "x-llmring-session": (TEXT, "The ID of the conversation."),
    "x-llmring-tags": (TEXT, "Tags for the ledger, with commas between them."),
    "x-llmring-timeout": (TEXT, "Seconds that the call may take until its first content."),
    "x-llmring-max-cost": (TEXT, "USD that the call may cost."),
    "x-llmring-report": ({"enum": ["0", "1"]}, "1: a stream ends with a report on the call."),
}

_FACTS = {
    "x-llmring-model": "The model that answers, as provider:model.",
    "x-llmring-alias": "The alias that was called.",
    "x-llmring-profile": "The profile that was called.",
    "x-llmring-attempts": "Each model that was tried, with its outcome.",
    "x-llmring-notes": "What was left out or changed for this model.",
    "x-llmring-cost": "The cost in USD, if it is known.",
    "x-llmring-cost-unknown": "The reason for which the cost is unknown.",
}

_KEYS: Mapping[str, dict[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "xApiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "xGoogApiKey": {"type": "apiKey", "in": "header", "name": "x-goog-api-key"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "api-key"},
}


class _DescribedEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint.

    Attributes:
        wire: The name of the API of its errors.
        tag: Its group in the document.
        about: What it answers, in a line.
        answer: The schema of its answer; None for plain text.
        request: The schema of its request; None if it has no body.
        stream: The media type of its streams, if it has any.
        calls: True if it calls a model, so that the headers of calls apply.
        query: The fields of the query.
        also: Statuses with the same answer as 200.
    """

    wire: str
    tag: str
    about: str
    answer: str | None
    request: str | None = None
    stream: str | None = None
    calls: bool = False
    query: tuple[dict[str, Any], ...] = ()
    also: tuple[str, ...] = ()


def _chat(wire: str, about: str, name: str, stream: str | None = _EVENTS) -> _DescribedEndpoint:
    """Describe an endpoint for chats."""
    return _DescribedEndpoint(
        wire=wire,
        tag=wire,
        about=about,
        request=f"{name}Request",
        answer=f"{name}Answer",
        stream=stream,
        calls=True,
    )


def _post(wire: str, about: str, request: str, answer: str) -> _DescribedEndpoint:
    """Describe an endpoint that calls a model for something else than a chat."""
    return _DescribedEndpoint(
        wire=wire, tag=wire, about=about, request=request, answer=answer, calls=True
    )


def _get(about: str, answer: str | None, wire: str = "chat", **more: Any) -> _DescribedEndpoint:
    """Describe an endpoint without a body."""
    return _DescribedEndpoint(wire=wire, about=about, answer=answer, **{"tag": "gateway", **more})


def _manage(about: str, answer: str, request: str = "KeySettings") -> _DescribedEndpoint:
    """Describe an endpoint that changes keys."""
    return _DescribedEndpoint(
        wire="chat", tag="gateway", about=about, request=request, answer=answer
    )


def _field(name: str, schema: Schema, about: str, *, required: bool = False) -> dict[str, Any]:
    """Describe a field of the query."""
    return {
        "name": name,
        "in": "query",
        "required": required,
        "schema": schema,
        "description": about,
    }


_NUMBER_IN_QUERY: Schema = {"type": "integer", "minimum": 1, "maximum": 10**9 - 1}
_EXPLAIN = (
    _field("model", {**TEXT, "minLength": 1}, "The name that a call would give.", required=True),
    _field("wire", {"enum": ["chat", "responses", "messages", "gemini", "ollama"]}, "The API."),
    _field("tokens", _NUMBER_IN_QUERY, "Tokens of the prompt."),
    _field("max_tokens", _NUMBER_IN_QUERY, "Most of the answer."),
)
_CALLS = (
    _field("limit", {"type": "integer", "minimum": 1, "maximum": 1000}, "The most calls."),
    _field("since", {**TEXT, "format": "date-time"}, "The time after which they have ended."),
)
_CALL = "Answer a chat, whole or as a stream."
_MODEL_OF_GEMINI = "/v1beta/models/{model}"

# By path and method.
ENDPOINTS: Mapping[str, Mapping[str, _DescribedEndpoint]] = {
    "/v1/chat/completions": {"post": _chat("chat", _CALL, "Chat")},
    "/v1/embeddings": {
        "post": _post("chat", "Answer vectors.", "EmbeddingRequest", "EmbeddingAnswer")
    },
    "/v1/responses": {"post": _chat("responses", _CALL, "Responses")},
    "/v1/responses/input_tokens": {
        "post": _post("responses", "Count tokens.", "ResponsesRequest", "ResponsesCountAnswer")
    },
    "/v1/messages": {"post": _chat("messages", _CALL, "Messages")},
    "/v1/messages/count_tokens": {
        "post": _post("messages", "Count tokens.", "MessagesCountRequest", "MessagesCountAnswer")
    },
    f"{_MODEL_OF_GEMINI}:generateContent": {
        "post": _chat("gemini", "Answer a chat.", "Gemini", None)
    },
    f"{_MODEL_OF_GEMINI}:streamGenerateContent": {
        "post": _DescribedEndpoint(
            wire="gemini",
            tag="gemini",
            about="Answer a chat as a stream: of events with alt=sse, else as an array.",
            request="GeminiRequest",
            answer="GeminiAnswers",
            stream=_EVENTS,
            calls=True,
            query=(_field("alt", {"enum": ["sse", "json"]}, "The form of the stream."),),
        )
    },
    f"{_MODEL_OF_GEMINI}:countTokens": {
        "post": _post("gemini", "Count tokens.", "GeminiCountRequest", "GeminiCountAnswer")
    },
    f"{_MODEL_OF_GEMINI}:embedContent": {
        "post": _post(
            "gemini", "Answer a vector.", "GeminiEmbeddingRequest", "GeminiEmbeddingAnswer"
        )
    },
    f"{_MODEL_OF_GEMINI}:batchEmbedContents": {
        "post": _post(
            "gemini", "Answer vectors.", "GeminiEmbeddingsRequest", "GeminiEmbeddingsAnswer"
        )
    },
    "/v1/models": {"get": _get("List the names that can be called.", "Models", tag="chat")},
    "/v1/models/{model}": {"get": _get("Look a name up.", "Model", tag="chat")},
    "/v1beta/models": {
        "get": _get("List the names that can be called.", "Models", "gemini", tag="gemini")
    },
    _MODEL_OF_GEMINI: {"get": _get("Look a name up.", "Model", "gemini", tag="gemini")},
    "/api/chat": {"post": _chat("ollama", _CALL, "OllamaChat", _LINES)},
    "/api/generate": {
        "post": _chat("ollama", "Answer a prompt, whole or as a stream.", "OllamaPrompt", _LINES)
    },
    "/api/embed": {
        "post": _post(
            "ollama", "Answer vectors.", "OllamaEmbeddingRequest", "OllamaEmbeddingAnswer"
        )
    },
    "/api/tags": {"get": _get("List the aliases.", "OllamaModels", "ollama", tag="ollama")},
    "/api/ps": {"get": _get("List the aliases.", "OllamaModels", "ollama", tag="ollama")},
    "/api/version": {"get": _get("Answer the version.", "Version", "ollama", tag="ollama")},
    "/api/show": {
        "post": _DescribedEndpoint(
            wire="ollama",
            tag="ollama",
            about="Look a name up.",
            request="OllamaShowRequest",
            answer="OllamaShowAnswer",
        )
    },
    "/ui/api/explain": {"get": _get("Explain a call that is not made.", "Plan", query=_EXPLAIN)},
    "/ui/api/keys": {
        "get": _get("List the keys, for a key with the role admin.", "Keys"),
        "post": _manage("Make a key, which is shown once.", "CreatedKey"),
    },
    "/ui/api/keys/set": {"post": _manage("Change settings of a key.", "Key")},
    "/ui/api/keys/revoke": {"post": _manage("End a key.", "RevokedKey", "KeyName")},
    "/ui/api/status": {"get": _get("Answer the status of the gateway.", "Status")},
    "/ui/api/calls": {"get": _get("Answer the last calls.", "Calls", query=_CALLS)},
    "/metrics": {"get": _get("Answer the metrics for Prometheus.", None)},
    "/": {"get": _get("Answer that there is a gateway.", None)},
    "/openapi.json": {"get": _get("Answer this description.", "Description")},
    "/healthz": {"get": _get("Answer that the process runs.", "State")},
    "/readyz": {
        "get": _get(
            "Answer whether calls can succeed.",
            "State",
            also=("503",),
            query=(_field("deep", TEXT, "Given: list each alias with its first model."),),
        )
    },
}

_OTHERS: Mapping[str, Schema] = {
    "Plan": {"type": "object", "required": ["profile", "wire", "policy"]},
    "Description": {"type": "object", "required": ["openapi", "paths"]},
    "Status": {"type": "object", "required": ["lockfile", "profile", "aliases", "workers"]},
    "Calls": {"type": "object", "required": ["calls"]},
}


def openapi_document() -> dict[str, Any]:
    """Build the description of all endpoints, in OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "llmring", "version": __version__, "description": _ABOUT},
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        # The first: no key, as on a gateway that has none.
        "security": [{}, *({name: []} for name in _KEYS)],
        "paths": {
            path: {method: _operation(path, each) for method, each in methods.items()}
            for path, methods in ENDPOINTS.items()
        },
        "components": {
            "securitySchemes": _KEYS,
            "schemas": {
                **REQUESTS,
                **ANSWERS,
                **KEY_SCHEMAS,
                **_OTHERS,
                **{_error_name(wire): schema for wire, schema in ERRORS.items()},
            },
        },
    }


def _operation(path: str, endpoint: _DescribedEndpoint) -> dict[str, Any]:
    parameters = [*endpoint.query]
    if "{model}" in path:
        parameters.insert(
            0,
            {
                "name": "model",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1},
                "description": "An alias, or another name that can be called.",
            },
        )
    if endpoint.calls:
        parameters += (
            {"name": name, "in": "header", "schema": schema, "description": about}
            for name, (schema, about) in _WISHES.items()
        )
    found: dict[str, Any] = {
        "tags": [endpoint.tag],
        "summary": endpoint.about,
        "responses": _responses(endpoint),
    }
    if parameters:
        found["parameters"] = parameters
    if endpoint.request is not None:
        body = {"application/json": {"schema": reference(endpoint.request)}}
        found["requestBody"] = {"required": True, "content": body}
    return found


def _responses(endpoint: _DescribedEndpoint) -> dict[str, Any]:
    if endpoint.answer is None:
        content: dict[str, Any] = {"text/plain": {"schema": TEXT}}
    else:
        content = {"application/json": {"schema": reference(endpoint.answer)}}
    if endpoint.stream is not None:
        content[endpoint.stream] = {}
    good: dict[str, Any] = {"description": "The answer.", "content": content}
    if endpoint.calls:
        good["headers"] = {
            name: {"schema": TEXT, "description": about} for name, about in _FACTS.items()
        }
    error = {
        "description": "The error, in the form of the API.",
        "content": {
            "application/json": {
                "schema": reference(_error_name(endpoint.wire)),
            }
        },
    }
    return {"200": good, **dict.fromkeys(endpoint.also, good), "4XX": error, "5XX": error}


def _error_name(wire: str) -> str:
    """Return the name of the schema of an API's errors; the two of OpenAI have the same."""
    api = "chat" if wire == "responses" else wire
    return f"{api.capitalize()}Error"
