"""Embeddings, lists and counts: the vendors' own clients and llmring, against one server.

Where the requests differ:

| on the wire                  | the vendor's client           | llmring                      |
|------------------------------|-------------------------------|------------------------------|
| OpenAI, `encoding_format`    | "base64"                      | left out, as not all have it |
| OpenAI, a message to count   | without a type                | `"type": "message"`          |
| Anthropic, texts to count    | as they were given            | always blocks                |
| Google, version in the path  | `/v1`                         | `/v1beta`, as for chats      |
| Google, `role` of a text     | "user"                        | left out                     |
| Google, a count              | `contents` alone              | the whole request            |
| Ollama, `truncate`           | left out: a text may be cut   | false                        |
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from typing import Any

import pytest

from llmring import LLMRequest, LLMRing
from loopback import Answer, Loopback, as_json

openai = pytest.importorskip("openai")
anthropic = pytest.importorskip("anthropic")
genai = pytest.importorskip("google.genai")
ollama = pytest.importorskip("ollama")

# Of Google's client.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

Serve = Callable[..., Loopback]

KEY = "a-key-that-opens-nothing"
TEXTS = ["first", "second"]
VECTORS = [[0.25, -0.5], [1.0, 0.0]]


def ring(server: Loopback) -> LLMRing:
    return LLMRing(
        environ={
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OPENAI_API_KEY": KEY,
            "ANTHROPIC_BASE_URL": server.url,
            "ANTHROPIC_API_KEY": KEY,
            "GOOGLE_GEMINI_BASE_URL": server.url,
            "GEMINI_API_KEY": KEY,
            "OLLAMA_BASE_URL": server.url,
        }
    )


def their_openai(server: Loopback) -> Any:
    return openai.OpenAI(api_key=KEY, base_url=f"{server.url}/v1", max_retries=0)


def their_anthropic(server: Loopback) -> Any:
    return anthropic.Anthropic(api_key=KEY, base_url=server.url, max_retries=0)


def their_google(server: Loopback) -> Any:
    return genai.Client(api_key=KEY, http_options={"base_url": server.url})


def sent(server: Loopback) -> tuple[tuple[str, Any], tuple[str, Any]]:
    """Return the path and body of both requests."""
    theirs, ours = (
        (request.path, request.json if request.body else None) for request in server.requests
    )
    return theirs, ours


def openai_vectors(*, packed: bool) -> Answer:
    def shown(vector: list[float]) -> Any:
        floats = struct.pack(f"<{len(vector)}f", *vector)
        return base64.b64encode(floats).decode() if packed else vector

    data = [
        {"object": "embedding", "index": index, "embedding": shown(vector)}
        for index, vector in enumerate(VECTORS)
    ]
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    return as_json({"object": "list", "data": data, "model": "m", "usage": usage})


def test_openai_embeds_alike(serve: Serve) -> None:
    server = serve(openai_vectors(packed=True), openai_vectors(packed=False))
    with their_openai(server) as client:
        theirs = client.embeddings.create(model="m", input=TEXTS, dimensions=2)

    ours = ring(server).embed("openai:m", TEXTS, dimensions=2)

    (path, body), our_request = sent(server)
    assert body.pop("encoding_format") == "base64"
    assert our_request == (path, body)
    assert ours.vectors == [each.embedding for each in theirs.data] == VECTORS


def test_google_embeds_alike(serve: Serve) -> None:
    server = serve(as_json({"embeddings": [{"values": vector} for vector in VECTORS]}))
    with their_google(server) as client:
        theirs = client.models.embed_content(
            model="m", contents=TEXTS, config={"output_dimensionality": 2}
        )

    ours = ring(server).embed("google:m", TEXTS, dimensions=2)

    (path, body), our_request = sent(server)
    for request in body["requests"]:
        assert request["content"].pop("role") == "user"
    assert our_request == (path.replace("/v1/", "/v1beta/"), body)
    assert ours.vectors == [each.values for each in theirs.embeddings]


def test_ollama_embeds_alike(serve: Serve) -> None:
    server = serve(as_json({"model": "m", "embeddings": VECTORS, "prompt_eval_count": 2}))
    with ollama.Client(server.url) as client:
        theirs = client.embed("m", TEXTS, dimensions=2)

    ours = ring(server).embed("ollama:m", TEXTS, dimensions=2)

    (path, body), our_request = sent(server)
    assert our_request == (path, {**body, "truncate": False})
    assert ours.vectors == [list(vector) for vector in theirs.embeddings]


def test_openai_lists_alike(serve: Serve) -> None:
    row = {"id": "m", "object": "model", "created": 1721172741, "owned_by": "system"}
    server = serve(as_json({"object": "list", "data": [row]}))
    with their_openai(server) as client:
        [theirs] = client.models.list()

    [ours] = ring(server).list_models("openai").result()

    their_request, our_request = sent(server)
    assert our_request == their_request
    assert (ours.id, ours.created) == (theirs.id, theirs.created)


def test_anthropic_lists_alike_over_all_pages(serve: Serve) -> None:
    def page(name: str, *, more: bool) -> Answer:
        row = {
            "id": name,
            "type": "model",
            "display_name": name.title(),
            "created_at": "2025-02-19T00:00:00Z",
            "max_input_tokens": 200000,
            "max_tokens": 64000,
        }
        return as_json({"data": [row], "has_more": more, "first_id": name, "last_id": name})

    pages = (page("one", more=True), page("two", more=False))
    server = serve(*pages, *pages)
    with their_anthropic(server) as client:
        theirs = list(client.models.list(limit=1000))

    ours = ring(server).list_models("anthropic").result()

    paths = [request.path for request in server.requests]
    assert {*paths[2].split("&")} == {*paths[0].split("&")}
    assert {*paths[3].split("?")[1].split("&")} == {*paths[1].split("?")[1].split("&")}
    assert [
        (each.id, each.name, each.created, each.context_window, each.max_output) for each in ours
    ] == [
        (
            each.id,
            each.display_name,
            each.created_at.timestamp(),
            each.max_input_tokens,
            each.max_tokens,
        )
        for each in theirs
    ]


def test_google_lists_alike_over_all_pages(serve: Serve) -> None:
    def page(name: str, **more: str) -> Answer:
        row = {"displayName": name, "inputTokenLimit": 5, "outputTokenLimit": 3}
        return as_json({"models": [{"name": f"models/{name}", **row}], **more})

    pages = (page("one", nextPageToken="more"), page("two"))
    server = serve(*pages, *pages)
    with their_google(server) as client:
        theirs = list(client.models.list(config={"page_size": 1000}))

    ours = ring(server).list_models("google").result()

    first, second, our_first, our_second = (request.path for request in server.requests)
    assert our_first == first.replace("/v1/", "/v1beta/")
    assert our_second == second.replace("/v1/", "/v1beta/")
    assert [
        (f"models/{each.id}", each.name, each.context_window, each.max_output) for each in ours
    ] == [
        (each.name, each.display_name, each.input_token_limit, each.output_token_limit)
        for each in theirs
    ]


def test_ollama_lists_alike(serve: Serve) -> None:
    server = serve(as_json({"models": [{"model": "llama3.2:latest", "size": 1}]}))
    with ollama.Client(server.url) as client:
        theirs = client.list()

    ours = ring(server).list_models("ollama").result()

    their_request, our_request = sent(server)
    assert our_request == their_request
    assert [each.id for each in ours] == [each.model for each in theirs.models]


def test_openai_counts_alike(serve: Serve) -> None:
    server = serve(as_json({"object": "response.input_tokens", "input_tokens": 5}))
    with their_openai(server) as client:
        theirs = client.responses.input_tokens.count(
            model="m", input=[{"type": "message", "role": "user", "content": "Hello"}]
        )

    ours = ring(server).count_tokens("openai:m", "Hello").result()

    their_request, our_request = sent(server)
    assert our_request == their_request
    assert ours.tokens == theirs.input_tokens


def test_anthropic_counts_alike(serve: Serve) -> None:
    server = serve(as_json({"input_tokens": 5}))
    with their_anthropic(server) as client:
        theirs = client.messages.count_tokens(
            model="m",
            system=[{"type": "text", "text": "Be brief."}],
            messages=[{"role": "user", "content": [{"type": "text", "text": "Hello"}]}],
        )

    request = LLMRequest(
        "anthropic:m",
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}],
        temperature=0.5,
    )
    ours = ring(server).count_tokens(request).result()

    their_request, our_request = sent(server)
    assert our_request == their_request
    assert ours.tokens == theirs.input_tokens


def test_google_counts_alike(serve: Serve) -> None:
    server = serve(as_json({"totalTokens": 5}))
    with their_google(server) as client:
        theirs = client.models.count_tokens(model="m", contents="Hello")

    ours = ring(server).count_tokens("google:m", "Hello").result()

    (path, body), (our_path, our_body) = sent(server)
    assert our_path == path.replace("/v1/", "/v1beta/")
    assert our_body["generateContentRequest"] == {"model": "models/m", **body}
    assert ours.tokens == theirs.total_tokens
