"""The lists of models, as the official clients of each API read them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from client_bodies import CAPTURES
from gateways import HandlerServer, gateway_of, get
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.endpoints.models import list_models, one_model, wire_of_list
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.refusals import UnknownModelError
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import WireName
from loopback import Loopback

ALIASES = ["fast", "coder", "vectors"]
LOCK = """
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:small", "openai:large"]

[[profiles.default.bindings]]
alias = "coder"
models = ["openai:large"]

[[profiles.default.bindings]]
alias = "vectors"
models = ["openai:text-embedding-3-small"]

[[profiles.prod.bindings]]
alias = "fast"
models = ["openai:large"]

[registry.models."openai:small"]
context_window = 10000
max_output = 3000

[registry.models."openai:large"]
context_window = 80000
max_output = 2000

[registry.models."openai:text-embedding-3-small"]
retires = 9999-12-31
"""
TITLES = {
    "fast": "fast → openai:small",
    "coder": "coder → openai:large",
    "vectors": "vectors → openai:text-embedding-3-small",
}


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Gateway]:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    path = tmp_path / "llmring.lock"
    path.write_text(LOCK)
    return lambda **options: gateway_of(ServedRing(path), **options)


Made = Callable[..., Gateway]


def listed(gateway: Gateway, **fields: Any) -> Any:
    answer = asyncio.run(list_models(gateway, get(**fields)))
    assert isinstance(answer.body, bytes)
    assert answer.headers["content-type"] == "application/json"
    return json.loads(answer.body)


def single(gateway: Gateway, asked: str, **fields: Any) -> Any:
    answer = asyncio.run(one_model(gateway, get(**fields), asked))
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("request_", "wire"),
    [
        (get(), "chat"),
        (get(headers={"anthropic-version": "2023-06-01"}), "messages"),
        (get(headers={"x-goog-api-key": "k"}), "gemini"),
        (get(query={"key": "k"}), "gemini"),
        (get("/v1beta/models"), "gemini"),
        (get("/v1alpha/models/fast"), "gemini"),
        (get(headers={"authorization": "Bearer k"}), "chat"),
    ],
)
def test_g012_the_caller_decides_the_form_of_the_list(
    request_: GatewayRequest, wire: WireName
) -> None:
    assert wire_of_list(request_).name == wire


def test_g012_the_aliases_come_first_and_then_the_models_that_may_be_called(
    gateway: Made,
) -> None:
    ids = [each["id"] for each in listed(gateway())["data"]]

    assert ids[:3] == ALIASES
    assert {"openai:gpt-4o-mini", "openai:small"} <= {*ids[3:]}
    assert all(each.startswith("openai:") for each in ids[3:])
    assert len({*ids}) == len(ids)


def test_g012_a_gateway_with_keys_lists_aliases_alone(gateway: Made) -> None:
    assert [each["id"] for each in listed(gateway(is_open=False))["data"]] == ALIASES


def test_g012_the_list_is_that_of_the_profile(gateway: Made) -> None:
    here = gateway(is_open=False, profile="prod")

    assert [each["id"] for each in listed(here)["data"]] == ["fast"]
    assert listed(here)["data"][0]["context_length"] == 80_000


def test_g012_the_limits_of_an_alias_are_the_least_of_its_models(gateway: Made) -> None:
    fast, *_ = listed(gateway())["data"]

    assert (fast["context_length"], fast["max_completion_tokens"]) == (10_000, 2000)
    assert fast["display_name"] == "fast → openai:small"


def test_g012_a_model_is_found_by_every_name_that_calls_it(gateway: Made) -> None:
    here = gateway(names={"claude-*": "coder"})

    for asked in ("coder", "claude-opus-4-8", "claude/coder", "coder[1m]"):
        found = single(here, asked)
        assert (found["id"], found["context_length"]) == (asked, 80_000)
    assert single(here, "openai/large")["id"] == "openai/large"


def test_g012_a_model_that_is_called_directly_has_its_own_name(gateway: Made) -> None:
    assert "display_name" not in single(gateway(), "openai:large")


def test_g092_one_unknown_model_is_a_404(gateway: Made) -> None:
    with pytest.raises(UnknownModelError):
        single(gateway(), "claude-opus-4-8")


def test_g162_a_list_and_one_model_follow_the_same_rules(gateway: Made) -> None:
    with pytest.raises(UnknownModelError):
        single(gateway(is_open=False), "openai:large")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"headers": {"anthropic-version": "1"}, "query": {"limit": "0"}}, "limit"),
        ({"headers": {"anthropic-version": "1"}, "query": {"after_id": "x"}}, "after_id"),
        ({"path": "/v1beta/models", "query": {"pageSize": "-1"}}, "pageSize"),
        ({"path": "/v1beta/models", "query": {"pageToken": "x"}}, "pageToken"),
    ],
)
def test_g093_a_page_that_can_t_be_is_an_error_of_its_parameter(
    gateway: Made, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(RequestFormatError) as error:
        listed(gateway(), **fields)

    assert error.value.field == field


# --- Official clients ---


@pytest.fixture
def served(gateway: Made) -> Iterator[Loopback]:
    here = gateway(is_open=False)

    async def handler(request: GatewayRequest) -> GatewayAnswer:
        _, _, asked = request.path.partition("/models/")
        return await (one_model(here, request, asked) if asked else list_models(here, request))

    with HandlerServer(handler, here.ring) as server:
        yield server


def test_g012_openai_s_client_reads_the_list_and_one_model(served: Loopback) -> None:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="k", max_retries=0) as client:
        assert [each.id for each in client.models.list()] == ALIASES
        assert client.models.retrieve("coder").id == "coder"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-4o")


def test_g012_anthropic_s_client_reads_all_pages_and_one_model(served: Loopback) -> None:
    anthropic = pytest.importorskip("anthropic")
    with anthropic.Anthropic(base_url=served.url, api_key="k", max_retries=0) as client:
        found = [*client.models.list(limit=2)]
        one = client.models.retrieve("claude/fast")
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("claude-opus-4-8")

    claude = [f"claude/{alias}" for alias in ALIASES]
    assert [each.id for each in found] == [*ALIASES, *claude]
    assert [each.display_name for each in found] == [*TITLES.values()] * 2
    assert (one.id, one.display_name, one.max_input_tokens) == (
        "claude/fast",
        TITLES["fast"],
        10_000,
    )
    pages = [each for each in served.requests if "limit=2" in each.path]
    assert len(pages) == 3


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_g012_google_s_client_reads_all_pages_and_one_model(served: Loopback, version: str) -> None:
    genai = pytest.importorskip("google.genai")
    options = {"base_url": served.url, "api_version": version}
    with genai.Client(vertexai=False, api_key="k", http_options=options) as client:
        found = [*client.models.list(config={"page_size": 2})]
        one = client.models.get(model="coder")
        with pytest.raises(genai.errors.ClientError) as error:
            client.models.get(model="gemini-pro")

    assert [each.name for each in found] == [f"models/{alias}" for alias in ALIASES]
    assert [each.supported_actions for each in found][1:] == [
        ["generateContent", "countTokens"],
        ["embedContent", "batchEmbedContents"],
    ]
    assert (one.name, one.display_name) == ("models/coder", TITLES["coder"])
    assert (one.input_token_limit, one.output_token_limit) == (80_000, 2000)
    assert error.value.code == 404


# --- Claude Code ---


def test_g013_claude_code_s_discovery_finds_every_alias(gateway: Made) -> None:
    if not CAPTURES.is_dir():
        pytest.skip("needs the captures next to the repository")
    file = CAPTURES / "claude-code-discovery-and-count-tokens.json"
    [asked] = [
        each
        for each in json.loads(file.read_text(encoding="utf-8"))
        if each["path"].startswith("/v1/models")
    ]
    headers = {name.lower(): value for name, value in asked["headers"]}
    path, _, query = asked["path"].partition("?")
    assert query == "limit=1000"

    found = listed(gateway(), path=path, query={"limit": "1000"}, headers=headers)

    # The client keeps these names alone.
    kept = [each for each in found["data"] if each["id"].startswith(("claude", "anthropic"))]
    assert [(each["id"], each["display_name"]) for each in kept] == [
        ("claude/fast", "fast → openai:large")
    ]
    assert headers["x-llmring-profile"] == "prod"


def test_g013_a_name_of_the_picker_is_an_alias_once(gateway: Made, tmp_path: Path) -> None:
    binding = '[[profiles.default.bindings]]\nalias = "claude/fast"\nmodels = ["openai:large"]\n'
    path = tmp_path / "llmring.lock"
    path.write_text(binding + LOCK)

    found = listed(gateway(is_open=False), headers={"anthropic-version": "2023-06-01"})["data"]

    ids = [each["id"] for each in found]
    assert ids.count("claude/fast") == 1
    assert "claude/claude/fast" in ids
