"""The list of models and the count of tokens, read by the vendor's own client and by ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.anthropic import count_tokens, models
from llmring.dialects.anthropic.encode_models import encode_count, encode_model, encode_models
from llmring.dialects.dialect import ListedModel
from llmring.dialects.request_decoding import RequestFormatError
from llmring.wire import HttpHead
from loopback import Answer, Loopback

anthropic = pytest.importorskip("anthropic")

OK = HttpHead(200, {"content-type": "application/json"})
KEY = "a-key-that-opens-nothing"

FAST = ListedModel(
    id="claude/fast", name="fast", created=1767225600, context_window=200_000, max_output=8192
)
BARE = ListedModel(id="openai:gpt-5")
MANY = [ListedModel(id=f"m{number}", name=f"M{number}", created=number) for number in range(7)]


def page(listed: Sequence[ListedModel], **query: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode_models(listed, query))
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [model["id"] for model in found["data"]]


def test_a_model_has_all_fields_that_are_known() -> None:
    assert json.loads(encode_model(FAST)) == {
        "type": "model",
        "id": "claude/fast",
        "display_name": "fast",
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": "active",
        "max_input_tokens": 200_000,
        "max_tokens": 8192,
        "capabilities": None,
    }


@pytest.mark.parametrize("created", [None, 0, 10**15])
def test_a_date_that_is_not_known_is_the_first_one(created: int | None) -> None:
    found = json.loads(encode_model(ListedModel(id="m", created=created)))

    assert found["created_at"] == "1970-01-01T00:00:00Z"


def test_a_list_is_one_page() -> None:
    found = page([FAST, BARE])

    assert ids(found) == ["claude/fast", "openai:gpt-5"]
    assert (found["has_more"], found["first_id"], found["last_id"]) == (
        False,
        "claude/fast",
        "openai:gpt-5",
    )


def test_an_empty_list_is_an_empty_page() -> None:
    assert page([]) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize(
    ("query", "expected", "has_more"),
    [
        ({"limit": "3"}, ["m0", "m1", "m2"], True),
        ({"limit": "7"}, [f"m{number}" for number in range(7)], False),
        ({"limit": "3", "after_id": "m2"}, ["m3", "m4", "m5"], True),
        ({"limit": "3", "after_id": "m3"}, ["m4", "m5", "m6"], False),
        ({"after_id": "m6"}, [], False),
        ({"limit": "2", "before_id": "m4"}, ["m2", "m3"], True),
        ({"limit": "2", "before_id": "m2"}, ["m0", "m1"], False),
        ({"before_id": "m0"}, [], False),
    ],
    ids=str,
)
def test_a_page_is_what_the_query_asks_for(
    query: dict[str, str], expected: list[str], has_more: bool
) -> None:
    found = page(MANY, **query)

    assert (ids(found), found["has_more"]) == (expected, has_more)


def test_twenty_models_are_a_page() -> None:
    found = page([ListedModel(id=str(number)) for number in range(21)])

    assert (len(found["data"]), found["has_more"]) == (20, True)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"limit": "1" + "0" * 5000}, "limit"),
        ({"after_id": "unknown"}, "after_id"),
        ({"before_id": "unknown"}, "before_id"),
        ({"after_id": "m1", "before_id": "m3"}, "before_id"),
    ],
    ids=lambda each: str(each)[:30],
)
def test_a_query_that_is_not_possible_is_an_error(query: dict[str, str], field: str) -> None:
    with pytest.raises(RequestFormatError) as caught:
        encode_models(MANY, query)

    assert caught.value.field == field


LISTED = st.builds(
    ListedModel,
    id=st.text("abc:/-.0", min_size=1, max_size=12),
    name=st.text(min_size=1, max_size=8),
    created=st.none() | st.integers(1, 4 * 10**9),
    context_window=st.none() | st.integers(1, 10**7),
    max_output=st.none() | st.integers(1, 10**6),
)


@given(st.lists(LISTED, max_size=30, unique_by=lambda model: model.id), st.integers(1, 30))
def test_the_library_reads_all_pages_as_they_were(listed: list[ListedModel], limit: int) -> None:
    found: list[ListedModel] = []
    mark: str | None = None
    while True:
        query = {"limit": str(limit)} | ({"after_id": mark} if mark else {})
        some, mark = models.decode(OK, encode_models(listed, query))
        found += some
        if mark is None:
            break

    assert found == listed


def test_the_library_reads_the_count_as_it_was() -> None:
    assert count_tokens.decode(OK, encode_count(17)) == 17


# --- The vendor's own client ---


def as_body(body: bytes) -> Answer:
    return Answer([body], 200, {"content-type": "application/json"})


def client_of(server: Loopback) -> Any:
    return anthropic.Anthropic(base_url=server.url, api_key=KEY, max_retries=0)


def test_the_vendor_s_client_reads_all_pages() -> None:
    queries = [{"limit": "3"}, *({"limit": "3", "after_id": last} for last in ("m2", "m5"))]
    with (
        Loopback(*(as_body(encode_models(MANY, query)) for query in queries)) as server,
        client_of(server) as client,
    ):
        found = [model.id for model in client.models.list(limit=3)]

    assert found == [model.id for model in MANY]
    asked = [dict(parse_qsl(urlsplit(request.path).query)) for request in server.requests]
    assert asked == queries


def test_the_vendor_s_client_reads_pages_backwards() -> None:
    queries = [{"limit": "2", "before_id": last} for last in ("m4", "m2")]
    with (
        Loopback(*(as_body(encode_models(MANY, query)) for query in queries)) as server,
        client_of(server) as client,
    ):
        found = [model.id for model in client.models.list(limit=2, before_id="m4")]

    assert found == ["m2", "m3", "m0", "m1"]
    asked = [dict(parse_qsl(urlsplit(request.path).query)) for request in server.requests]
    assert asked == queries


def test_the_vendor_s_client_reads_a_model() -> None:
    with Loopback(as_body(encode_model(FAST))) as server, client_of(server) as client:
        found = client.models.retrieve("claude/fast")

    assert (found.id, found.display_name, found.max_input_tokens, found.max_tokens) == (
        FAST.id,
        FAST.name,
        FAST.context_window,
        FAST.max_output,
    )
    assert int(found.created_at.timestamp()) == FAST.created


@pytest.mark.parametrize("model", [FAST, BARE], ids=lambda model: model.id)
def test_a_model_is_valid_in_the_client_s_strict_types(model: ListedModel) -> None:
    from anthropic.types import ModelInfo
    from anthropic.types.beta import BetaModelInfo

    for kind in (ModelInfo, BetaModelInfo):
        assert kind.model_validate_json(encode_model(model)).id == model.id


def test_the_vendor_s_client_reads_a_count() -> None:
    asked: Any = [{"role": "user", "content": "Hi"}]
    with Loopback(as_body(encode_count(17))) as server, client_of(server) as client:
        found = client.messages.count_tokens(model="m", messages=asked)

    assert found.input_tokens == 17
