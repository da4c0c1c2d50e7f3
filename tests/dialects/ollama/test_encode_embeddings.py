"""Vectors that a server with Ollama's API answers."""

from __future__ import annotations

import pytest

from llmring.chat.events import Usage
from llmring.dialects.ollama.embeddings import decode
from llmring.dialects.ollama.encode_embeddings import encode_embeddings
from llmring.wire import HttpHead


@pytest.mark.parametrize("usage", [None, Usage(prompt_tokens=7)])
def test_the_library_reads_the_vectors_as_they_were(usage: Usage | None) -> None:
    vectors = [[0.1, -2.5], [1e-9, 3.0]]

    assert decode(HttpHead(200, {}), encode_embeddings(vectors, "m", usage)) == (vectors, usage)
