"""Traces and metrics of embeddings."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from llmring import LLMRing, ProviderError
from loopback import Answer, Loopback, as_json
from traces import Seen, collected

Serve = Callable[..., Loopback]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with collected(monkeypatch) as result:
        yield result


def vectors(count: int = 1) -> Answer:
    data = [{"index": at, "embedding": [0.5, 0.25]} for at in range(count)]
    return as_json({"data": data, "usage": {"prompt_tokens": 7, "total_tokens": 7}})


@pytest.fixture
def start(
    serve: Serve, lockfile: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Loopback]:
    """Start a server with these answers, for both models of the alias `embedder`."""

    def begin(*given: Answer) -> Loopback:
        server = serve(*given)
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")
        monkeypatch.setenv("MISTRAL_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("MISTRAL_API_KEY", "k-second-0123456789")
        path = lockfile(embedder=["openai:one-embed", "mistral:one-embed"])
        monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(path))
        return server

    return begin


def attributes(seen: Seen, name: str) -> dict[str, Any]:
    return dict(seen.spans[name].attributes or {})


def test_embeddings_are_a_span_with_one_for_each_attempt(
    seen: Seen, start: Callable[..., Loopback]
) -> None:
    server = start(vectors())
    with LLMRing() as ring:
        ring.embed("embedder", ["a"], dimensions=2).result()

    call = seen.spans["embeddings embedder"]
    attempt = seen.spans["embeddings one-embed"]
    assert (call.kind, attempt.kind) == (SpanKind.INTERNAL, SpanKind.CLIENT)
    assert attempt.parent is not None
    assert call.context is not None
    assert attempt.parent.span_id == call.context.span_id
    given = attributes(seen, "embeddings embedder")
    assert given["gen_ai.operation.name"] == "embeddings"
    assert given["llmring.model"] == "openai:one-embed"
    assert given["llmring.attempts"] == 1
    assert attributes(seen, "embeddings one-embed") == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "one-embed",
        "gen_ai.embeddings.dimension.count": 2,
        "gen_ai.usage.input_tokens": 7,
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2]),
        "llmring.attempt": 1,
    }


def test_embeddings_are_measured(seen: Seen, start: Callable[..., Loopback]) -> None:
    start(vectors())
    with LLMRing() as ring:
        ring.embed("embedder", ["a"]).result()

    (duration,) = seen.points("gen_ai.client.operation.duration")
    (tokens,) = seen.points("gen_ai.client.token.usage")
    assert duration.attributes["gen_ai.operation.name"] == "embeddings"
    assert (tokens.sum, tokens.attributes["gen_ai.token.type"]) == (7, "input")
    assert seen.points("gen_ai.client.operation.time_to_first_chunk") == []


def test_a_failed_attempt_and_its_fallback_are_spans_of_one_call(
    seen: Seen, start: Callable[..., Loopback]
) -> None:
    start(as_json({"error": {"message": "busy"}}, 503), vectors())
    with LLMRing() as ring:
        ring.embed("embedder", ["a"]).result()

    spans = [span for span in seen.exporter.get_finished_spans() if span.kind is SpanKind.CLIENT]
    assert [span.status.status_code for span in spans] == [StatusCode.ERROR, StatusCode.UNSET]
    assert (spans[0].attributes or {})["error.type"] == "503"
    assert attributes(seen, "embeddings embedder")["llmring.attempts"] == 2


def test_texts_in_several_requests_are_one_call(seen: Seen, start: Callable[..., Loopback]) -> None:
    start(vectors(2048), vectors(1))
    with LLMRing() as ring:
        ring.embed("embedder", ["a"] * 2049).result()

    names = [span.name for span in seen.exporter.get_finished_spans()]
    assert names == ["embeddings one-embed", "embeddings one-embed", "embeddings embedder"]


def test_embeddings_that_fail_are_marked(seen: Seen, start: Callable[..., Loopback]) -> None:
    start(as_json({"error": {"message": "secret"}}, 400))
    with LLMRing() as ring, pytest.raises(ProviderError):
        ring.embed("embedder", ["a"]).result()

    span = seen.spans["embeddings embedder"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description is None


def test_embeddings_are_not_traced_if_telemetry_is_off(
    seen: Seen, start: Callable[..., Loopback]
) -> None:
    start(vectors())
    with LLMRing(telemetry="off") as ring:
        ring.embed("embedder", ["a"]).result()

    assert seen.spans == {}
