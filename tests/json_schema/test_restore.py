"""Answers to an adapted schema, turned back into answers to the original one."""

from typing import Any

import pytest

from llmring.json_schema.restore import read_back, unwrapped

Schema = dict[str, Any]


def test_null_that_a_branch_of_a_union_accepts_is_kept() -> None:
    schema = {
        "anyOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}},
            {"type": "object", "properties": {"a": {"type": "null"}, "c": {}}},
        ]
    }

    assert read_back({"a": None, "b": 1}, schema) == {"b": 1}
    assert read_back({"a": None, "c": 1}, schema) == {"a": None, "c": 1}


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "object", "properties": {"answer": {}}}, {"answer": 1}),
        ({}, {"answer": 1}),
        ({"type": ["object", "null"]}, {"answer": 1}),
        ({"anyOf": [{"type": "null"}, {"properties": {"answer": {}}}]}, {"answer": 1}),
        ({"type": "array"}, {"answer": 1, "more": 2}),
    ],
)
def test_an_object_that_could_be_the_answer_itself_is_not_unwrapped(
    schema: Schema, value: Any
) -> None:
    assert unwrapped(value, schema) == value
