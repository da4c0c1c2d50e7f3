"""The list of models on an Ollama server."""

import pytest

from llmring import ProviderResponseError
from llmring.dialects.dialect import ListedModel
from llmring.dialects.ollama.models import decode, encode
from llmring.wire import HttpHead

HEAD = HttpHead(200, {})


def test_all_models_are_on_one_page() -> None:
    sent = encode(None)

    assert (sent.method, sent.path) == ("GET", "/api/tags")
    assert decode(HEAD, b'{"models": []}') == ([], None)


def test_a_model_is_listed_under_either_field() -> None:
    body = b'{"models": [{"name": "a", "model": "a:latest"}, {"name": "b"}]}'

    assert decode(HEAD, body)[0] == [ListedModel(id="a:latest"), ListedModel(id="b")]


def test_another_reply_is_an_error() -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        decode(HEAD, b"{}")
