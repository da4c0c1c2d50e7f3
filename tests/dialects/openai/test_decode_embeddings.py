"""Requests for embeddings that clients send to OpenAI's API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from llmring.dialects.openai.decode_embeddings import decode
from llmring.dialects.openai.embeddings import encode
from llmring.dialects.request_decoding import ClientEmbedding, RequestFormatError


def read(**fields: Any) -> ClientEmbedding:
    return decode(msgspec.json.encode({"model": "small", **fields}), {})


@pytest.mark.parametrize(("given", "texts"), [("Hi", ["Hi"]), (["Hi", "you"], ["Hi", "you"])])
def test_texts_are_read(given: Any, texts: list[str]) -> None:
    assert read(input=given) == ClientEmbedding(model="small", texts=texts)


def test_the_options_are_read() -> None:
    assert read(
        input="Hi", dimensions=256, encoding_format="base64", user="ann"
    ) == ClientEmbedding(
        model="small", texts=["Hi"], dimensions=256, base64=True, own={"user": "ann"}
    )
    assert not read(input="Hi", encoding_format="float").base64


@pytest.mark.parametrize("tokens", [[1, 2], [[1, 2], [3]]])
def test_tokens_are_for_the_same_api_alone(tokens: Any) -> None:
    assert read(input=tokens) == ClientEmbedding(
        model="small", texts=[], own={"input": tokens}, required_own=("input",)
    )


@pytest.mark.parametrize("dimensions", [None, 256])
def test_a_request_of_the_library_comes_back_as_it_was(dimensions: int | None) -> None:
    assert read(**encode(["Hi", "you"], "large", dimensions).payload) == ClientEmbedding(
        model="large", texts=["Hi", "you"], dimensions=dimensions
    )


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": ["Hi", 5]}, "input.1"),
        ({"input": ["Hi", ""]}, "input.1"),
        ({"input": [1, "Hi"]}, "input"),
        ({"input": [-1]}, "input"),
        ({"input": [[1], []]}, "input.1"),
        ({"input": [[1], ["a"]]}, "input.1"),
        ({"input": [None]}, "input"),
        ({"input": "Hi", "model": ""}, "model"),
        ({"input": "Hi", "dimensions": 0}, "dimensions"),
        ({"input": "Hi", "encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_a_field_of_another_form_is_an_error(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(**fields)

    assert caught.value.field == path
