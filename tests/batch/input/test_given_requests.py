from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.batch.input.given_requests import GivenRequests, line_fault
from llmring.batch.input.request_builder import RequestBuilder
from llmring.batch.input.request_digest import request_digest
from llmring.batch.row import InputRow, RowProblem, RowRequest
from llmring.chat.request import LLMRequest, Message
from llmring.chat.request_json import to_json
from llmring.exceptions import ValidationError

CHAT: dict[str, Any] = {
    "model": "openai:gpt-5",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
    "max_completion_tokens": 20,
}
TURNS = [("system", "Be brief."), ("user", "Hi")]


def line(body: Mapping[str, Any], url: str = "/v1/chat/completions") -> dict[str, Any]:
    return {"custom_id": "a", "method": "POST", "url": url, "body": body}


def built(
    values: Mapping[str, Any], model: str | None = None, **options: Any
) -> RowRequest | RowProblem:
    builder = RequestBuilder(model, read=GivenRequests.of(values), options=options)
    return builder.build(InputRow(0, "a", values, "a.jsonl, line 1"))


def asked(values: Mapping[str, Any], model: str | None = None, **options: Any) -> RowRequest:
    request = built(values, model, **options)
    assert isinstance(request, RowRequest), request
    return request


def turns(request: LLMRequest) -> list[tuple[str, Any]]:
    return [(turn.role, turn.text) for turn in request.turns()]


@pytest.mark.parametrize(
    "values",
    [
        line(CHAT),
        {"custom_id": "a", "body": CHAT},
        line(
            {
                "model": "openai:gpt-5",
                "instructions": "Be brief.",
                "input": "Hi",
                "max_output_tokens": 20,
            },
            "/v1/responses",
        ),
        {
            "custom_id": "a",
            "params": {
                "model": "openai:gpt-5",
                "system": "Be brief.",
                "messages": [{"role": "user", "content": "Hi"}],
                "max_tokens": 20,
            },
        },
        {
            "request_json": {
                **to_json(
                    LLMRequest(
                        "x", [Message("system", "Be brief."), Message("user", "Hi")], max_tokens=20
                    )
                ),
                "model": "openai:gpt-5",
            }
        },
    ],
    ids=["chat", "together", "responses", "anthropic", "request_json"],
)
def test_b3_a_whole_request_is_read_in_each_form(values: dict[str, Any]) -> None:
    request = asked(values).request

    assert (request.model, request.max_tokens, turns(request)) == ("openai:gpt-5", 20, TURNS)


@pytest.mark.parametrize("held", [CHAT["messages"], json.dumps(CHAT["messages"])])
def test_b3_a_column_holds_messages(held: Any) -> None:
    assert turns(asked({"messages": held}, "summary").request) == TURNS


def test_b3_a_column_of_messages_may_hold_one_text() -> None:
    assert turns(asked({"messages": "Hi"}, "summary").request) == [("user", "Hi")]


def test_b3_the_alias_replaces_the_model_and_options_replace_fields() -> None:
    request = asked(line(CHAT), "summary", max_tokens=5, temperature=0.5).request

    assert (request.model, request.max_tokens, request.temperature) == ("summary", 5, 0.5)


def test_b3_embeddings_have_texts() -> None:
    body = {"model": "openai:embed", "input": ["a", "b"], "dimensions": 256}

    found = asked(line(body, "/v1/embeddings"))

    assert (found.operation, found.texts, found.request.model) == (
        "embeddings",
        ["a", "b"],
        "openai:embed",
    )
    assert found.dimensions == 256


def test_b25_lines_that_differ_in_their_id_alone_have_one_digest() -> None:
    assert asked(line(CHAT)).digest == asked({**line(CHAT), "custom_id": "b"}).digest
    assert asked(line(CHAT)).digest == request_digest(
        LLMRequest("openai:gpt-5", CHAT["messages"], max_tokens=20)
    )


def test_fields_of_one_api_are_kept_except_those_that_change_nothing() -> None:
    body = {**CHAT, "logit_bias": {"5": 1}, "user": "u", "store": True, "stream": True}

    assert asked(line(body)).request.extra_params == {"logit_bias": {"5": 1}}


def test_one_call_at_a_time_is_kept() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
    body = {**CHAT, "tools": [tool], "parallel_tool_calls": False}

    assert asked(line(body)).request.extra_params == {"parallel_tool_calls": False}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (line({**CHAT, "n": 2}), "a row has one answer"),
        (line({**CHAT, "messages": []}), "messages"),
        (line({**CHAT, "temperature": "hot"}), "temperature"),
        (line(CHAT, "/v1/audio/speech"), "is not one of"),
        ({**line(CHAT), "method": "GET"}, "write POST"),
        ({"custom_id": "a", "body": None}, "'body' is empty"),
        ({"custom_id": "a", "body": "{"}, "not JSON"),
        ({"custom_id": "a", "body": [1]}, "JSON object"),
        ({"custom_id": "a", "params": {"model": "m"}}, "max_tokens"),
        (line({"model": "m", "input": [[1, 2]]}, "/v1/embeddings"), "tokens"),
        ({"request_json": [1]}, "not an object"),
        ({"request_json": {"messages": 5}}, "request_json"),
        ({"request_json": {"mesages": []}}, "request_json"),
        ({"messages": [{"content": "a"}], "model": "a"}, "role"),
        ({"messages": "[", "model": "a"}, "not JSON"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "give one with --alias"),
    ],
)
def test_b3_a_row_without_a_request_that_can_be_sent_is_a_problem(
    values: dict[str, Any], reason: str
) -> None:
    found = built(values)

    assert isinstance(found, RowProblem)
    assert found.reason.startswith("a.jsonl, line 1: ")
    assert reason in found.reason


def test_b3_a_model_that_is_not_known_is_a_problem_with_the_fix() -> None:
    read = GivenRequests.of(line(CHAT), is_model=lambda name: name == "summary")
    read(line({**CHAT, "model": "summary"}))

    with pytest.raises(ValidationError, match=r"'openai:gpt-5' is not an alias.*--alias"):
        read(line(CHAT))


def test_b3_columns_without_requests_are_refused_with_their_names() -> None:
    with pytest.raises(ValidationError, match=r"give --prompt.*the columns are: a, b"):
        GivenRequests.of(["a", "b"])


@given(
    st.dictionaries(
        st.sampled_from(["body", "params", "request_json", "messages", "url", "method", "model"]),
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner)
                | st.dictionaries(st.sampled_from(["model", "messages", "input", "role"]), inner)
            ),
        ),
        min_size=1,
    )
)
def test_any_values_are_a_request_or_a_problem(values: dict[str, Any]) -> None:
    line_fault(values)
    try:
        GivenRequests.of(values)
    except ValidationError:
        return

    built(values)
