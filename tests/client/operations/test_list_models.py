"""Listing the models of a provider."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring import (
    ListedModel,
    LLMRing,
    ProviderAuthenticationError,
    ProviderNotFoundError,
    ProviderResponseError,
    ProviderTimeoutError,
)
from llmring.local import mock
from loopback import Answer, Loopback, Pause, as_json
from rings import KEY, ring_at

Serve = Callable[..., Loopback]


def models(ring: LLMRing, provider: str, **options: Any) -> list[ListedModel]:
    return ring.list_models(provider, **options).result()


def test_openai_lists_its_models(serve: Serve) -> None:
    listed = {"id": "gpt-4o-mini", "object": "model", "created": 1721172741, "owned_by": "system"}
    server = serve(as_json({"object": "list", "data": [listed]}))

    assert models(ring_at(server), "OpenAI") == [ListedModel(id="gpt-4o-mini", created=1721172741)]
    [request] = server.requests
    assert (request.method, request.path, request.body) == ("GET", "/v1/models", b"")
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_list_models_can_be_awaited(serve: Serve) -> None:
    server = serve(as_json({"data": [{"id": "m"}]}))

    async def call() -> list[ListedModel]:
        async with ring_at(server) as ring:
            return await ring.list_models("openai")

    assert asyncio.run(call()) == [ListedModel(id="m")]


@pytest.mark.parametrize(
    ("row", "window"),
    [
        ({"context_length": 1000, "name": "M"}, 1000),
        ({"context_window": 2000}, 2000),
        ({"max_model_len": 3000}, 3000),
        ({"max_context_length": 4000}, 4000),
    ],
)
def test_compatible_servers_report_more_facts(
    serve: Serve, row: dict[str, Any], window: int
) -> None:
    [model] = models(ring_at(serve(as_json({"data": [{"id": "m", **row}]}))), "openai")

    assert (model.context_window, model.name) == (window, row.get("name"))


def test_a_list_without_an_object_around_it_is_read(serve: Serve) -> None:
    assert models(ring_at(serve(as_json([{"id": "m"}]))), "openai") == [ListedModel(id="m")]


def test_anthropic_lists_its_models_page_by_page(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def row(name: str, day: str) -> dict[str, Any]:
        return {"id": name, "type": "model", "display_name": name.title(), "created_at": day}

    more = {"max_input_tokens": 200000, "max_tokens": 64000}
    server = serve(
        as_json(
            {
                "data": [row("one", "2025-02-19T00:00:00Z") | more],
                "has_more": True,
                "last_id": "one",
            }
        ),
        as_json(
            {"data": [row("two", "1970-01-01T00:00:00Z")], "has_more": False, "last_id": "two"}
        ),
    )
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)

    assert models(LLMRing(), "anthropic") == [
        ListedModel(
            id="one", name="One", created=1739923200, context_window=200000, max_output=64000
        ),
        ListedModel(id="two", name="Two"),
    ]
    assert [request.path for request in server.requests] == [
        "/v1/models?limit=1000",
        "/v1/models?limit=1000&after_id=one",
    ]
    assert server.requests[1].headers["x-api-key"] == KEY


def test_google_lists_its_models_page_by_page(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {
        "name": "models/gemini-2.5-flash",
        "displayName": "Gemini 2.5 Flash",
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
    }
    server = serve(as_json({"models": [row], "nextPageToken": "a/b="}), as_json({}))
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)

    assert models(LLMRing(), "google") == [
        ListedModel(
            id="gemini-2.5-flash",
            name="Gemini 2.5 Flash",
            context_window=1048576,
            max_output=65536,
        )
    ]
    assert [request.path for request in server.requests] == [
        "/v1beta/models?pageSize=1000",
        "/v1beta/models?pageSize=1000&pageToken=a%2Fb%3D",
    ]


def test_ollama_lists_the_models_that_it_has(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(as_json({"models": [{"name": "llama3.2:latest", "model": "llama3.2:latest"}]}))
    monkeypatch.setenv("OLLAMA_BASE_URL", server.url)

    assert models(LLMRing(), "ollama") == [ListedModel(id="llama3.2:latest")]
    assert server.requests[0].path == "/api/tags"


def test_endless_pages_are_abandoned(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server = serve(as_json({"models": [{"name": "models/m"}], "nextPageToken": "same"}))
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
    monkeypatch.setenv("GOOGLE_API_KEY", KEY)

    models(LLMRing(), "google")

    assert len(server.requests) == 2


def test_the_models_of_this_machine_are_listed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = tmp_path / "mine.gguf"
    own.touch()
    monkeypatch.setenv("LLMRING_LOCAL_MODEL", str(own))

    assert "mine" in [model.id for model in models(LLMRing(), "local")]


def test_the_mocks_are_listed() -> None:
    assert [model.id for model in models(LLMRing(), "mock")] == list(mock.names())


def test_an_unknown_provider_is_an_error() -> None:
    with pytest.raises(ProviderNotFoundError, match="did you mean openai"):
        LLMRing().list_models("openia")


def test_a_provider_without_a_key_is_an_error() -> None:
    with pytest.raises(ProviderAuthenticationError, match="OPENAI_API_KEY"):
        LLMRing().list_models("openai")


def test_a_refused_key_is_an_error_that_does_not_show_it(serve: Serve) -> None:
    server = serve(answers.openai_error(401, f"Incorrect API key provided: {KEY}"))

    with pytest.raises(ProviderAuthenticationError) as caught:
        ring_at(server).list_models("openai")

    assert str(caught.value).startswith("openai: 401")
    assert KEY not in str(caught.value)


def test_a_list_that_can_not_be_read_is_an_error(serve: Serve) -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        ring_at(serve(as_json({"models": []}))).list_models("openai")


def test_a_list_has_a_deadline(serve: Serve) -> None:
    with pytest.raises(ProviderTimeoutError):
        ring_at(serve(Answer([Pause(30)]))).list_models("openai", timeout=0.1)
