"""Checking answers against a requested form, without a model."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from llmring import ValidationError
from llmring.chat.output_format import parse_format
from llmring.client.answer_schema import AnswerForm, answer_form, data_so_far, parse_answer

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "nick": {"type": "string"}},
    "required": ["name"],
}


def form(request: Any) -> AnswerForm:
    output = parse_format(request)
    assert output is not None
    return answer_form(output)


def by_schema(schema: dict[str, Any], **more: Any) -> AnswerForm:
    return form({"type": "json_schema", "json_schema": {"name": "a", "schema": schema, **more}})


def places(request: AnswerForm, answer: Any) -> list[str]:
    return [misfit.place for misfit in parse_answer(request, json.dumps(answer)).misfits]


def test_an_answer_that_fits_is_its_value() -> None:
    assert parse_answer(by_schema(PERSON), '{"name": "Ada"}').value == {"name": "Ada"}
    assert places(by_schema(PERSON), {"name": "Ada"}) == []


def test_a_strict_schema_refuses_properties_that_it_does_not_name() -> None:
    assert places(by_schema(PERSON, strict=True), {"name": "Ada", "age": 3}) == [""]
    assert places(by_schema(PERSON), {"name": "Ada", "age": 3}) == []


def test_null_for_an_optional_property_counts_as_left_out() -> None:
    found = parse_answer(by_schema(PERSON), '{"name": "Ada", "nick": null}')

    assert (found.value, found.misfits) == ({"name": "Ada"}, ())


def test_null_for_a_required_property_is_a_misfit() -> None:
    assert places(by_schema(PERSON), {"name": None}) == ["/name"]


def test_an_array_may_come_in_the_object_that_vendors_require() -> None:
    numbers = by_schema({"type": "array", "items": {"type": "integer"}})

    assert parse_answer(numbers, '{"answer": [1, 2]}').value == [1, 2]
    assert parse_answer(numbers, "[1, 2]").value == [1, 2]


def test_slashes_and_tildes_in_a_place_are_escaped_as_in_a_json_pointer() -> None:
    numbers = by_schema({"type": "object", "additionalProperties": {"type": "integer"}})

    assert places(numbers, {"a/b~c": "x"}) == ["/a~1b~0c"]


def test_at_most_twenty_misfits_are_reported() -> None:
    numbers = by_schema({"type": "array", "items": {"type": "integer"}})

    assert places(numbers, ["x"] * 1000) == [f"/{at}" for at in range(20)]


def test_at_most_twenty_misfits_of_a_pydantic_type_are_reported() -> None:
    class Numbers(BaseModel):
        each: list[int]

    found = places(form(Numbers), {"each": ["x"] * 1000})

    assert found == [f"/each/{at}" for at in range(20)]


def test_a_reason_is_one_line_and_not_longer_than_300_characters() -> None:
    [misfit] = parse_answer(by_schema({"enum": ["a\nb"]}), json.dumps("x\n" * 1000)).misfits

    assert "\n" not in misfit.reason
    assert len(misfit.reason) == 301
    assert misfit.reason.endswith("…")


def test_an_answer_that_fits_none_of_several_schemas_gets_the_reason_of_each() -> None:
    either = by_schema({"anyOf": [{"type": "integer"}, {"type": "array"}]})

    [misfit] = parse_answer(either, '"text"').misfits

    assert misfit.reason.startswith("it fits none of: ")
    assert '"integer"' in misfit.reason
    assert '"array"' in misfit.reason


def test_without_a_schema_any_object_or_array_will_do() -> None:
    anything = form({"type": "json_object"})

    assert parse_answer(anything, '{"a": [1]}').value == {"a": [1]}
    assert parse_answer(anything, "[1]").value == [1]
    assert places(anything, 42) == [""]


@pytest.mark.parametrize(
    ("schema", "opens"),
    [(PERSON, "{"), ({"type": "array"}, "{["), ({"type": "string"}, "{[")],
    ids=["object", "array", "string"],
)
def test_only_an_object_is_looked_for_where_the_schema_asks_for_one(
    schema: dict[str, Any], opens: str
) -> None:
    assert by_schema(schema).opens == opens


def test_a_list_before_the_requested_object_is_text_and_not_the_answer() -> None:
    found = parse_answer(by_schema(PERSON), 'See [1].\n{"name": "Ada"}')

    assert found.value == {"name": "Ada"}


def test_a_partial_answer_is_shown_without_the_object_around_it() -> None:
    numbers = by_schema({"type": "array", "items": {"type": "integer"}})

    assert data_so_far(numbers, {"answer": [1]}) == [1]
    assert data_so_far(form({"type": "json_object"}), {"answer": [1]}) == {"answer": [1]}


def test_a_type_that_refuses_the_value_for_reasons_of_its_own_is_a_misfit_of_the_whole() -> None:
    @dataclass
    class Adult:
        age: int

        def __post_init__(self) -> None:
            if self.age < 18:
                raise ValueError("not of age")

    [misfit] = parse_answer(form(Adult), '{"age": 5}').misfits

    assert (misfit.place, "not of age" in misfit.reason) == ("", True)


def test_a_schema_with_a_place_of_error_is_refused_with_that_place() -> None:
    with pytest.raises(ValidationError, match="at /properties/a/minimum"):
        by_schema({"properties": {"a": {"minimum": "much"}}})


def test_a_strict_schema_is_checked_as_it_was_given() -> None:
    # Closing the objects merges these two; only one pattern can stay a keyword.
    patterns = ("^a", "z$")
    name = {"allOf": [{"type": "string", "pattern": pattern} for pattern in patterns]}
    strict = by_schema(
        {"type": "object", "properties": {"name": name}, "required": ["name"]}, strict=True
    )

    assert places(strict, {"name": "abz"}) == []
    assert places(strict, {"name": "bz"}) == ["/name"]
    assert places(strict, {"name": "ab"}) == ["/name"]
    assert places(strict, {"name": "abz", "more": 1}) == [""]


@pytest.mark.parametrize("draft", [None, "http://json-schema.org/draft-07/schema#"])
@pytest.mark.parametrize(
    "ref", [{"$ref": "#node"}, {"$dynamicRef": "#node"}, {"$recursiveRef": "#"}]
)
def test_references_of_every_kind_are_followed_whatever_the_draft(
    ref: dict[str, str], draft: str | None
) -> None:
    schema: dict[str, Any] = {
        "$dynamicAnchor": "node",
        "type": "object",
        "properties": {"value": {"type": "integer"}, "next": ref},
    } | ({"$schema": draft} if draft else {})

    assert places(by_schema(schema), {"value": 1, "next": {"value": 2}}) == []
    assert places(by_schema(schema), {"value": 1, "next": {"value": "x"}}) == ["/next/value"]


def test_a_dynamic_reference_with_two_meanings_is_refused_before_anything_is_sent() -> None:
    part = {"$dynamicAnchor": "n"}
    schema = {"properties": {"a": {"$dynamicRef": "#n"}}, "$defs": {"A": part, "B": part}}

    with pytest.raises(
        ValidationError, match=r"response_format .*dynamicRef '#n' at /properties/a"
    ):
        by_schema(schema)


@pytest.mark.parametrize("ref", ["#none", "#/$defs/none", "https://example.test/schema.json"])
def test_a_reference_that_leads_out_of_the_schema_is_refused_with_its_place(ref: str) -> None:
    schema = {"type": "object", "properties": {"a": {"items": {"$ref": ref}}}}

    with pytest.raises(ValidationError, match=f"'{re.escape(ref)}' at /properties/a/items"):
        by_schema(schema)
