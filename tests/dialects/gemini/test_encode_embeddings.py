"""The embedding endpoints, as Google's own client and the library ask and read them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from llmring.chat.events import Usage
from llmring.dialects.gemini import embeddings
from llmring.dialects.gemini.encode_embeddings import decode_embedding, encode_embeddings
from llmring.dialects.request_decoding import RequestFormatError
from llmring.wire import HttpHead
from loopback import Answer, Loopback

genai = pytest.importorskip("google.genai")

# Google's client.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

VECTORS = [[0.5, -1.0], [0.25, 2.0]]


def read(value: Any, *, batch: bool = False) -> tuple[tuple[str, ...], int | None, Any]:
    found = decode_embedding(json.dumps(value).encode(), batch=batch)
    return found.texts, found.dimensions, found.own


@pytest.mark.parametrize(
    "content",
    [
        {"parts": [{"text": "Hello"}]},
        {"role": "user", "parts": {"text": "Hello"}},
        {"parts": [{"text": "Hel"}, {"text": "lo"}]},
        "Hello",
    ],
)
def test_a_text_in_any_form(content: Any) -> None:
    assert read({"model": "models/m", "content": content}) == (("Hello",), None, ({},))


OPTIONS = {"task_type": "RETRIEVAL_DOCUMENT", "title": "T", "output_dimensionality": 3}


@pytest.mark.parametrize("options", [OPTIONS, {"embedContentConfig": OPTIONS}])
def test_options_are_those_of_the_text(options: dict[str, Any]) -> None:
    assert read({"content": "Hello", **options}) == (
        ("Hello",),
        3,
        ({"taskType": "RETRIEVAL_DOCUMENT", "title": "T"},),
    )


def test_the_library_s_own_request_is_read_as_it_was() -> None:
    outgoing = embeddings.encode(["a", "b"], "m", 8)
    found = decode_embedding(msgspec.json.encode(outgoing.payload), batch=True)

    assert (found.texts, found.dimensions, found.own) == (("a", "b"), 8, ({}, {}))


@pytest.mark.parametrize(
    ("body", "batch", "field"),
    [
        ({}, False, "content"),
        ({"content": {"parts": []}}, False, "content.parts"),
        ({"content": {"parts": [{"inlineData": {}}]}}, False, "content.parts.0"),
        ({}, True, "requests"),
        ({"requests": [{"content": "a"}, {}]}, True, "requests.1.content"),
        (
            {
                "requests": [
                    {"content": "a", "outputDimensionality": 2},
                    {"content": "b", "outputDimensionality": 3},
                ]
            },
            True,
            "requests.0.outputDimensionality",
        ),
    ],
)
def test_what_is_no_text_is_an_error_at_its_path(body: Any, batch: bool, field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        read(body, batch=batch)

    assert caught.value.field == field


@pytest.mark.parametrize("usage", [None, Usage(prompt_tokens=4)])
def test_the_library_reads_the_same_vectors(usage: Usage | None) -> None:
    body = encode_embeddings(VECTORS, usage, batch=True)

    assert embeddings.decode(HttpHead(200, {}), body) == (VECTORS, usage)


def test_one_vector_is_not_a_list() -> None:
    body = json.loads(encode_embeddings(VECTORS[:1], None, batch=False))

    assert body == {"embedding": {"values": [0.5, -1.0]}}


def test_google_s_client_asks_and_reads() -> None:
    body = encode_embeddings(VECTORS, Usage(prompt_tokens=4), batch=True)
    with Loopback(Answer([body], 200, {"content-type": "application/json"})) as server:
        options = genai.types.HttpOptions(base_url=server.url, api_version="v1beta")
        client = genai.Client(api_key="a-key-that-opens-nothing", http_options=options)
        config = {"task_type": "RETRIEVAL_QUERY", "output_dimensionality": 2}
        try:
            found = client.models.embed_content(model="m", contents=["a", "b"], config=config)
        finally:
            client.close()
        (request,) = server.requests

    assert request.path.endswith(":batchEmbedContents")
    asked = decode_embedding(request.body, batch=True)
    assert (asked.texts, asked.dimensions) == (("a", "b"), 2)
    assert asked.own == ({"taskType": "RETRIEVAL_QUERY"}, {"taskType": "RETRIEVAL_QUERY"})
    assert [each.values for each in found.embeddings] == VECTORS
