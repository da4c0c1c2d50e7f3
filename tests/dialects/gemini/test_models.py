"""Google's list of models."""

import pytest

from llmring import ProviderResponseError
from llmring.dialects.dialect import ListedModel
from llmring.dialects.gemini.models import decode, encode
from llmring.wire import HttpHead

HEAD = HttpHead(200, {})


def test_a_page_is_requested_by_its_token() -> None:
    assert encode(None).path == "/v1beta/models?pageSize=1000"
    assert encode("a=/").path == "/v1beta/models?pageSize=1000&pageToken=a%3D%2F"


def test_a_model_is_listed_without_the_prefix_of_its_name() -> None:
    body = b"""{"models": [
        {"name": "models/m", "displayName": "M", "inputTokenLimit": 9, "outputTokenLimit": 3},
        {"name": "tunedModels/n"}
    ], "nextPageToken": ""}"""

    assert decode(HEAD, body) == (
        [
            ListedModel(id="m", name="M", context_window=9, max_output=3),
            ListedModel(id="tunedModels/n"),
        ],
        None,
    )


def test_a_page_may_be_empty_and_have_a_next_one() -> None:
    assert decode(HEAD, b'{"nextPageToken": "t"}') == ([], "t")


def test_another_reply_is_an_error() -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        decode(HEAD, b"[]")
