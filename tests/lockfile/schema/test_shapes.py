"""Values checked against shapes, and the messages for those that do not fit."""

import math
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.lockfile.schema.shapes import (
    Anything,
    Choice,
    Day,
    Either,
    Flag,
    Items,
    NamedItems,
    NonNegative,
    Number,
    Outline,
    Shape,
    Table,
    Text,
    Time,
    Whole,
    misfits,
    unknown_key,
)

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
WHOLE = Whole(noun="a count", example="2", least=1)
COLOUR = Choice(noun="a colour", example='"red"', options=("red", "green"))
ROW = Table(keys={"n": WHOLE, "colour": COLOUR}, required=("n",), owner="a row")


def faults(shape: Shape, value: object) -> list[tuple[tuple[str | int, ...], str]]:
    return [(fault.path, fault.message) for fault in misfits(shape, value, ("key",))]


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (Anything(), ["x", 1, [], {}], []),
        (Text(), ["", "x"], [1, True, [], None]),
        (Text(pattern="[a-z]+"), ["abc"], ["", "abc1", "1abc", "abc\n"]),
        (COLOUR, ["red", "green"], ["blue", "", 1]),
        (Flag(), [True, False], [1, "true"]),
        (Time(), ["soon", NOW.date(), NOW], [1]),
        (Day(), [date(2026, 1, 31)], [NOW, "2026-01-31"]),
        (Number(), [1, 0.5], [0, -1, math.inf, math.nan, True, "1"]),
        (NonNegative(), [0, 0.5], [-0.1, math.inf, math.nan, False, "1"]),
        (WHOLE, [1, 2], [0, 1.0, True, "1"]),
        (Items(each=WHOLE), [[], [1, 2]], [1, "1", {}]),
        (Items(each=WHOLE, least=1), [[1]], [[]]),
        (NamedItems(each=WHOLE), [{}, {"a": 1}], [[], 1]),
        (ROW, [{"n": 1}, {"n": 1, "colour": "red"}], [[], "n"]),
        (Either(noun="either", options=(WHOLE, COLOUR)), [1, "red"], [0, "blue", []]),
    ],
)
def test_a_shape_accepts_its_values_and_refuses_others(
    shape: Shape, good: list[object], bad: list[object]
) -> None:
    assert [value for value in good if faults(shape, value)] == []
    assert [
        value for value in bad if faults(shape, value) != [(("key",), f"is not {shape.noun}")]
    ] == []


def test_each_wrong_element_is_reported_at_its_own_path() -> None:
    rows = Items(each=NamedItems(each=WHOLE))

    assert faults(rows, [{"a": 1}, {"b": 0, "c": 1}, {"d": "x"}]) == [
        (("key", 1, "b"), "is not a count"),
        (("key", 2, "d"), "is not a count"),
    ]


def test_a_table_reports_missing_wrong_and_unknown_keys() -> None:
    assert faults(ROW, {"colour": "blue", "other": 1, "x-own": object()}) == [
        (("key",), "n is missing"),
        (("key", "colour"), "is not a colour"),
        (("key", "other"), "a row has no such key"),
    ]


def test_the_fix_for_a_missing_key_gives_an_example() -> None:
    [fault] = misfits(ROW, {}, ())

    assert fault.fix == "add n = 2"


@pytest.mark.parametrize(
    ("shape", "value", "path", "fix"),
    [
        (COLOUR, "gren", ("colour",), 'did you mean "green"?'),
        (COLOUR, "zzz", ("colour",), 'write colour = "red"'),
        (COLOUR, 1, ("colour",), 'write colour = "red"'),
        (WHOLE, 0, ("a b",), 'write "a b" = 2'),
        (WHOLE, 0, ("list", 1), "write 2"),
        (WHOLE, 0, (), "write 2"),
    ],
)
def test_the_fix_for_a_wrong_value_gives_the_nearest_or_an_example(
    shape: Shape, value: object, path: tuple[str | int, ...], fix: str
) -> None:
    [fault] = misfits(shape, value, path)

    assert fault.fix == fix


def test_where_only_a_part_of_a_value_is_wrong_the_message_is_about_that_part() -> None:
    either = Either(noun="a row or a list", options=(Items(each=WHOLE), ROW))

    assert faults(either, [1, 0]) == [(("key", 1), "is not a count")]
    assert faults(either, {"n": 0}) == [(("key", "n"), "is not a count")]
    assert faults(either, 1) == [(("key",), "is not a row or a list")]


def test_of_an_outline_only_the_type_is_checked() -> None:
    outline = Outline(Either(noun="either", options=(Items(each=WHOLE, least=1), COLOUR)))

    assert faults(outline, [0, "x"]) == faults(outline, "blue") == []
    assert faults(outline, 1) == [(("key",), "is not either")]


def test_an_unknown_key_does_not_stop_the_reading_and_names_a_similar_key() -> None:
    fault = unknown_key(("models", "pices"), {"prices": WHOLE, "aliases": WHOLE}, "a model")

    assert (fault.raises, fault.at_key) == (None, True)
    assert fault.fix == "did you mean 'prices'? If not, begin keys of your own with x-"
    assert unknown_key(("q",), {"prices": WHOLE}, "a model").fix == (
        "begin keys of your own with x-"
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["n", "colour", "x-a", "other"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_every_fault_lies_inside_the_checked_value(value: Any) -> None:
    for fault in misfits(Items(each=ROW), value, ("key",)):
        part: Any = {"key": value}
        for step in fault.path:
            part = part[step]


def test_a_name_that_does_not_fit_is_a_fault_at_its_key() -> None:
    shape = NamedItems(each=WHOLE, key=Text(noun="a letter", example='"a"', pattern="[a-z]"))

    found = [*misfits(shape, {"a": 1, "A": 1, "b": 0}, ("key",))]

    assert [(fault.path, fault.message, fault.fix, fault.at_key) for fault in found] == [
        (("key", "A"), "is not a letter", 'rename it, as in "a"', True),
        (("key", "b"), "is not a count", "write b = 2", False),
    ]
