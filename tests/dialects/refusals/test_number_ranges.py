"""Ranges of numbers, as servers word them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.dialects.refusals.number_ranges import NUMBERS, clamps

PATHS = {name: ((name,),) for name in NUMBERS}

Range = tuple[str, float | None, float | None]


def ranges(message: str, param: str | None = None) -> list[Range]:
    return [(each.name, each.least, each.most) for each in clamps(message, PATHS, param)]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 "
            "instead.",
            [("temperature", None, 2)],
        ),
        (
            "Invalid 'presence_penalty': decimal below minimum value. Expected a value >= -2, but "
            "got -3 instead.",
            [("presence_penalty", -2, None)],
        ),
        ("temperature : number must be at most 1", [("temperature", None, 1)]),
        ("'top_p' : number must be at least 0.01", [("top_p", 0.01, None)]),
        ("temperature must be between 0 and 2.0 inclusive.", [("temperature", 0, 2)]),
        (
            "3.0 is greater than the maximum of 2 - 'temperature'",
            [("temperature", None, 2)],
        ),
        ("temperature: range: 0..1", [("temperature", 0, 1)]),
        ("topP must be in the range [0.0, 1.0].", [("top_p", 0, 1)]),
        ("temperature: Input should be less than or equal to 1", [("temperature", None, 1)]),
        (
            "#/temperature: 1.5 is not less or equal to 1, please reformat your input",
            [("temperature", None, 1)],
        ),
        (
            "Invalid temperature value, the valid range of temperature is [0, 2]",
            [("temperature", 0, 2)],
        ),
        ("Invalid top_p value, the valid range of top_p is (0, 1.0]", [("top_p", None, 1)]),
        ("<400> 'temperature' must be Float in [0.0, 2.0)", [("temperature", 0, None)]),
        ("temperature must be non-negative, got -1.0.", [("temperature", 0, None)]),
        ("temperature cannot be greater than 2", [("temperature", None, 2)]),
        ("repetition_penalty must be at least 1e-3", [("repetition_penalty", 0.001, None)]),
        (
            '{"detail":[{"type":"greater_than_equal","loc":["body","max_tokens"],"msg":"Input '
            'should be greater than or equal to 1","input":0,"ctx":{"ge":1}},'
            '{"type":"less_than_equal","loc":["body","temperature"],"msg":"Input should be less '
            'than or equal to 1.5","input":1.7,"ctx":{"le":1.5}},'
            '{"type":"less_than_equal","loc":["body","top_p"],"msg":"Input should be less than or '
            'equal to 1","input":2,"ctx":{"le":1.0}}]}',
            [("temperature", None, 1.5), ("top_p", None, 1)],
        ),
        (
            "temperature must be at most 2, top_p must be at most 1",
            [("temperature", None, 2)],
        ),
    ],
)
def test_the_ends_of_a_range_are_read(message: str, expected: list[Range]) -> None:
    assert ranges(message) == expected


@pytest.mark.parametrize(
    "message",
    [
        "temperature is out of range",
        "Input validation error: `temperature` must be strictly positive",
        "`temperature` must be > 0.0 and < 1.0",
        "temperature must be in range (0, +inf)",
        "temperature: Input should be less than 2",
        "temperature must be between 0 and 1 (exclusive)",
        "temperature (3) is not less than 2",
        "temperature must be 0 (disable), or at least 1, got -5.",
        "`temperature` cannot be set to -1 for this model",
        "Range of temperature should be (0.0, 2.0)",
    ],
)
def test_a_range_without_ends_that_can_be_sent_is_known_only_as_refused(message: str) -> None:
    assert ranges(message) == [("temperature", None, None)]


@pytest.mark.parametrize(
    "message",
    [
        "temperature: Input should be a valid number",
        "Field 'temperature': type must be number, but is string",
        "`temperature` is deprecated for this model.",
        "max_tokens must be at least 1",
        "Invalid 'tools[0].function.name': 'set_temperature' must have at most 64 characters",
        "",
    ],
)
def test_another_refusal_is_no_range(message: str) -> None:
    assert ranges(message) == []


def test_the_parameter_that_an_error_names_counts_for_its_message() -> None:
    assert ranges("Expected a value <= 1, but got 1.5", "temperature") == [("temperature", None, 1)]
    assert ranges("The temperature in the text must be at most 1", "messages") == []


def test_a_number_that_the_api_does_not_have_is_not_changed() -> None:
    assert clamps("min_p must be at most 1", {"temperature": (("temperature",),)}) == ()


@given(st.text(), st.none() | st.sampled_from(NUMBERS))
def test_any_words_are_read(message: str, param: str | None) -> None:
    for name in NUMBERS:
        assert all(each.name in NUMBERS for each in clamps(f"{name} {message}", PATHS, param))
