"""Embeddings through the gateway, in each API that has them."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateways import HandlerServer, gateway_of, post
from llmring import AllModelsFailedError, ProviderTimeoutError
from llmring.dialects.request_decoding import RequestFormatError
from llmring.gateway.endpoints.embeddings import answer_embeddings
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
alias = "vectors"
models = ["openai:embedder", "deepinfra:embedder"]

[[profiles.default.bindings]]
alias = "other"
models = ["openai:embedder", "deepinfra:another"]
"""
VECTORS = [[0.5, -2.5], [0.25, 3.0]]
TEXTS = ["first", "second"]


def vectors(*of: list[float]) -> Answer:
    data = [{"index": at, "embedding": each} for at, each in enumerate(of)]
    return as_json({"data": data, "usage": {"prompt_tokens": 7, "total_tokens": 7}})


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    path = tmp_path / "llmring.lock"
    path.write_text(LOCK)

    def make(openai: Loopback, deepinfra: Loopback | None = None, **options: Any) -> Gateway:
        for name, server in (("OPENAI", openai), ("DEEPINFRA", deepinfra)):
            if server is not None:
                monkeypatch.setenv(f"{name}_BASE_URL", f"{server.url}/v1")
                monkeypatch.setenv(f"{name}_API_KEY", "sk-0123456789abcdef")
        return gateway_of(ServedRing(path), **options)

    return make


def embedded(
    gateway: Gateway,
    wire: Wire,
    body: Any,
    *,
    batch: bool = False,
    headers: dict[str, str] | None = None,
) -> GatewayAnswer:
    async def ask() -> GatewayAnswer:
        async with gateway.ring:
            request = post("/any", json.dumps(body).encode(), headers=headers or {})
            model = "vectors" if wire is GEMINI else None
            return await answer_embeddings(gateway, wire, request, model=model, batch=batch)

    return asyncio.run(ask())


def body_of(answer: GatewayAnswer) -> Any:
    assert isinstance(answer.body, bytes)
    return json.loads(answer.body)


def content(text: str) -> dict[str, Any]:
    return {"content": {"parts": [{"text": text}]}}


ASKED: dict[str, tuple[Wire, Any, bool]] = {
    "chat": (CHAT, {"model": "vectors", "input": TEXTS}, False),
    "ollama": (OLLAMA, {"model": "vectors", "input": TEXTS}, False),
    "gemini": (GEMINI, {"requests": [content(each) for each in TEXTS]}, True),
}
each_wire = pytest.mark.parametrize(("wire", "body", "batch"), ASKED.values(), ids=ASKED)


@each_wire
def test_g011_the_texts_go_to_the_alias_s_model(
    serve: Serve, gateway: Made, wire: Wire, body: Any, batch: bool
) -> None:
    server = serve(vectors(*VECTORS))

    answer = embedded(gateway(server), wire, body, batch=batch)

    assert answer.headers["content-type"] == "application/json"
    assert server.requests[0].json["input"] == TEXTS
    assert server.requests[0].json["model"] == "embedder"


def test_g011_openai_s_form_has_the_vectors_as_numbers(serve: Serve, gateway: Made) -> None:
    found = body_of(embedded(gateway(serve(vectors(*VECTORS))), *ASKED["chat"][:2]))

    assert [each["embedding"] for each in found["data"]] == VECTORS
    assert (found["model"], found["usage"]["prompt_tokens"]) == ("embedder", 7)


def test_g011_openai_s_form_has_the_vectors_in_base64_if_asked(serve: Serve, gateway: Made) -> None:
    asked = {**ASKED["chat"][1], "encoding_format": "base64"}
    found = body_of(embedded(gateway(serve(vectors(*VECTORS))), CHAT, asked))

    packed = [base64.b64decode(each["embedding"]) for each in found["data"]]
    assert [[*struct.unpack("<2f", each)] for each in packed] == VECTORS


def test_g011_ollama_s_form_has_the_vectors_and_the_tokens(serve: Serve, gateway: Made) -> None:
    found = body_of(embedded(gateway(serve(vectors(*VECTORS))), *ASKED["ollama"][:2]))

    assert (found["embeddings"], found["prompt_eval_count"]) == (VECTORS, 7)


def test_g011_gemini_s_form_has_one_vector_or_several(serve: Serve, gateway: Made) -> None:
    one = body_of(embedded(gateway(serve(vectors(VECTORS[0]))), GEMINI, content("first")))
    wire, body, batch = ASKED["gemini"]
    all_ = body_of(embedded(gateway(serve(vectors(*VECTORS))), wire, body, batch=batch))

    assert one["embedding"] == {"values": VECTORS[0]}
    assert all_["embeddings"] == [{"values": each} for each in VECTORS]


def test_g011_the_same_model_at_another_provider_takes_over(serve: Serve, gateway: Made) -> None:
    broken, good = serve(as_json({}, 500)), serve(vectors(*VECTORS))
    here = gateway(broken, good)

    assert body_of(embedded(here, *ASKED["chat"][:2]))["model"] == "embedder"
    assert len(broken.requests) == 1


def test_g011_another_model_never_takes_over(serve: Serve, gateway: Made) -> None:
    broken, good = serve(as_json({}, 500)), serve(vectors(*VECTORS))
    here = gateway(broken, good)

    with pytest.raises(AllModelsFailedError):
        embedded(here, CHAT, {"model": "other", "input": TEXTS})

    assert good.requests == []


def test_g011_the_length_of_the_vectors_can_be_chosen(serve: Serve, gateway: Made) -> None:
    server = serve(vectors([0.5, 1.0]))
    embedded(gateway(server), CHAT, {"model": "vectors", "input": "a", "dimensions": 2})

    assert server.requests[0].json["dimensions"] == 2


