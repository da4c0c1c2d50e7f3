"""Counts of tokens through the gateway, exact or estimated."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import answers
from client_bodies import sent_to
from gateways import HandlerServer, gateway_of, post
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.endpoints.counting import answer_count
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.refusals import NotSupportedError, UnknownModelError
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.gateway.wires import CHAT, GEMINI, MESSAGES, OLLAMA, RESPONSES, Wire
from loopback import Answer, Loopback, Pause, as_json

Serve = Callable[..., Loopback]
Made = Callable[..., Gateway]

LOCK = """
[[profiles.default.bindings]]
alias = "claude"
models = ["anthropic:some-model"]

[[profiles.default.bindings]]
alias = "gemini"
models = ["google:some-model"]

[[profiles.default.bindings]]
alias = "gpt"
models = ["openai:some-model"]

[[profiles.default.bindings]]
alias = "deepseek"
models = ["deepseek:some-model"]

[[profiles.default.bindings]]
alias = "one"
models = ["anthropic:some-model"]
max_concurrency = 1
"""
COUNTED = {
    "claude": as_json({"input_tokens": 1234}),
    "gemini": as_json({"totalTokens": 1234}),
    "gpt": as_json({"object": "response.input_tokens", "input_tokens": 1234}),
}
TEXT = "How many tokens are these?"


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Return a function that makes a gateway whose providers are all one server."""
    path = tmp_path / "llmring.lock"
    path.write_text(LOCK)

    def make(server: Loopback, **options: Any) -> Gateway:
        for name, address, key in (
            ("ANTHROPIC", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
            ("GOOGLE", "GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"),
            ("OPENAI", "OPENAI_BASE_URL", "OPENAI_API_KEY"),
            ("DEEPSEEK", "DEEPSEEK_BASE_URL", "DEEPSEEK_API_KEY"),
        ):
            monkeypatch.setenv(
                address, server.url + ("/v1" if name in ("OPENAI", "DEEPSEEK") else "")
            )
            monkeypatch.setenv(key, "sk-0123456789abcdef")
        return gateway_of(ServedRing(path), **options)

    return make


def body_of(wire: Wire, model: str, text: str = TEXT) -> bytes:
    if wire is GEMINI:
        return json.dumps({"contents": [{"role": "user", "parts": [{"text": text}]}]}).encode()
    key = "input" if wire is RESPONSES else "messages"
    return json.dumps({"model": model, key: [{"role": "user", "content": text}]}).encode()


def counted(
    gateway: Gateway, wire: Wire, model: str, headers: dict[str, str] | None = None
) -> tuple[Any, str]:
    """Return the answer, and whether it is exact."""

    async def ask() -> GatewayAnswer:
        async with gateway.ring:
            request = post("/any", body_of(wire, model), headers=headers or {})
            return await answer_count(
                gateway, wire, request, model=model if wire is GEMINI else None
            )

    answer = asyncio.run(ask())
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body), answer.headers["x-llmring-count"]


WIRES = {
    "messages": (MESSAGES, "input_tokens"),
    "gemini": (GEMINI, "totalTokens"),
    "responses": (RESPONSES, "input_tokens"),
}
each_wire = pytest.mark.parametrize(("wire", "field"), WIRES.values(), ids=WIRES)


@each_wire
@pytest.mark.parametrize("alias", COUNTED)
def test_g006_g007_g016_the_provider_of_the_alias_counts(
    serve: Serve, gateway: Made, wire: Wire, field: str, alias: str
) -> None:
    server = serve(COUNTED[alias])

    found, how = counted(gateway(server), wire, alias)

    assert (found[field], how) == (1234, "exact")
    [sent] = server.requests
    assert TEXT.encode() in sent.body


@each_wire
def test_g006_a_provider_that_can_t_count_gives_an_estimate(
    serve: Serve, gateway: Made, wire: Wire, field: str
) -> None:
    server = serve(answers.openai())

    found, how = counted(gateway(server), wire, "deepseek")

    assert how == "estimate"
    assert 5 < found[field] < 30
    assert server.requests == []


@each_wire
@pytest.mark.parametrize(
    "answer",
    [as_json({}, 404), as_json({}, 500), as_json({}, 401), Answer([b"no JSON"]), as_json({})],
)
def test_g006_a_provider_that_fails_gives_an_estimate(
    serve: Serve, gateway: Made, wire: Wire, field: str, answer: Answer
) -> None:
    found, how = counted(gateway(serve(answer)), wire, "claude")

    assert how == "estimate"
    assert found[field] > 5


@each_wire
def test_g006_without_a_key_there_is_an_estimate(
    serve: Serve, gateway: Made, monkeypatch: pytest.MonkeyPatch, wire: Wire, field: str
) -> None:
    here = gateway(serve(answers.openai()))
    monkeypatch.delenv("ANTHROPIC_API_KEY")

    found, how = counted(gateway_of(ServedRing(here.ring.lockfile_path)), wire, "claude")

    assert how == "estimate"
    assert found[field] > 5


@each_wire
def test_g006_a_name_that_a_rule_maps_is_never_unknown(
    serve: Serve, gateway: Made, wire: Wire, field: str
) -> None:
    here = gateway(serve(as_json({}, 404)), names={"*": "claude"})

    assert counted(here, wire, "claude-opus-4-8")[0][field] > 5


@each_wire
def test_g092_g162_a_name_that_may_not_be_called_is_not_counted(
    serve: Serve, gateway: Made, wire: Wire, field: str
) -> None:
    server = serve(COUNTED["claude"])

    with pytest.raises(UnknownModelError):
        counted(gateway(server, is_open=False), wire, "anthropic:some-model")

    assert server.requests == []


