"""OpenAI's embedding endpoint."""

import json
from typing import Any

import pytest

from llmring import ProviderResponseError, Usage
from llmring.dialects.openai.embeddings import decode, encode
from llmring.wire import HttpHead

HEAD = HttpHead(200, {})


def read(body: Any) -> Any:
    return decode(HEAD, json.dumps(body).encode())


def test_texts_are_sent_in_order_with_dimensions_only_if_given() -> None:
    assert encode(("a", "b"), "m", None).payload == {"model": "m", "input": ["a", "b"]}
    assert encode(["a"], "m", 256).payload["dimensions"] == 256


def test_vectors_are_in_the_order_of_the_texts() -> None:
    one, two = {"embedding": [1.0], "index": 1}, {"embedding": [0.0], "index": 0}

    assert read({"data": [one, two]})[0] == [[0.0], [1.0]]


def test_vectors_without_an_index_are_in_the_order_of_the_reply() -> None:
    assert read({"data": [{"embedding": [2]}, {"embedding": [1]}]})[0] == [[2.0], [1.0]]


@pytest.mark.parametrize(
    ("sent", "usage"),
    [
        ({"prompt_tokens": 5, "total_tokens": 5}, Usage(prompt_tokens=5)),
        ({"total_tokens": 5}, Usage(prompt_tokens=5)),
        ({}, None),
        (None, None),
    ],
)
def test_tokens_are_counted_if_they_are_reported(sent: Any, usage: Usage | None) -> None:
    assert read({"data": [], "usage": sent})[1] == usage


def test_a_reply_without_vectors_is_an_error() -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        read({"data": [{"embedding": "AAAA"}]})
