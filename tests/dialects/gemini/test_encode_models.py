"""The list of models and the count of tokens, as Google's own client and the library read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from llmring.dialects.dialect import ListedModel
from llmring.dialects.gemini import count_tokens, models
from llmring.dialects.gemini.encode_models import encode_count, encode_model, encode_models
from llmring.dialects.request_decoding import RequestFormatError
from llmring.wire import HttpHead
from loopback import Answer, Loopback, Request

genai = pytest.importorskip("google.genai")

# Google's client.
pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class:DeprecationWarning")

KEY = "a-key-that-opens-nothing"
HEAD = HttpHead(200, {})
JSON = {"content-type": "application/json"}
LISTED = [
    ListedModel(id="fast", name="Fast", context_window=1000, max_output=100),
    ListedModel(id="openai:gpt-x"),
    ListedModel(id="vectors", context_window=500),
]


def asked(ask: Callable[[Any], Any], *bodies: bytes) -> tuple[Any, list[Request]]:
    """What Google's client reads of these replies, and its requests."""
    with Loopback(*(Answer([body], 200, JSON) for body in bodies)) as server:
        options = genai.types.HttpOptions(base_url=server.url, api_version="v1beta")
        client = genai.Client(api_key=KEY, http_options=options)
        try:
            return ask(client.models), server.requests
        finally:
            client.close()


def page_after(request: Request) -> str | None:
    return request.path.partition("pageToken=")[2].partition("&")[0] or None


def test_the_library_reads_the_same_models() -> None:
    found, mark = models.decode(HEAD, encode_models(LISTED))

    assert found == [
        LISTED[0],
        ListedModel(id="openai:gpt-x", name="openai:gpt-x"),
        ListedModel(id="vectors", name="vectors", context_window=500),
    ]
    assert mark is None


@pytest.mark.parametrize("size", [1, 2, 3, 50, 5000])
def test_each_model_is_on_one_page(size: int) -> None:
    found: list[str] = []
    token: str | None = None
    while True:
        page = json.loads(encode_models(LISTED, page_size=size, page_token=token))
        found += [each["name"] for each in page["models"]]
        token = page.get("nextPageToken")
        if token is None:
            break

    assert found == ["models/fast", "models/openai:gpt-x", "models/vectors"]


def test_a_page_has_fifty_models_unless_asked_and_a_thousand_at_most() -> None:
    many = [ListedModel(id=f"m{number}") for number in range(1200)]

    def length(size: int | None) -> int:
        return len(json.loads(encode_models(many, page_size=size))["models"])

    assert [length(size) for size in (None, 0, 70, 1100)] == [50, 50, 70, 1000]


def test_no_models_are_one_empty_page() -> None:
    assert json.loads(encode_models([])) == {"models": []}


@pytest.mark.parametrize(
    ("page", "field"), [({"page_token": "x"}, "pageToken"), ({"page_size": -1}, "pageSize")]
)
def test_a_page_that_is_not_there_is_an_error(page: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        encode_models(LISTED, **page)

    assert caught.value.field == field


def test_google_s_client_reads_all_pages() -> None:
    first = encode_models(LISTED, embedding={"vectors"}, page_size=2)
    token = json.loads(first)["nextPageToken"]
    second = encode_models(LISTED, embedding={"vectors"}, page_size=2, page_token=token)
    config = {"page_size": 2}
    found, requests = asked(lambda models: list(models.list(config=config)), first, second)

    assert [model.name for model in found] == [f"models/{model.id}" for model in LISTED]
    assert [model.display_name for model in found] == ["Fast", "openai:gpt-x", "vectors"]
    assert (found[0].input_token_limit, found[0].output_token_limit) == (1000, 100)
    assert found[0].supported_actions == ["generateContent", "countTokens"]
    assert found[2].supported_actions == ["embedContent", "batchEmbedContents"]
    assert [page_after(request) for request in requests] == [None, token]


def test_google_s_client_reads_one_model() -> None:
    found, _ = asked(lambda models: models.get(model="fast"), encode_model(LISTED[0]))

    assert (found.name, found.display_name) == ("models/fast", "Fast")


@pytest.mark.parametrize(("tokens", "cached"), [(0, 0), (7, 0), (7, 3)])
def test_a_count_is_read_as_it_is(tokens: int, cached: int) -> None:
    body = encode_count(tokens, cached)
    found, _ = asked(lambda models: models.count_tokens(model="fast", contents="Hello"), body)

    assert (found.total_tokens, found.cached_content_token_count or 0) == (tokens, cached)
    assert count_tokens.decode(HEAD, body) == tokens
