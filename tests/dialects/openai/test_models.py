"""The list of models of OpenAI and compatible servers."""

import json

import pytest

from llmring import ProviderResponseError
from llmring.dialects.dialect import ListedModel
from llmring.dialects.openai.models import decode
from llmring.wire import HttpHead

HEAD = HttpHead(200, {})


def test_a_list_with_an_object_around_it_or_without_is_read() -> None:
    models = [{"id": "m", "created": 1700000000.5, "name": "M"}]
    read = ([ListedModel(id="m", name="M", created=1700000000)], None)

    assert decode(HEAD, json.dumps({"data": models}).encode()) == read
    assert decode(HEAD, json.dumps(models).encode()) == read


@pytest.mark.parametrize(
    "field", ["context_length", "context_window", "max_model_len", "max_context_length"]
)
def test_the_context_window_is_read_under_any_of_its_names(field: str) -> None:
    [model] = decode(HEAD, json.dumps([{"id": "m", field: 8192}]).encode())[0]

    assert model.context_window == 8192


def test_the_display_name_takes_precedence_and_a_date_of_zero_is_unknown() -> None:
    body = b'[{"id": "m", "name": "n", "display_name": "d", "created": 0}]'

    assert decode(HEAD, body)[0] == [ListedModel(id="m", name="d")]


@pytest.mark.parametrize("body", [b"", b"{}", b'{"data": [{}]}', b"<html>", b"\xff"])
def test_another_reply_is_an_error_without_a_cause(body: bytes) -> None:
    with pytest.raises(ProviderResponseError, match="can't be read") as caught:
        decode(HEAD, body)

    assert caught.value.__context__ is None