def test_g060_the_model_of_the_reply_is_the_client_s_own_name_if_wished(
    serve: Serve, gateway: Made
) -> None:
    here = gateway(serve(vectors(*VECTORS)), body_model="asked")
    asked = {"model": "vectors:latest", "input": TEXTS}

    assert body_of(embedded(here, CHAT, asked))["model"] == "vectors:latest"


def test_g011_tokens_are_refused_as_only_one_model_can_read_them(
    serve: Serve, gateway: Made
) -> None:
    with pytest.raises(RequestFormatError) as error:
        embedded(gateway(serve(vectors())), CHAT, {"model": "vectors", "input": [[1, 2]]})

    assert error.value.field == "input"


def test_g011_a_request_without_texts_only_loads_the_model(serve: Serve, gateway: Made) -> None:
    server = serve(vectors())

    found = body_of(embedded(gateway(server), OLLAMA, {"model": "vectors"}))

    assert (found["embeddings"], found["model"]) == ([], "vectors")
    assert server.requests == []


def test_g104_g105_the_answer_names_what_answered_and_what_it_cost(
    serve: Serve, gateway: Made
) -> None:
    here = gateway(serve(as_json({}, 500)), serve(vectors(*VECTORS)))
    headers = embedded(here, *ASKED["chat"][:2]).headers

    assert headers["x-llmring-model"] == "deepinfra:embedder"
    assert headers["x-llmring-alias"] == "vectors"
    assert headers["x-llmring-attempts"].startswith("openai:embedder 500 ")
    # Its price is not known.
    assert "x-llmring-cost-unknown" in headers
    assert "x-llmring-cost" not in headers


def test_g029_fields_that_are_left_out_are_named(serve: Serve, gateway: Made) -> None:
    asked = {**ASKED["chat"][1], "user": "u", "x\r\nset-cookie": "a"}
    here = gateway(serve(vectors(*VECTORS)))

    assert embedded(here, CHAT, asked).headers["x-llmring-notes"] == "user left out"
    assert "x-llmring-notes" not in embedded(here, *ASKED["chat"][:2]).headers


def test_g029_fields_of_several_texts_are_named_once(serve: Serve, gateway: Made) -> None:
    asked = {"requests": [{**content(each), "taskType": "CLUSTERING"} for each in TEXTS]}
    answer = embedded(gateway(serve(vectors(*VECTORS))), GEMINI, asked, batch=True)

    assert answer.headers["x-llmring-notes"] == "taskType left out"


def test_g028_a_client_can_shorten_the_time(serve: Serve, gateway: Made) -> None:
    server = serve(Answer([Pause(30), b"{}"]))

    with pytest.raises(ProviderTimeoutError):
        embedded(gateway(server), *ASKED["chat"][:2], headers={"x-llmring-timeout": "0.2"})


@pytest.mark.parametrize("wire", [MESSAGES, RESPONSES], ids=["messages", "responses"])
def test_an_api_without_such_an_endpoint_has_no_embeddings(
    serve: Serve, gateway: Made, wire: Wire
) -> None:
    with pytest.raises(NotSupportedError):
        embedded(gateway(serve(vectors())), wire, {"model": "vectors", "input": "a"})


def test_g162_a_model_that_may_not_be_called_embeds_nothing(serve: Serve, gateway: Made) -> None:
    server = serve(vectors(*VECTORS))

    asked = {"model": "openai:embedder", "input": TEXTS}

    with pytest.raises(UnknownModelError):
        embedded(gateway(server, is_open=False), CHAT, asked)

    assert server.requests == []


# --- Official clients ---


@pytest.fixture
def served(serve: Serve, gateway: Made) -> Iterator[Loopback]:
    here = gateway(serve(vectors(*VECTORS)))

    async def handler(request: GatewayRequest) -> GatewayAnswer:
        if "/models/" in request.path:
            name, _, verb = request.path.partition("/models/")[2].rpartition(":")
            batch = verb == "batchEmbedContents"
            return await answer_embeddings(here, GEMINI, request, model=name, batch=batch)
        wire = OLLAMA if request.path == "/api/embed" else CHAT
        return await answer_embeddings(here, wire, request)

    with HandlerServer(handler, here.ring) as server:
        yield server


@pytest.mark.parametrize("form", ["float", None])
def test_g011_openai_s_client_reads_the_vectors(served: Loopback, form: str | None) -> None:
    openai = pytest.importorskip("openai")
    asked = {} if form is None else {"encoding_format": form}
    with openai.OpenAI(base_url=f"{served.url}/v1", api_key="k", max_retries=0) as client:
        found = client.embeddings.create(model="vectors", input=TEXTS, **asked)

    assert [each.embedding for each in found.data] == VECTORS
    # Without a form, this client asks for base64.
    assert served.requests[0].json["encoding_format"] == (form or "base64")


def test_g011_google_s_client_reads_the_vectors(served: Loopback) -> None:
    genai = pytest.importorskip("google.genai")
    options = {"base_url": served.url}
    with genai.Client(vertexai=False, api_key="k", http_options=options) as client:
        found = client.models.embed_content(model="vectors", contents=TEXTS)

    assert [each.values for each in found.embeddings] == VECTORS


def test_g011_ollama_s_client_reads_the_vectors(served: Loopback) -> None:
    ollama = pytest.importorskip("ollama")
    client = ollama.Client(served.url)
    found = client.embed("vectors", TEXTS)
    client._client.close()

    assert found.embeddings == VECTORS
