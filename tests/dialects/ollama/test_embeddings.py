"""Ollama's embedding endpoint."""

import pytest

from llmring import ProviderResponseError, Usage
from llmring.dialects.ollama.embeddings import decode, encode
from llmring.wire import HttpHead

HEAD = HttpHead(200, {})


def test_a_text_that_is_too_long_is_to_be_refused_and_not_cut() -> None:
    assert encode(("a", "b"), "m", None).payload == {
        "model": "m",
        "input": ["a", "b"],
        "truncate": False,
    }


def test_dimensions_are_sent_if_given() -> None:
    assert encode(["a"], "m", 64).payload["dimensions"] == 64


def test_vectors_and_tokens_are_read() -> None:
    sent = b'{"embeddings": [[1, 0.5]], "prompt_eval_count": 0}'

    assert decode(HEAD, sent) == ([[1.0, 0.5]], Usage(prompt_tokens=0))
    assert decode(HEAD, b'{"embeddings": []}') == ([], None)


def test_a_reply_without_vectors_is_an_error() -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        decode(HEAD, b'{"error": "no such model"}')
