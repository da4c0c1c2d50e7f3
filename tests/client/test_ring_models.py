"""Embeddings, lists of models and counts of tokens: what they share, and what they are free of."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmring import LLMRequest, LLMRing, ProviderTimeoutError, ValidationError
from loopback import Answer, Loopback, Pause, as_json
from rings import LASTING, MODEL, ring_at

Serve = Callable[..., Loopback]

VECTOR = as_json({"model": "e", "data": [{"index": 0, "embedding": [1.0]}]})


@pytest.fixture
def limited(tmp_path: Path) -> Path:
    """Write a lockfile whose alias `fast` may be called once in a minute, for next to nothing."""
    path = tmp_path / "llmring.lock"
    path.write_text(
        f'[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["{MODEL}"]\n'
        f"rpm = 1\ndaily_budget = 0.0000001\n{LASTING}"
    )
    return path


def test_counting_tokens_is_not_limited_as_chats_are(serve: Serve, limited: Path) -> None:
    server = serve(as_json({"object": "response.input_tokens", "input_tokens": 3}))
    ring = ring_at(server, lockfile_path=limited)

    counts = [ring.count_tokens("fast", "Hello").tokens for _ in range(3)]

    assert counts == [3, 3, 3]


def test_embedding_is_not_limited_as_chats_are(serve: Serve, limited: Path) -> None:
    ring = ring_at(serve(VECTOR), lockfile_path=limited)

    vectors = [ring.embed("fast", "Hello").vectors for _ in range(3)]

    assert vectors == [[[1.0]]] * 3


@pytest.mark.parametrize(
    "ask",
    [
        lambda ring: ring.embed(MODEL, "Hello"),
        lambda ring: ring.list_models("openai"),
        lambda ring: ring.embed(MODEL, "Hello", timeout=0.05),
        lambda ring: ring.list_models("openai", timeout=0.05),
    ],
    ids=["embed", "list_models", "embed with its own", "list_models with its own"],
)
def test_the_ring_s_timeout_counts_unless_the_call_has_its_own(
    serve: Serve, ask: Callable[[LLMRing], Any], request: pytest.FixtureRequest
) -> None:
    own = request.node.callspec.id.endswith("own")
    ring = ring_at(serve(Answer([Pause(30)])), timeout=30 if own else 0.05)

    with pytest.raises(ProviderTimeoutError):
        ask(ring)


@pytest.mark.parametrize("request_", [LLMRequest(messages="Hello"), LLMRequest("", "Hello")])
def test_tokens_of_a_request_without_a_model_can_t_be_counted(request_: LLMRequest) -> None:
    with pytest.raises(ValidationError, match="names no model"):
        LLMRing().count_tokens(request_).result()
