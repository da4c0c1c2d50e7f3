"""Two schemas merged into one that accepts what both accept."""

import copy
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmring.json_schema.merge import both

Schema = dict[str, Any]


@pytest.mark.parametrize(
    ("first", "second", "merged"),
    [
        ({"minimum": 1}, {"minimum": 3}, {"minimum": 3}),
        ({"maxLength": 5}, {"maxLength": 2}, {"maxLength": 2}),
        ({"enum": ["a", "b"]}, {"enum": ["b", "c"]}, {"enum": ["b"]}),
        ({"required": ["a"]}, {"required": ["b", "a"]}, {"required": ["a", "b"]}),
        ({"type": ["integer", "null"]}, {"type": "number"}, {"type": "integer"}),
        ({"title": "A"}, {"title": "B"}, {"title": "B"}),
        ({"additionalProperties": True}, {"additionalProperties": False}, None),
        ({"additionalProperties": False}, {"additionalProperties": {}}, None),
    ],
    ids=str,
)
def test_keywords_that_both_have_are_joined(
    first: Schema, second: Schema, merged: Schema | None
) -> None:
    assert both(first, second) == (merged or {"additionalProperties": False})


def test_a_property_that_both_have_must_fit_both() -> None:
    one, other = {"minLength": 1}, {"maxLength": 3}
    merged = both({"properties": {"a": one, "b": True}}, {"properties": {"a": other, "b": one}})

    assert merged == {"properties": {"a": {"allOf": [one, other]}, "b": one}}


def test_what_cannot_be_joined_is_put_into_the_description() -> None:
    assert both({"pattern": "^a", "description": "A"}, {"pattern": "b$"}) == {
        "pattern": "^a",
        "description": "A (matches the regular expression b$)",
    }


LIMITS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["integer", "number", ["integer", "string"]]),
        "minimum": st.integers(-3, 3),
        "maximum": st.integers(-3, 3),
        "exclusiveMinimum": st.integers(-3, 3),
        "exclusiveMaximum": st.integers(-3, 3),
        "enum": st.lists(st.integers(-3, 3), min_size=1, max_size=4),
    },
)


@given(LIMITS, LIMITS, st.integers(-4, 4) | st.just(0.5))
def test_a_value_fits_the_merged_schema_exactly_if_it_fits_both(
    first: Schema, second: Schema, value: float
) -> None:
    before = copy.deepcopy((first, second))
    merged = both(first, second)
    assume("description" not in merged)  # they have no value in common

    assert (first, second) == before
    assert jsonschema_rs.is_valid(merged, value) == all(
        jsonschema_rs.is_valid(each, value) for each in (first, second)
    )
