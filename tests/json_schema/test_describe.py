"""Keywords of a JSON Schema as phrases for a model."""

from typing import Any

import pytest

from llmring.json_schema.describe import add_phrases, phrases_of


@pytest.mark.parametrize(
    ("keyword", "value", "phrase"),
    [
        ("minLength", 1, "at least 1 character"),
        ("maxItems", 0, "at most 0 items"),
        ("enum", ["a", None, 1], 'one of "a", null, 1'),
        ("const", "é", 'always "é"'),
        ("additionalProperties", False, "no other properties"),
        ("additionalProperties", {"type": "null"}, 'any other property: {"type":"null"}'),
        ("exclusiveMinimum", 0, "more than 0"),
        ("examples", "one", 'for example "one"'),
        ("uniqueItems", True, "no item twice"),
        ("x-unknown", {"a": 1}, 'x-unknown: {"a":1}'),
    ],
)
def test_a_keyword_is_put_into_words(keyword: str, value: Any, phrase: str) -> None:
    assert phrases_of({keyword: value}) == [phrase]


@pytest.mark.parametrize(
    "silent",
    [
        {"$id": "a"},
        {"title": "A"},
        {"xml": {}},
        {"uniqueItems": False},
        {"additionalProperties": True},
    ],
    ids=str,
)
def test_a_keyword_that_asks_for_nothing_has_no_phrase(silent: dict[str, Any]) -> None:
    assert phrases_of(silent) == []


def test_phrases_follow_the_description_that_is_there() -> None:
    assert add_phrases({"description": "An age"}, ["at least 0", "at most 9"]) == {
        "description": "An age (at least 0; at most 9)"
    }
    assert add_phrases({"type": "integer"}, ["at least 0"])["description"] == "at least 0"


def test_without_phrases_a_schema_has_no_new_description() -> None:
    assert add_phrases({"type": "integer"}, []) == {"type": "integer"}
