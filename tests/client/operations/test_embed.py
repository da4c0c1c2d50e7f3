"""Embedding texts through the public API: requests, batches, and failover."""

import asyncio
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from llmring import (
    AllModelsFailedError,
    Attempt,
    EmbeddingResponse,
    LLMRing,
    ModelNotFoundError,
    NoUsableModelError,
    ProviderRateLimitError,
    ProviderResponseError,
    ProviderTimeoutError,
    ValidationError,
)
from loopback import Answer, Loopback, Pause, as_json
from rings import KEY, ring_at

Serve = Callable[..., Loopback]
Lock = Callable[..., Path]

SMALL = "openai:text-embedding-3-small"
GEMINI = "google:gemini-embedding-001"


def vectors(*given: list[float], tokens: int | None = 5) -> Answer:
    data = [
        {"object": "embedding", "index": index, "embedding": vector}
        for index, vector in enumerate(given)
    ]
    usage = None if tokens is None else {"prompt_tokens": tokens, "total_tokens": tokens}
    return as_json({"object": "list", "data": data, "model": "m", "usage": usage})


def gemini(*given: list[float], **more: Any) -> Answer:
    return as_json({"embeddings": [{"values": vector} for vector in given], **more})


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that points providers at servers."""

    def point(**servers: Loopback) -> None:
        places = {
            "openai": ("OPENAI_BASE_URL", "/v1", "OPENAI_API_KEY"),
            "google": ("GOOGLE_GEMINI_BASE_URL", "", "GOOGLE_API_KEY"),
            "ollama": ("OLLAMA_BASE_URL", "", None),
            "openrouter": ("OPENROUTER_BASE_URL", "", "OPENROUTER_API_KEY"),
        }
        for name, server in servers.items():
            url, path, key = places[name]
            monkeypatch.setenv(url, server.url + path)
            if key:
                monkeypatch.setenv(key, KEY)

    return point


def test_texts_become_vectors_in_their_order(serve: Serve) -> None:
    data = [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1, 0]}]
    server = serve(as_json({"data": data, "usage": {"prompt_tokens": 5, "total_tokens": 5}}))

    answer = ring_at(server).embed(SMALL, ["first", "second"], dimensions=2)

    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/v1/embeddings")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json == {
        "model": "text-embedding-3-small",
        "input": ["first", "second"],
        "dimensions": 2,
    }
    assert answer.vectors == [[1.0, 0.0], [0.0, 1.0]]
    assert (answer.model, answer.dimensions) == (SMALL, 2)
    assert answer.usage is not None
    assert dict(answer.usage)["total_tokens"] == 5
    assert [attempt.outcome for attempt in answer.attempts] == ["ok"]


def test_embed_can_be_awaited(serve: Serve) -> None:
    server = serve(vectors([1.0, 0.0]))

    async def call() -> EmbeddingResponse:
        async with ring_at(server) as ring:
            return await ring.embed(SMALL, "one text")

    assert asyncio.run(call()).vectors == [[1.0, 0.0]]
    assert server.requests[0].json["input"] == ["one text"]


def test_gemini_embeds_with_its_own_api(serve: Serve, at: Callable[..., None]) -> None:
    server = serve(gemini([1.0, 0.0], [0.0, 1.0], usageMetadata={"promptTokenCount": 4}))
    at(google=server)

    answer = LLMRing().embed(GEMINI, ["a", "b"], dimensions=2)

    [request] = server.requests
    assert request.path == "/v1beta/models/gemini-embedding-001:batchEmbedContents"
    assert request.json["requests"][1] == {
        "model": "models/gemini-embedding-001",
        "content": {"parts": [{"text": "b"}]},
        "outputDimensionality": 2,
    }
    assert answer.vectors == [[1.0, 0.0], [0.0, 1.0]]
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 4


def test_usage_and_cost_are_unknown_if_they_are_not_reported(
    serve: Serve, at: Callable[..., None]
) -> None:
    at(google=serve(gemini([1.0])))

    answer = LLMRing().embed(GEMINI, "a")

    assert (answer.usage, answer.cost) == (None, None)
    assert answer.cost_reason


def test_ollama_embeds_with_its_own_api(serve: Serve, at: Callable[..., None]) -> None:
    server = serve(as_json({"model": "m", "embeddings": [[1, 0]], "prompt_eval_count": 3}))
    at(ollama=server)

    answer = LLMRing().embed("ollama:nomic-embed-text", "a", dimensions=2)

    [request] = server.requests
    assert request.path == "/api/embed"
    assert request.json == {
        "model": "nomic-embed-text",
        "input": ["a"],
        "truncate": False,
        "dimensions": 2,
    }
    assert answer.vectors == [[1.0, 0.0]]
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 3


def test_the_mock_embeds_offline_and_similar_texts_get_similar_vectors() -> None:
    answer = LLMRing().embed("mock:embed", ["a red cat", "a black cat", "interest rates"])

    def likeness(one: int, other: int) -> float:
        pair = zip(answer.vectors[one], answer.vectors[other], strict=True)
        return sum(first * second for first, second in pair)

    assert all(math.hypot(*vector) == pytest.approx(1) for vector in answer.vectors)
    assert likeness(0, 1) > likeness(0, 2)


def test_too_many_texts_for_one_request_go_in_several(
    serve: Serve, at: Callable[..., None]
) -> None:
    rows = [[float(number), 1.0] for number in range(250)]
    tokens = {"usageMetadata": {"promptTokenCount": 100}}
    server = serve(*(gemini(*rows[at : at + 100], **tokens) for at in (0, 100, 200)))
    at(google=server)

    answer = LLMRing().embed(GEMINI, [str(number) for number in range(250)])

    assert [len(request.json["requests"]) for request in server.requests] == [100, 100, 50]
    assert answer.vectors == rows
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 300
    assert len(answer.attempts) == 3


def test_the_same_model_elsewhere_takes_over(
    serve: Serve, at: Callable[..., None], lockfile: Lock
) -> None:
    first, second = serve(answers.openai_error(503)), serve(vectors([1.0]))
    at(openai=first, openrouter=second)
    path = lockfile(embedder=[SMALL, "openrouter:openai/text-embedding-3-small"])

    answer = LLMRing(path).embed("embedder", "a")

    assert answer.model == "openrouter:openai/text-embedding-3-small"
    assert [attempt.outcome for attempt in answer.attempts] == ["failed", "ok"]


def test_another_model_does_not_take_over_by_default(
    serve: Serve, at: Callable[..., None], lockfile: Lock
) -> None:
    first, second = serve(answers.openai_error(429)), serve(gemini([1.0]))
    at(openai=first, google=second)
    ring = LLMRing(lockfile(embedder=[SMALL, GEMINI]))

    with pytest.raises(AllModelsFailedError, match="can't be compared") as caught:
        ring.embed("embedder", "a")

    assert isinstance(caught.value, ProviderRateLimitError)
    assert second.requests == []
    assert ring.embed("embedder", "a", allow_other_models=True).model == GEMINI


def test_another_model_does_not_take_over_for_one_without_a_key(
    serve: Serve, at: Callable[..., None], lockfile: Lock
) -> None:
    server = serve(gemini([1.0]))
    at(google=server)

    with pytest.raises(NoUsableModelError, match="no key"):
        LLMRing(lockfile(embedder=[SMALL, GEMINI])).embed("embedder", "a")

    assert server.requests == []


def test_the_vectors_of_one_call_are_of_one_model_in_any_case(
    serve: Serve, at: Callable[..., None], lockfile: Lock
) -> None:
    first = serve(vectors(*[[1.0]] * 100), answers.openai_error(503))
    second = serve(gemini([1.0]))
    at(openai=first, google=second)
    ring = LLMRing(lockfile(embedder=[SMALL, GEMINI]))

    with pytest.raises(ProviderResponseError) as caught:
        ring.embed("embedder", ["a"] * 150, allow_other_models=True)

    assert second.requests == []
    assert [attempt.outcome for attempt in caught.value.attempts] == ["ok", "failed"]


def test_the_same_model_elsewhere_takes_over_between_batches(
    serve: Serve, at: Callable[..., None], lockfile: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = serve(vectors(*[[1.0]] * 2048), answers.openai_error(503))
    second = serve(vectors([2.0]))
    at(openai=first, openrouter=second)
    path = lockfile(embedder=[SMALL, "openrouter:openai/text-embedding-3-small"])

    answer = LLMRing(path).embed("embedder", ["a"] * 2049)

    assert answer.vectors[-2:] == [[1.0], [2.0]]
    assert [attempt.outcome for attempt in answer.attempts] == ["ok", "failed", "ok"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (vectors([1.0, 0.0]), "the provider sent 1 vectors for 2 texts"),
        (vectors([1.0, 0.0], [1.0]), "the provider sent a vector of 1 dimensions instead of 2"),
        (vectors([1.0], [1.0]), "the provider sent a vector of 1 dimensions instead of 2"),
        (vectors([], []), "a vector of 0 dimensions"),
        (as_json({"object": "list"}), "can't be read"),
        (as_json({"data": [{"embedding": "AACAPw=="}]}), "can't be read"),
        (Answer([b"<html>"], 200, {"content-type": "text/html"}), "can't be read"),
    ],
)
def test_an_answer_without_the_expected_vectors_is_an_error(
    serve: Serve, answer: Answer, words: str
) -> None:
    with pytest.raises(ProviderResponseError, match=words):
        ring_at(serve(answer)).embed(SMALL, ["a", "b"], dimensions=2)


def test_a_provider_without_embeddings_is_skipped(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)

    with pytest.raises(ProviderResponseError, match="anthropic has no embeddings"):
        LLMRing().embed("anthropic:claude-haiku-4-5", "a")


@pytest.mark.parametrize("texts", [[], [1], ["a", None]])
def test_invalid_texts_are_refused(texts: Any) -> None:
    with pytest.raises(ValidationError, match=r"^texts "):
        LLMRing().embed("mock:embed", texts)


def test_an_unknown_alias_is_an_error() -> None:
    with pytest.raises(ModelNotFoundError, match="embedder"):
        LLMRing().embed("embedder", "a")


def test_all_batches_share_one_deadline(serve: Serve, at: Callable[..., None]) -> None:
    server = serve(gemini(*[[1.0]] * 100), Answer([Pause(30), json.dumps({}).encode()]))
    at(google=server)

    with pytest.raises(ProviderTimeoutError):
        LLMRing().embed(GEMINI, ["a"] * 101, timeout=0.3)

    assert len(server.requests) == 2


def test_attempts_are_reported_as_they_happen(serve: Serve) -> None:
    result: list[Attempt] = []

    answer = ring_at(serve(vectors([1.0])), on_attempt=result.append).embed(SMALL, "a")

    assert tuple(result) == answer.attempts
