from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from llmring.batch.input.open_rows import open_rows
from llmring.batch.input.request_builder import RequestBuilder
from llmring.batch.input.request_digest import request_digest
from llmring.batch.input.template import Template
from llmring.batch.row import InputRow, RowProblem, RowRequest
from llmring.chat.request import LLMRequest
from llmring.exceptions import ValidationError


@dataclass
class City:
    name: str


def row(values: Mapping[str, Any], ordinal: int = 0) -> InputRow:
    return InputRow(ordinal, f"a.csv:{ordinal}", values, f"a.csv, line {ordinal + 2}")


def built(builder: RequestBuilder, values: Mapping[str, Any]) -> RowRequest:
    request = builder.build(row(values))
    assert isinstance(request, RowRequest)
    return request


def test_b2_a_prompt_and_a_system_message_are_filled_with_the_values_of_the_row() -> None:
    builder = RequestBuilder(
        "summary",
        prompt=Template("Sum up: {text}"),
        system=Template("Write {language}."),
        options={"max_tokens": 50},
    )

    request = built(builder, {"text": "long", "language": "Danish"}).request

    assert (request.model, request.max_tokens) == ("summary", 50)
    assert [(turn.role, turn.content) for turn in request.turns()] == [
        ("system", "Write Danish."),
        ("user", "Sum up: long"),
    ]


def test_b2_a_null_value_is_a_problem_of_its_row_with_its_place() -> None:
    builder = RequestBuilder("summary", prompt=Template("Sum up: {text}"))

    found = builder.build(row({"text": None}, 5))

    assert isinstance(found, RowProblem)
    assert found.reason.startswith("a.csv, line 7: column 'text' is null")
    assert len(found.digest) == 32


def test_b2_an_unknown_column_is_refused_before_a_row_is_built(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("title,body\n1,2\n")
    builder = RequestBuilder("summary", prompt=Template("{title}"), system=Template("{text}"))

    with pytest.raises(ValidationError, match=r"unknown column 'text'.*title, body"):
        builder.check(open_rows(tmp_path / "a.csv"))


def test_b25_the_digest_is_of_the_request_alone() -> None:
    builder = RequestBuilder("summary", prompt=Template("{text}"), tags={"batch": "b1"})
    request = LLMRequest("summary", "hello")

    found = built(builder, {"text": "hello", "other": 1})

    assert found.digest == request_digest(request)
    assert found.request.metadata == {"batch": "b1"}


def test_b25_another_option_has_another_digest() -> None:
    digests = {
        built(RequestBuilder("summary", prompt=Template("{a}"), options=each), {"a": "x"}).digest
        for each in ({}, {"max_tokens": 5}, {"temperature": 0.5}, {"response_format": City})
    }

    assert len(digests) == 4


def test_b6_a_request_with_a_schema_is_marked() -> None:
    builder = RequestBuilder("city", prompt=Template("{a}"), options={"response_format": City})

    assert built(builder, {"a": "x"}).schema_column


def test_a_problem_stays_a_problem() -> None:
    problem = RowProblem(row({}), "unreadable")

    assert RequestBuilder("summary", prompt=Template("x")).build(problem) is problem


def test_a_problem_has_a_digest_for_any_values() -> None:
    found = RequestBuilder("summary", prompt=Template("{a}")).build(
        row({"a": None, "b": lambda: None, "c": {1: object}})
    )

    assert isinstance(found, RowProblem)
    assert found.digest


def test_a_builder_without_a_prompt_needs_rows_that_hold_requests() -> None:
    with pytest.raises(ValidationError, match="needs a prompt"):
        RequestBuilder("summary")


def test_an_option_that_is_not_valid_is_refused_at_once() -> None:
    with pytest.raises(ValidationError, match="max_tokens"):
        RequestBuilder("summary", prompt=Template("x"), options={"max_tokens": "many"})
