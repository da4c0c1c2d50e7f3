"""The shape of an answer, and the differences between two."""

from typing import Any

import pytest

from llmring import LLMResponse
from llmring.audit.answer_shape import differences, shape_of
from llmring.chat.output_format import OutputFormat

ONE_NUMBER = OutputFormat(
    name="n",
    schema={"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]},
)


def answer(content: str = "", **fields: Any) -> LLMResponse:
    return LLMResponse(content=content, model="mock:fixed", **fields)


def calling(name: str, arguments: str) -> LLMResponse:
    function = {"name": name, "arguments": arguments}
    return answer(tool_calls=[{"id": "call_1", "type": "function", "function": function}])


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("Paris.", "text"),
        (" \n", "nothing"),
        ('{"city": "Paris"}', "JSON"),
        ('```json\n["Paris"]\n```', "JSON"),
        ("{not closed", "text"),
        ("42", "text"),
    ],
)
def test_a_content_is_text_json_or_nothing(content: str, kind: str) -> None:
    assert shape_of(answer(content)).kind == kind


def test_a_tool_call_is_listed_with_the_sorted_names_of_its_arguments() -> None:
    assert shape_of(calling("weather", '{"unit": "C", "city": "Paris"}')).calls == (
        "weather(city, unit)",
    )


def test_arguments_that_are_not_json_leave_their_names_open() -> None:
    assert shape_of(calling("weather", "{")).calls == ("weather(…)",)


@pytest.mark.parametrize(("content", "fits"), [('{"n": 1}', True), ('{"n": "one"}', False)])
def test_an_answer_is_checked_against_the_schema_of_the_request(content: str, fits: bool) -> None:
    assert shape_of(answer(content), ONE_NUMBER).fits is fits


def test_without_a_schema_nothing_is_checked() -> None:
    assert shape_of(answer('{"n": 1}')).fits is None


def test_texts_of_different_length_do_not_differ_in_shape() -> None:
    assert [*differences(shape_of(answer("Hi")), shape_of(answer("Hello there")))] == []


@pytest.mark.parametrize(
    "other",
    [
        answer('{"n": 1}'),
        calling("weather", "{}"),
        answer("Hi", finish_reason="length"),
    ],
)
def test_another_kind_call_or_end_is_one_difference(other: LLMResponse) -> None:
    assert len([*differences(shape_of(answer("Hi")), shape_of(other))]) >= 1


def test_an_answer_that_stops_fitting_the_schema_differs() -> None:
    fitting = shape_of(answer('{"n": 1}'), ONE_NUMBER)
    misfit = shape_of(answer('{"n": "one"}'), ONE_NUMBER)

    assert len([*differences(fitting, misfit)]) == 1
    assert [*differences(misfit, fitting)] == []
