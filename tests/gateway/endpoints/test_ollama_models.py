"""The lists that Ollama's clients ask for, as the official client reads them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from client_bodies import sent_to
from gateways import HandlerServer, gateway_of, get, post
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.endpoints.ollama_models import (
    list_running,
    list_tags,
    server_version,
    show_model,
)
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.naming import called
from llmring.gateway.refusals import UnknownModelError
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import OLLAMA
from loopback import Loopback

Handle = Callable[[Gateway, GatewayRequest], Awaitable[GatewayAnswer]]

LOCK = """
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:small", "openai:large"]

[[profiles.default.bindings]]
alias = "vectors"
models = ["openai:text-embedding-3-small"]

[[profiles.default.bindings]]
alias = "new"
models = ["openai:new"]

[registry.models."openai:small"]
context_window = 10000
capabilities = ["tools"]

[registry.models."openai:large"]
context_window = 80000
capabilities = ["tools", "vision", "reasoning", "temperature"]

[registry.models."openai:text-embedding-3-small"]
retires = 9999-12-31
"""
SHOW: Handle = show_model
ENDPOINTS: dict[tuple[str, str], Handle] = {
    ("GET", "/api/tags"): list_tags,
    ("GET", "/api/ps"): list_running,
    ("GET", "/api/version"): server_version,
    ("POST", "/api/show"): show_model,
}


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    path = tmp_path / "llmring.lock"
    path.write_text(LOCK)
    return gateway_of(ServedRing(path))


@pytest.fixture
def served(gateway: Gateway) -> Iterator[Loopback]:
    async def handler(request: GatewayRequest) -> GatewayAnswer:
        return await ENDPOINTS[request.method, request.path](gateway, request)

    with HandlerServer(handler, gateway.ring) as server:
        yield server


def answered(answer: Awaitable[GatewayAnswer]) -> Any:
    async def wait() -> GatewayAnswer:
        return await answer

    body = asyncio.run(wait()).body
    assert isinstance(body, bytes)
    return json.loads(body)


def shown(gateway: Gateway, body: Any) -> Any:
    return answered(show_model(gateway, post("/api/show", json.dumps(body).encode())))


def test_g009_the_aliases_are_the_models_of_the_server(gateway: Gateway) -> None:
    names = [each["name"] for each in answered(list_tags(gateway, get("/api/tags")))["models"]]

    assert names == ["fast:latest", "vectors:latest", "new:latest"]


def test_g009_an_alias_with_another_model_has_another_digest(
    gateway: Gateway, tmp_path: Path
) -> None:
    def digest() -> str:
        return str(answered(list_tags(gateway, get("/api/tags")))["models"][-1]["digest"])

    before = digest()
    path = tmp_path / "llmring.lock"
    path.write_text(path.read_text().replace("openai:new", "openai:newer"))

    assert digest() != before


@pytest.mark.parametrize("key", ["model", "name"])
@pytest.mark.parametrize("asked", ["fast", "fast:latest"])
def test_g009_a_model_is_shown_by_either_key_and_with_or_without_its_tag(
    gateway: Gateway, key: str, asked: str
) -> None:
    found = shown(gateway, {key: asked})

    assert found["capabilities"] == ["completion", "tools", "vision", "thinking"]
    assert found["model_info"]["llmring.context_length"] == 10_000


@pytest.mark.parametrize(
    ("alias", "capabilities"), [("vectors", ["embedding"]), ("new", ["completion", "tools"])]
)
def test_g009_the_capabilities_are_those_of_the_models(
    gateway: Gateway, alias: str, capabilities: list[str]
) -> None:
    assert shown(gateway, {"model": alias})["capabilities"] == capabilities


def test_g009_a_model_that_is_called_directly_can_be_shown(gateway: Gateway) -> None:
    assert (
        shown(gateway, {"model": "openai:large"})["model_info"]["llmring.context_length"] == 80_000
    )


def test_g009_the_version_is_one_with_all_that_clients_check_for(gateway: Gateway) -> None:
    version = answered(server_version(gateway, get("/api/version")))["version"]

    assert [*map(int, version.split("."))] >= [0, 12]


def test_g092_an_unknown_model_is_not_shown(gateway: Gateway) -> None:
    with pytest.raises(UnknownModelError):
        shown(gateway, {"model": "llama3"})


@pytest.mark.parametrize("body", [{}, {"model": ""}, {"model": None, "name": ""}])
def test_g093_a_request_that_names_no_model_is_an_error_of_the_field(
    gateway: Gateway, body: Any
) -> None:
    with pytest.raises(RequestFormatError) as error:
        shown(gateway, body)

    assert error.value.field == "model"


def test_g009_ollama_s_client_lists_and_shows_the_models(served: Loopback) -> None:
    ollama = pytest.importorskip("ollama")
    client = ollama.Client(served.url)
    tags, running, found = client.list(), client.ps(), client.show("fast:latest")
    client._client.close()

    assert [each.model for each in tags.models] == ["fast:latest", "vectors:latest", "new:latest"]
    assert running.models[0].context_length == 10_000
    assert running.models[0].expires_at.timestamp() > 0
    assert found.capabilities == ["completion", "tools", "vision", "thinking"]
    assert found.modelinfo["llmring.context_length"] == 10_000


@pytest.mark.parametrize("body", sent_to("/api/show"))
def test_g009_real_clients_that_ask_for_a_model_get_it(gateway: Gateway, body: Any) -> None:
    assert "completion" in shown(gateway, body)["capabilities"]


@pytest.mark.parametrize("body", sent_to("/api/chat"))
def test_g009_real_clients_call_models_by_names_that_are_listed(
    gateway: Gateway, body: Any
) -> None:
    listed = {each["name"] for each in answered(list_tags(gateway, get("/api/tags")))["models"]}

    assert body["model"] in {*listed, *(each.removesuffix(":latest") for each in listed)}
    assert called(gateway, OLLAMA, post("/api/chat", b""), body["model"]).alias == "fast"
