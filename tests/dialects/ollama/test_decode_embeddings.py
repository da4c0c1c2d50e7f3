"""Requests for embeddings that clients send to Ollama's API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from llmring.dialects.ollama.decode_embeddings import decode
from llmring.dialects.ollama.embeddings import encode
from llmring.dialects.request_decoding import ClientEmbedding, RequestFormatError


def read(**fields: Any) -> ClientEmbedding:
    return decode(msgspec.json.encode({"model": "small", **fields}), {})


@pytest.mark.parametrize(
    ("given", "texts"), [("Hi", ["Hi"]), (["Hi", ""], ["Hi", ""]), ("", []), ([], []), (None, [])]
)
def test_texts_are_read(given: Any, texts: list[str]) -> None:
    assert read(input=given) == ClientEmbedding(model="small", texts=texts)


def test_other_fields_are_the_api_s_own() -> None:
    own = {"options": {"num_ctx": 512}, "keep_alive": "5m", "truncate": True}

    assert read(input="Hi", dimensions=0, **own) == ClientEmbedding(
        model="small", texts=["Hi"], own=own
    )


@pytest.mark.parametrize("dimensions", [None, 256])
def test_a_request_of_the_library_comes_back_as_it_was(dimensions: int | None) -> None:
    assert read(**encode(["Hi", "you"], "large", dimensions).payload) == ClientEmbedding(
        model="large", texts=["Hi", "you"], dimensions=dimensions, own={"truncate": False}
    )


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"input": 5}, "input"),
        ({"input": ["Hi", 5]}, "input"),
        ({"model": None}, "model"),
        ({"dimensions": -1}, "dimensions"),
    ],
)
def test_a_field_of_another_form_is_an_error(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(**fields)

    assert caught.value.field == path
