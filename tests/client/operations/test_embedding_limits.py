"""The limits of calls for embeddings."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from llmring import BudgetExceededError
from llmring.client.operations.embed import EmbeddingRequest
from llmring.client.operations.embedding_limits import estimate_texts
from llmring.gateway.served_ring import ServedRing
from llmring.routing.call_wishes import CallWishes
from loopback import Loopback, as_json
from rings import environ_of

Serve = Callable[..., Loopback]

LOCK = """
[[profiles.default.bindings]]
alias = "v"
models = ["openai:text-embedding-3-small"]
daily_budget = 0.02
"""


def test_texts_to_embed_have_tokens_but_no_answer() -> None:
    few, many = estimate_texts(["word " * 100]), estimate_texts(["word " * 100] * 3)

    assert few.answer == 0
    assert 50 < few.tokens < 200
    assert 2 * few.tokens < many.tokens <= 3 * few.tokens


def test_g112_embeddings_of_a_gateway_count_in_the_budget_of_their_alias(
    serve: Serve, tmp_path: Path
) -> None:
    usage = {"prompt_tokens": 1_000_000, "total_tokens": 1_000_000}
    server = serve(as_json({"data": [{"index": 0, "embedding": [1.0]}], "usage": usage}))
    path = tmp_path / "llmring.lock"
    path.write_text(LOCK)
    texts = EmbeddingRequest(texts=["one"])

    async def play() -> None:
        async with ServedRing(path, environ=environ_of(server)) as ring:
            found = await ring.embed_for("v", texts, None, 10, CallWishes())
            assert found.vectors == [[1.0]]
            with pytest.raises(BudgetExceededError, match="'v' may spend"):
                await ring.embed_for("v", texts, None, 10, CallWishes())

    asyncio.run(play())
