"""References of all kinds become pointers, and those that can't are refused."""

import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmring import ValidationError
from llmring.json_schema.references import Dangling, dangling, resolved, without
from llmring.json_schema.tree import target

Schema = dict[str, Any]

ITEM = {"type": "integer"}


def refers(ref: Schema, **definitions: Schema) -> Schema:
    return {"type": "object", "properties": {"a": ref}, "$defs": definitions}


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        (refers({"$ref": "#item"}, Item={"$anchor": "item", **ITEM}), "#/$defs/Item"),
        (refers({"$ref": "#item"}, Item={"$id": "#item", **ITEM}), "#/$defs/Item"),
        (refers({"$ref": "item.json"}, Item={"$id": "item.json", **ITEM}), "#/$defs/Item"),
        (
            refers(
                {"$ref": "item.json#/$defs/Inner"},
                Item={"$id": "item.json", "$defs": {"Inner": ITEM}},
            ),
            "#/$defs/Item/$defs/Inner",
        ),
        (
            {"$id": "https://a.test/s", **refers({"$ref": "https://a.test/s#/$defs/I"}, I=ITEM)},
            "#/$defs/I",
        ),
        (refers({"$dynamicRef": "#item"}, Item={"$dynamicAnchor": "item", **ITEM}), "#/$defs/Item"),
        (refers({"$dynamicRef": "#item"}, Item={"$anchor": "item", **ITEM}), "#/$defs/Item"),
        (refers({"$dynamicRef": "#/$defs/I"}, I=ITEM), "#/$defs/I"),
        ({**refers({"$recursiveRef": "#"}), "$recursiveAnchor": True}, "#"),
        (refers({"$recursiveRef": "#"}), "#"),
        (refers({"$ref": "#a b"}, **{"a/b c%": {"$anchor": "a b", **ITEM}}), "#/$defs/a~1b%20c%25"),
    ],
)
def test_a_reference_of_any_kind_becomes_a_pointer(schema: Schema, pointer: str) -> None:
    found = resolved(schema)

    assert found["properties"]["a"] == {"$ref": pointer}
    assert target(found, pointer) is not None
    assert "nchor" not in str(found)


def test_references_in_a_part_with_an_address_are_relative_to_it() -> None:
    part = {"$id": "part", "properties": {"x": {"$ref": "#/$defs/I"}}, "$defs": {"I": ITEM}}

    found = resolved(refers({"$ref": "part"}, Part=part))

    assert found["$defs"]["Part"]["properties"]["x"] == {"$ref": "#/$defs/Part/$defs/I"}


def test_two_references_of_one_part_both_apply() -> None:
    both = {"$ref": "#/$defs/A", "$dynamicRef": "#b"}
    schema = refers(both, A=ITEM, B={"$dynamicAnchor": "b", "minimum": 1})

    found = resolved(schema)["properties"]["a"]

    assert found == {"allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]}


def test_a_schema_with_pointers_alone_is_returned_as_it_is() -> None:
    schema = refers({"$ref": "#/$defs/I"}, I={"properties": {"$anchor": ITEM, "$id": ITEM}})

    assert resolved(schema) is schema


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (
            refers(
                {"$dynamicRef": "#n"},
                A={"$id": "a", "$dynamicAnchor": "n"},
                B={"$id": "b", "$dynamicAnchor": "n"},
                C={"$dynamicAnchor": "n"},
            ),
            "$dynamicRef '#n' at /properties/a .* any of /$defs/A, /$defs/B, /$defs/C",
        ),
        (
            {
                **refers({"$recursiveRef": "#"}, A={"$id": "a", "$recursiveAnchor": True}),
                "$recursiveAnchor": True,
            },
            "$recursiveRef '#' at /properties/a .* any of the root, /$defs/A",
        ),
        (refers({"$dynamicRef": "#n"}), "$dynamicRef '#n' at /properties/a .* leads to nothing"),
    ],
)
def test_a_dynamic_reference_without_one_meaning_is_refused_by_name_and_place(
    schema: Schema, words: str
) -> None:
    with pytest.raises(ValidationError, match=words.replace("$", re.escape("$"))):
        resolved(schema)


def test_references_that_lead_nowhere_are_listed_and_can_be_left_out() -> None:
    there, elsewhere = {"$ref": "#/$defs/none"}, {"$ref": "https://a.test/s", "description": "x"}
    schema: Schema = {"properties": {"a": there, "b": {"items": elsewhere}, "c": {"$ref": "#"}}}

    found = dangling(schema)
    freed = without(schema, frozenset(each.ref for each in found))

    assert found == [
        Dangling("/properties/a", "#/$defs/none"),
        Dangling("/properties/b/items", "https://a.test/s"),
    ]
    assert freed["properties"] == {
        "a": {"description": "as defined by #/$defs/none"},
        "b": {"items": {"description": "x (as defined by https://a.test/s)"}},
        "c": {"$ref": "#"},
    }


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text("abcdefXYZ_-/~ %", min_size=1, max_size=5),
        st.sampled_from(("integer", "string", "null", "array")),
        min_size=1,
        max_size=4,
    ),
    st.one_of(st.integers(), st.text(max_size=2), st.none(), st.just([])),
)
def test_a_resolved_schema_means_what_the_schema_means(kinds: dict[str, str], value: Any) -> None:
    definitions = {
        name: {"$anchor": f"n{at}", "type": kind} for at, (name, kind) in enumerate(kinds.items())
    }
    schema = {
        "anyOf": [{"$ref": f"#n{at}"} for at in range(len(kinds))],
        "$defs": definitions,
    }

    before, after = (
        jsonschema_rs.is_valid(dict(each), value) for each in (schema, resolved(schema))
    )
    assert before == after