def test_g028_a_client_that_waits_no_longer_gets_an_estimate(serve: Serve, gateway: Made) -> None:
    server = serve(Answer([Pause(30), b"{}"]))

    _, how = counted(gateway(server), MESSAGES, "claude", {"x-llmring-timeout": "0.2"})

    assert how == "estimate"


@pytest.mark.parametrize("wire", [CHAT, OLLAMA], ids=["chat", "ollama"])
def test_an_api_without_such_an_endpoint_has_no_counts(
    serve: Serve, gateway: Made, wire: Wire
) -> None:
    with pytest.raises(NotSupportedError):
        counted(gateway(serve(answers.openai())), wire, "claude")


@each_wire
def test_g093_a_body_that_can_t_be_read_is_an_error(
    serve: Serve, gateway: Made, wire: Wire, field: str
) -> None:
    here = gateway(serve(answers.openai()))

    with pytest.raises(RequestFormatError):
        asyncio.run(answer_count(here, wire, post("/any", b"[1]"), model="claude"))


def test_g104_the_answer_names_the_model_the_alias_and_the_profile(
    serve: Serve, gateway: Made
) -> None:
    here = gateway(serve(COUNTED["claude"]))

    async def ask() -> GatewayAnswer:
        async with here.ring:
            return await answer_count(here, MESSAGES, post("/any", body_of(MESSAGES, "claude")))

    headers = asyncio.run(ask()).headers
    assert headers["x-llmring-model"] == "anthropic:some-model"
    assert (headers["x-llmring-alias"], headers["x-llmring-profile"]) == ("claude", "default")


def test_g051_g059_fields_of_the_api_are_counted_by_servers_of_the_same_api(
    serve: Serve, gateway: Made
) -> None:
    server = serve(COUNTED["claude"])
    asked = {**json.loads(body_of(MESSAGES, "claude")), "context_management": {"edits": []}}

    async def ask() -> GatewayAnswer:
        async with here.ring:
            sent = post("/any", json.dumps(asked).encode(), headers={"anthropic-beta": "b-1"})
            return await answer_count(here, MESSAGES, sent)

    here = gateway(server)
    assert asyncio.run(ask()).headers["x-llmring-count"] == "exact"
    [sent] = server.requests
    assert sent.json["context_management"] == {"edits": []}
    assert "b-1" in sent.headers["anthropic-beta"]


# --- At the same time ---


def test_g006_sixteen_counts_are_made_at_once_and_do_not_wait_for_chats(
    serve: Serve, gateway: Made
) -> None:
    slow = serve(Answer([Pause(0.5), *COUNTED["claude"].steps], 200, COUNTED["claude"].headers))
    here = gateway(slow)

    async def ask() -> list[str]:
        async with here.ring:
            # The alias allows one call, and this is it.
            chat = asyncio.ensure_future(_chat(here))
            while not slow.requests:
                await asyncio.sleep(0.01)
            request = post("/any", body_of(MESSAGES, "one"))
            found = await asyncio.gather(
                *(answer_count(here, MESSAGES, request) for _ in range(16))
            )
            chat.cancel()
            await asyncio.gather(chat, return_exceptions=True)
            return [each.headers["x-llmring-count"] for each in found]

    slow.answers.insert(0, Answer([Pause(30), b"{}"]))

    assert asyncio.run(ask()) == ["exact"] * 16
    # One for the chat, and one for each count: none waited for another to end.
    assert slow.connections == 17


async def _chat(gateway: Gateway) -> None:
    await gateway.ring.chat("one", "Hello")


# --- Clients ---


@pytest.mark.parametrize("body", sent_to("/v1/messages/count_tokens?beta=true"))
def test_g006_what_claude_code_counts_is_counted(serve: Serve, gateway: Made, body: Any) -> None:
    server = serve(COUNTED["claude"])
    here = gateway(server, names={"claude-opus-*": "claude"})

    async def ask() -> GatewayAnswer:
        async with here.ring:
            sent = msgspec.json.encode(body)
            return await answer_count(here, MESSAGES, post("/v1/messages/count_tokens", sent))

    answer = asyncio.run(ask())

    assert answer.body == b'{"input_tokens":1234}'
    [sent] = server.requests
    assert sent.json["model"] == "some-model"
    assert len(sent.json.get("tools", [])) == len(body["tools"])


@pytest.fixture
def served(serve: Serve, gateway: Made) -> Iterator[Loopback]:
    here = gateway(serve(COUNTED["claude"]))

    async def handler(request: GatewayRequest) -> GatewayAnswer:
        if ":countTokens" in request.path:
            name = request.path.partition("/models/")[2].removesuffix(":countTokens")
            return await answer_count(here, GEMINI, request, model=name)
        wire = RESPONSES if "responses" in request.path else MESSAGES
        return await answer_count(here, wire, request)

    with HandlerServer(handler, here.ring) as server:
        yield server


def test_g006_anthropic_s_client_reads_the_count(served: Loopback) -> None:
    anthropic = pytest.importorskip("anthropic")
    with anthropic.Anthropic(base_url=served.url, api_key="k") as client:
        found = client.messages.count_tokens(
            model="claude", messages=[{"role": "user", "content": TEXT}]
        )

    assert found.input_tokens == 1234


def test_g007_google_s_client_reads_the_count(served: Loopback) -> None:
    genai = pytest.importorskip("google.genai")
    options = {"base_url": served.url}
    with genai.Client(vertexai=False, api_key="k", http_options=options) as client:
        found = client.models.count_tokens(model="claude", contents=TEXT)

    assert found.total_tokens == 1234


def test_g016_openai_s_client_reads_the_count(served: Loopback) -> None:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="k") as client:
        found = client.responses.input_tokens.count(model="claude", input=TEXT)

    assert (found.input_tokens, found.object) == (1234, "response.input_tokens")
