"""Google's embedding endpoint."""

import json
from typing import Any

import pytest

from llmring import ProviderResponseError, Usage
from llmring.dialects.gemini.embeddings import decode, encode
from llmring.wire import HttpHead

HEAD = HttpHead(200, {})


@pytest.mark.parametrize(
    ("model", "name"), [("gemini-embedding-001", "models/gemini-embedding-001"), ("a/b", "a/b")]
)
def test_each_text_is_a_request_of_its_own_that_repeats_the_model(model: str, name: str) -> None:
    sent = encode(["a", "b"], model, 256)

    assert sent.path == f"/v1beta/{name}:batchEmbedContents"
    assert sent.payload["requests"] == [
        {"model": name, "content": {"parts": [{"text": text}]}, "outputDimensionality": 256}
        for text in "ab"
    ]


def test_without_dimensions_the_model_decides() -> None:
    assert "outputDimensionality" not in encode(["a"], "m", None).payload["requests"][0]


@pytest.mark.parametrize(
    ("sent", "usage"),
    [({"promptTokenCount": 5}, Usage(prompt_tokens=5)), ({}, None), (None, None)],
)
def test_vectors_and_tokens_are_read(sent: Any, usage: Usage | None) -> None:
    body = {"embeddings": [{"values": [1]}, {"values": [0.5]}], "usageMetadata": sent}

    assert decode(HEAD, json.dumps(body).encode()) == ([[1.0], [0.5]], usage)


def test_a_reply_without_vectors_is_an_error() -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        decode(HEAD, b"{}")
