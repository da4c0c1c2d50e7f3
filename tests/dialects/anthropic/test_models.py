"""Anthropic's list of models."""

import json
from typing import Any

import pytest

from llmring import ProviderResponseError
from llmring.dialects.anthropic.models import decode, encode
from llmring.dialects.dialect import ListedModel
from llmring.wire import HttpHead

HEAD = HttpHead(200, {})


def read(*models: dict[str, Any], **rest: Any) -> tuple[list[ListedModel], str | None]:
    return decode(HEAD, json.dumps({"data": models, **rest}).encode())


def test_a_page_is_requested_after_the_last_model_of_the_one_before() -> None:
    assert encode(None).path == "/v1/models?limit=1000"
    assert encode("a/b&c").path == "/v1/models?limit=1000&after_id=a%2Fb%26c"
    assert encode(None).method == "GET"


def test_a_model_has_its_name_date_and_limits() -> None:
    sent = {
        "id": "m",
        "display_name": "M",
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": 200,
        "max_tokens": 8,
    }

    assert read(sent)[0] == [
        ListedModel(id="m", name="M", created=1767225600, context_window=200, max_output=8)
    ]


def test_an_unknown_date_and_limits_of_zero_are_not_known() -> None:
    sent = {"id": "m", "created_at": "1970-01-01T00:00:00Z", "max_input_tokens": 0}

    assert read(sent)[0] == [ListedModel(id="m")]


def test_only_a_page_with_more_after_it_has_a_mark() -> None:
    assert read(has_more=True, last_id="m")[1] == "m"
    assert read(has_more=False, last_id="m")[1] is None


def test_another_reply_is_an_error() -> None:
    with pytest.raises(ProviderResponseError, match="can't be read"):
        decode(HEAD, b'{"models": []}')
