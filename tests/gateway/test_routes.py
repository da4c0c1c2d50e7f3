"""The paths of the gateway: the API and the function of each, and the refusals."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.gateway.refusals import (
    ForbiddenError,
    MethodNotAllowedError,
    NoSuchPathError,
    NotSupportedError,
)
from llmring.gateway.routes import (
    GatewayRoute,
    UpgradeRefusedError,
    find_route,
    load_handler,
    read_path,
)


def route(method: str, path: str, **headers: str) -> GatewayRoute:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return find_route(method, read_path(path).path, named)


@pytest.mark.parametrize(
    ("method", "path", "wire", "handler"),
    [
        ("POST", "/v1/chat/completions", "chat", "endpoints.chat:answer_chat"),
        ("POST", "/v1/responses", "responses", "endpoints.chat:answer_chat"),
        ("POST", "/v1/messages", "messages", "endpoints.chat:answer_chat"),
        ("POST", "/anthropic/v1/messages", "messages", "endpoints.chat:answer_chat"),
        ("POST", "/v1/messages/count_tokens", "messages", "endpoints.counting:answer_count"),
        ("POST", "/v1/responses/input_tokens", "responses", "endpoints.counting:answer_count"),
        ("POST", "/api/chat", "ollama", "endpoints.chat:answer_chat"),
        ("POST", "/api/generate", "ollama", "endpoints.chat:answer_chat"),
        ("POST", "/api/embed", "ollama", "endpoints.embeddings:answer_embeddings"),
        ("GET", "/api/tags", "ollama", "endpoints.ollama_models:list_tags"),
        ("GET", "/api/version", "ollama", "endpoints.ollama_models:server_version"),
        ("GET", "/api/ps", "ollama", "endpoints.ollama_models:list_running"),
        ("POST", "/api/show", "ollama", "endpoints.ollama_models:show_model"),
        ("POST", "/v1/embeddings", "chat", "endpoints.embeddings:answer_embeddings"),
        ("GET", "/ui/api/explain", "chat", "ui_api.explained_call:answer_explain"),
        ("GET", "/v1/models", "chat", "endpoints.models:list_models"),
        ("GET", "/v1/models/", "chat", "endpoints.models:list_models"),
        ("GET", "/v1beta/models", "gemini", "endpoints.models:list_models"),
        ("HEAD", "/", "chat", "endpoints.health:answer_root"),
        ("HEAD", "/anthropic", "chat", "endpoints.health:answer_root"),
        ("GET", "/profiles/web", "chat", "endpoints.health:answer_root"),
    ],
)
def test_g001_to_g015_a_path_leads_to_its_function_in_its_api(
    method: str, path: str, wire: str, handler: str
) -> None:
    found = route(method, path)

    assert (found.wire.name, found.handler, found.refusal) == (wire, handler, None)


def test_g003_a_websocket_is_refused_with_426_in_the_form_of_responses() -> None:
    found = route("GET", "/v1/responses", upgrade="WebSocket")

    assert isinstance(found.refusal, UpgradeRefusedError)
    assert found.refusal.status == 426
    assert found.wire.name == "responses"


@pytest.mark.parametrize("root", ["v1", "v1beta", "v1alpha"])
@pytest.mark.parametrize(
    ("verb", "handler", "more"),
    [
        ("generateContent", "endpoints.chat:answer_chat", {"stream": False}),
        ("streamGenerateContent", "endpoints.chat:answer_chat", {"stream": True}),
        ("countTokens", "endpoints.counting:answer_count", {}),
        ("embedContent", "endpoints.embeddings:answer_embeddings", {"batch": False}),
        ("batchEmbedContents", "endpoints.embeddings:answer_embeddings", {"batch": True}),
    ],
)
def test_g007_a_verb_of_google_s_api_leads_to_its_function(
    root: str, verb: str, handler: str, more: dict[str, bool]
) -> None:
    found = route("POST", f"/{root}/models/fast:{verb}")

    assert (found.wire.name, found.handler) == ("gemini", handler)
    assert {**found.arguments, "wire": None} == {"wire": None, "model": "fast", **more}


@pytest.mark.parametrize(
    ("written", "model"),
    [
        ("models/fast", "models/fast"),
        ("models%2Ffast", "models/fast"),
        ("openai:gpt-4o", "openai:gpt-4o"),
        ("openrouter:a%2Fb%3Afree", "openrouter:a/b:free"),
        ("openrouter/a/b:free", "openrouter/a/b:free"),
        ("caf%C3%A9", "café"),
        ("a%25b", "a%b"),
    ],
)
def test_g007_the_model_in_a_path_may_hold_slashes_and_colons_encoded_or_not(
    written: str, model: str
) -> None:
    for colon in (":", "%3A"):
        found = route("POST", f"/v1beta/models/{written}{colon}generateContent")

        assert found.arguments["model"] == model


@given(st.text(string.printable + "é∑", min_size=1).filter(lambda text: text.strip("/")))
def test_g007_any_model_that_a_client_encodes_arrives_as_it_is(model: str) -> None:
    from urllib.parse import quote

    found = route("POST", f"/v1beta/models/{quote(model, safe='')}:generateContent")

    assert found.arguments["model"] == model


@pytest.mark.parametrize(
    ("path", "asked"),
    [("/v1/models/fast", "fast"), ("/v1/models/openai:gpt-4o", "openai:gpt-4o")],
)
def test_g012_a_model_is_looked_up_by_the_name_in_the_path(path: str, asked: str) -> None:
    found = route("GET", path)

    assert (found.handler, found.arguments["asked"]) == ("endpoints.models:one_model", asked)


@pytest.mark.parametrize(
    ("headers", "wire"),
    [
        ({"anthropic_version": "2023-06-01"}, "messages"),
        ({"x_goog_api_key": "k"}, "gemini"),
        ({}, "chat"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/x", "/v1/nothing", "/v1/files"])
def test_g012_paths_that_apis_share_are_of_the_caller_s_api(
    headers: dict[str, str], wire: str, path: str
) -> None:
    assert route("GET", path, **headers).wire.name == wire


@pytest.mark.parametrize(
    "path", ["/api/pull", "/api/push", "/api/create", "/api/copy", "/api/delete", "/api/blobs/x"]
)
@pytest.mark.parametrize("method", ["POST", "DELETE", "HEAD"])
def test_g010_a_change_of_models_is_forbidden(method: str, path: str) -> None:
    found = route(method, path)

    assert isinstance(found.refusal, ForbiddenError)
    assert found.wire.name == "ollama"


@pytest.mark.parametrize(
    ("path", "wire", "named"),
    [
        ("/v1/files", "chat", "files"),
        ("/v1/files/f_1/content", "chat", "files"),
        ("/v1/batches", "chat", "batches"),
        ("/v1/messages/batches", "messages", "messages/batches"),
        ("/v1/messages/batches/b_1/results", "messages", "messages/batches"),
        ("/v1/responses/compact", "responses", "responses/compact"),
        ("/v1/audio/speech", "chat", "audio"),
        ("/upload/v1beta/files", "gemini", "files"),
        ("/v1beta/models/x:batchGenerateContent", "gemini", "batchGenerateContent"),
    ],
)
def test_g018_what_is_not_offered_is_named_in_a_501(path: str, wire: str, named: str) -> None:
    found = route("POST", path)

    assert isinstance(found.refusal, NotSupportedError)
    assert named in str(found.refusal)
    assert found.wire.name == wire


@pytest.mark.parametrize(
    ("path", "wire"),
    [
        ("/v1/messages/x", "messages"),
        ("/v1/responses/resp_1", "responses"),
        ("/v1/chat", "chat"),
        ("/api/embeddings", "ollama"),
        ("/v1beta/corpora", "gemini"),
        ("/v1beta/models/x:sing", "gemini"),
        ("/favicon.ico", "chat"),
        ("/v1/messagesx", "chat"),
        ("/profiles/a/profiles/b/v1/messages", "chat"),
        (f"/{'x' * 5000}", "chat"),
    ],
)
def test_g020_an_unknown_path_is_a_404_of_the_nearest_api(path: str, wire: str) -> None:
    found = route("POST", path)

    assert isinstance(found.refusal, NoSuchPathError)
    assert len(str(found.refusal)) < 400
    assert found.wire.name == wire


def test_g020_a_path_that_is_nearly_right_is_answered_with_the_right_one() -> None:
    assert "/v1/chat/completions" in str(route("POST", "/chat/completions").refusal)


@pytest.mark.parametrize(
    ("method", "path", "wire", "allowed"),
    [
        ("GET", "/v1/messages", "messages", ("POST",)),
        ("GET", "/v1/responses", "responses", ("POST",)),
        ("DELETE", "/v1/models/x", "chat", ("GET", "HEAD")),
        ("POST", "/v1/models", "chat", ("GET", "HEAD")),
        ("POST", "/v1beta/models/x", "gemini", ("GET", "HEAD")),
        ("POST", "/api/tags", "ollama", ("GET", "HEAD")),
        ("OPTIONS", "/v1/embeddings", "chat", ("POST",)),
    ],
)
def test_g020_a_wrong_method_is_a_405_that_names_the_right_ones(
    method: str, path: str, wire: str, allowed: tuple[str, ...]
) -> None:
    found = route(method, path)

    assert isinstance(found.refusal, MethodNotAllowedError)
    assert found.refusal.allowed == allowed
    assert found.wire.name == wire


@pytest.mark.parametrize(
    ("raw", "profile", "path"),
    [
        ("/profiles/web/v1/messages", "web", "/v1/messages"),
        ("/profiles/my%20web/anthropic/v1/messages", "my web", "/v1/messages"),
        ("/profiles/a%2Fb/", "a/b", "/"),
        ("/profiles/web", "web", "/"),
        ("/v1/profiles/web", None, "/v1/profiles/web"),
        ("//v1/messages", None, "/v1/messages"),
        ("/", None, "/"),
        ("/profiles", None, "/profiles"),
    ],
)
def test_g023_a_path_may_begin_with_a_profile(raw: str, profile: str | None, path: str) -> None:
    found = read_path(raw)

    assert (found.profile, found.path) == (profile, path)


@given(st.text(st.characters(max_codepoint=255)), st.sampled_from(["GET", "POST", "BREW"]))
def test_g020_any_path_has_a_way_or_a_refusal(raw: str, method: str) -> None:
    found = find_route(method, read_path(raw).path, {})

    assert bool(found.handler) != (found.refusal is not None)


def test_g020_only_a_function_that_exists_is_loaded() -> None:
    assert load_handler("endpoints.health:answer_health").__name__ == "answer_health"
    with pytest.raises(ImportError):
        load_handler("no_such_module:answer")
    with pytest.raises(AttributeError):
        load_handler("endpoints.health:no_such_function")
