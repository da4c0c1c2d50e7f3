"""The limits of calls for embeddings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmring import BudgetExceededError
from llmring.client.operations.embedding_limits import estimate_texts
from loopback import Loopback, as_json
from rings import ring_at

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


def test_embeddings_count_in_the_budget_of_their_alias(serve: Serve, tmp_path: Path) -> None:
    usage = {"prompt_tokens": 1_000_000, "total_tokens": 1_000_000}
    server = serve(as_json({"data": [{"index": 0, "embedding": [1.0]}], "usage": usage}))
    path = tmp_path / "llmring.lock"
    path.write_text(LOCK)
    ring = ring_at(server, lockfile_path=path)

    assert ring.embed("v", "one").vectors == [[1.0]]

    with pytest.raises(BudgetExceededError, match="'v' may spend"):
        ring.embed("v", "two").result()
