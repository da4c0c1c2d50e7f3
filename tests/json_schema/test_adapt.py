"""Adapted schemas, whose meaning is checked with a validator."""

import copy
import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from llmring.exceptions import ValidationError
from llmring.json_schema.adapt import SchemaRules, adapted, is_object, is_recursive
from llmring.json_schema.openness import can_be_strict
from llmring.json_schema.restore import read_back
from llmring.json_schema.tree import within

Schema = dict[str, Any]

# As strict as the strictest API.
STRICT = SchemaRules(
    keywords=frozenset(
        ("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum")
    ),
    closes_objects=True,
    requires_all=True,
    needs_object=True,
)
NODE = {
    "type": "object",
    "properties": {"value": {"type": "integer"}, "next": {"$ref": "#/$defs/Node"}},
    "required": ["value"],
}
LIST = {"$ref": "#/$defs/Node", "$defs": {"Node": NODE}}


def rules(**more: Any) -> SchemaRules:
    return SchemaRules(**more)


def parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the schema and all schemas in it."""
    yield schema
    for each in (*within(schema), *schema.get("$defs", {}).values()):
        if isinstance(each, Mapping):
            yield from parts(each)


# --- Single rules ---


def test_without_rules_a_schema_is_unchanged() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "minLength": 3}}}

    assert adapted(schema, rules()) == schema


@pytest.mark.parametrize(
    ("keyword", "value", "words"),
    [
        ("minItems", 3, "at least 3 items"),
        ("maxItems", 1, "at most 1 item"),
        ("minLength", 2, "at least 2 characters"),
        ("pattern", "^a+$", "matches the regular expression ^a+$"),
        ("format", "email", "format: email"),
        ("exclusiveMinimum", 0, "more than 0"),
        ("multipleOf", 5, "a multiple of 5"),
        ("uniqueItems", True, "no item twice"),
        ("const", "x", 'always "x"'),
        ("default", 3, "default: 3"),
        ("examples", [1, 2], "for example 1, 2"),
        ("not", {"type": "string"}, 'not: {"type":"string"}'),
        ("patternProperties", {"^x": {}}, 'patternProperties: {"^x":{}}'),
        ("additionalProperties", {"type": "string"}, 'any other property: {"type":"string"}'),
        ("additionalProperties", False, "no other properties"),
    ],
)
def test_an_unsupported_keyword_is_moved_into_the_description(
    keyword: str, value: Any, words: str
) -> None:
    schema = {"type": "string", "description": "Theirs", keyword: value}

    found = adapted(schema, rules(keywords=frozenset(("type",))))

    assert found == {"type": "string", "description": f"Theirs ({words})"}


@pytest.mark.parametrize("keyword", ["title", "$comment", "readOnly", "discriminator", "$schema"])
def test_keywords_of_no_use_to_a_model_are_dropped(keyword: str) -> None:
    found = adapted({"type": "string", keyword: "x"}, rules(keywords=frozenset(("type",))))

    assert found == {"type": "string"}


def test_phrases_for_several_keywords_are_joined() -> None:
    schema = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}

    found = adapted(schema, rules(keywords=frozenset(("type", "items"))))

    assert found["description"] == "at least 1 item; at most 2 items"


def test_unsupported_values_of_a_keyword_are_moved_into_the_description() -> None:
    limited = rules(values={"format": ("date",), "minItems": frozenset((0, 1)), "type": {"array"}})

    assert adapted({"format": "date"}, limited) == {"format": "date"}
    assert adapted({"format": "tel"}, limited) == {"description": "format: tel"}
    assert adapted({"minItems": 1}, limited) == {"minItems": 1}
    assert adapted({"minItems": 2}, limited) == {"description": "at least 2 items"}
    assert "type" not in adapted({"type": ["string", "null"]}, limited)


def test_a_property_named_like_a_keyword_is_kept() -> None:
    names = ("minItems", "$ref", "allOf", "nullable", "title")
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}}

    found = adapted(schema, STRICT)

    assert tuple(found["properties"]) == tuple(found["required"]) == names


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"oneOf": [{"type": "string"}]}, {"anyOf": [{"type": "string"}]}),
        ({"const": "a", "type": "string"}, {"enum": ["a"], "type": "string"}),
        (
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"allOf": [{"type": "string"}], "description": "d"},
            {"type": "string", "description": "d"},
        ),
    ],
    ids=["oneOf", "const", "nullable", "allOf"],
)
def test_an_unsupported_keyword_is_replaced_by_a_supported_one(
    given_: Schema, expected: Schema
) -> None:
    known = rules(keywords=frozenset(("type", "anyOf", "enum")))

    assert adapted(given_, known) == expected


def test_a_tuple_becomes_an_array_with_its_order_in_the_description() -> None:
    schema = msgspec.json.schema(tuple[int, str])

    found = adapted(schema, rules(keywords=frozenset(("type", "items", "anyOf", "minItems"))))

    assert found["items"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    assert "in order" in found["description"]


def test_a_reference_at_the_root_is_inlined() -> None:
    found = adapted(LIST, rules())

    assert found["type"] == "object"
    assert found["$defs"] == {"Node": NODE}


def test_unused_definitions_are_dropped() -> None:
    schema = {"type": "string", "$defs": {"Unused": {"type": "string"}}}

    assert adapted(schema, rules(inlines_refs=True)) == {"type": "string"}


@pytest.mark.parametrize("table", ["$defs", "definitions"])
def test_inlining_removes_all_references(table: str) -> None:
    schema = {
        "type": "array",
        "items": {"$ref": f"#/{table}/a~1b"},
        table: {"a/b": {"$ref": f"#/{table}/C"}, "C": {"type": "string"}},
    }

    found = adapted(schema, rules(inlines_refs=True))

    assert found == {"type": "array", "items": {"type": "string"}}


def test_keywords_next_to_a_reference_are_kept() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A", "description": "mine"}},
        "$defs": {"A": {"type": "string", "description": "theirs"}},
    }

    assert adapted(schema, rules())["properties"]["a"] == {"type": "string", "description": "mine"}


def test_a_recursive_reference_with_a_description_is_wrapped() -> None:
    schema = copy.deepcopy(LIST)
    schema["$defs"]["Node"]["properties"]["next"]["description"] = "the rest"  # type: ignore[index]

    found = adapted(schema, rules(inlines_refs=True))

    assert found["properties"]["next"] == {
        "anyOf": [{"$ref": "#/$defs/Node"}],
        "description": "the rest",
    }


@pytest.mark.parametrize("ref", ["#", "#/properties/b"])
def test_any_reference_becomes_a_reference_to_a_definition(ref: str) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": ref}, "b": {"type": "object", "properties": {"x": {}}}},
    }

    found = adapted(schema, STRICT)
    *_, name = found["properties"]["a"]["anyOf"][0]["$ref"].split("/")

    assert found["$defs"][name]["additionalProperties"] is False


@pytest.mark.parametrize("ref", ["https://example.org/s.json", "#/$defs/none", "#anchor", 5])
def test_a_reference_without_a_target_is_unchanged(ref: Any) -> None:
    schema = {"type": "object", "properties": {"a": {"$ref": ref}}}

    assert adapted(schema, rules(inlines_refs=True)) == schema
    assert not can_be_strict(schema)


def test_optional_properties_accept_null() -> None:
    optional: Schema = {
        "a": {"type": "string"},
        "b": {"enum": ["x"]},
        "c": {"const": 1},
        "d": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        "e": {"type": ["string", "null"]},
    }
    schema = {"type": "object", "properties": {**optional, "f": {"type": "string"}}}
    schema["required"] = ["f"]

    found = adapted(schema, rules(requires_all=True))

    assert found["required"] == [*optional, "f"]
    assert found["properties"] == {
        "a": {"type": ["string", "null"]},
        "b": {"enum": ["x", None]},
        "c": {"anyOf": [{"const": 1}, {"type": "null"}]},
        "d": {"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]},
        "e": {"type": ["string", "null"]},
        "f": {"type": "string"},
    }


def test_all_of_is_merged_if_objects_must_be_closed() -> None:
    base = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}
    schema = {
        "allOf": [
            {"$ref": "#/$defs/Base"},
            {"properties": {"a": {"maximum": 5}, "b": {"type": "string"}}, "required": ["b"]},
        ],
        "$defs": {"Base": base},
    }

    assert adapted(schema, rules(closes_objects=True)) == {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "minimum": 1, "maximum": 5},
            "b": {"type": "string"},
        },
        "required": ["b"],
        "additionalProperties": False,
    }


def test_conflicting_parts_of_all_of_are_moved_into_the_description() -> None:
    schema = {"allOf": [{"type": "string", "pattern": "^a"}, {"pattern": "z$"}]}

    found = adapted(schema, rules(closes_objects=True))

    assert (found["pattern"], found["description"]) == (
        "z$",
        "matches the regular expression ^a",
    )


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("number", "integer", "integer"),
        ("integer", "number", "integer"),
        (["integer", "null"], "number", "integer"),
        (["string", "null"], ["null", "string", "boolean"], ["null", "string"]),
    ],
)
def test_the_types_of_an_all_of_are_those_that_all_parts_allow(
    first: Any, second: Any, joined: Any
) -> None:
    part = {"allOf": [{"type": first}, {"type": second}]}

    found = adapted({"properties": {"a": part}, "required": ["a"]}, STRICT)

    assert found["properties"]["a"] == {"type": joined}


def test_types_that_exclude_each_other_are_described_in_words() -> None:
    schema = {"allOf": [{"type": "string"}, {"type": "integer"}]}

    assert adapted(schema, rules(closes_objects=True)) == {
        "type": "integer",
        "description": 'type: "string"',
    }


def test_a_root_that_is_not_an_object_is_wrapped_if_objects_are_required() -> None:
    assert adapted({"type": "array", "items": {"$ref": "#"}}, rules(needs_object=True)) == {
        "type": "object",
        "properties": {"answer": {"type": "array", "items": {"$ref": "#/$defs/root"}}},
        "required": ["answer"],
        "additionalProperties": False,
        "$defs": {"root": {"type": "array", "items": {"$ref": "#/$defs/root"}}},
    }


def chain(length: int) -> Schema:
    """Build a schema whose size doubles with each step of its references."""
    steps = {
        f"S{at}": {
            "type": "object",
            "properties": {side: {"$ref": f"#/$defs/S{at + 1}"} for side in "lr"},
        }
        for at in range(length)
    }
    return {"$ref": "#/$defs/S0", "$defs": {**steps, f"S{length}": {"type": "string"}}}


def test_references_are_kept_if_inlining_would_make_the_schema_too_large() -> None:
    found = adapted(chain(40), rules(inlines_refs=True, closes_objects=True))

    assert len(found["$defs"]) == 40
    assert len(json.dumps(found)) < 20_000


def test_a_schema_that_never_ends_is_unchanged() -> None:
    endless = {"allOf": [{"$ref": "#/$defs/A"}, {"properties": {"x": {"minimum": 1}}}]}
    node = {"type": "object", "properties": {"x": endless}}
    schema = {"$ref": "#/$defs/A", "$defs": {"A": node}}

    assert adapted(schema, STRICT) == schema


@pytest.mark.parametrize("schema", [{"$ref": "#"}, {"allOf": [{"$ref": "#"}]}])
def test_a_schema_that_only_refers_to_itself_does_no_harm(schema: Schema) -> None:
    assert isinstance(adapted(schema, STRICT), dict)
    assert not is_object(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": 5},
        {"required": "a"},
        {"required": [{}]},
        {"properties": ["a"]},
        {"properties": {"a": "string"}},
        {"anyOf": {}},
        {"items": "string"},
        {"enum": "a"},
        {"minItems": "3"},
        {"$defs": {"A": None}},
        {"items": {"items": {"allOf": [None]}}},
    ],
    ids=str,
)
def test_an_invalid_schema_is_refused(schema: Schema) -> None:
    for look in (lambda: adapted(schema, STRICT), lambda: can_be_strict(schema)):
        with pytest.raises(ValidationError, match="not a JSON Schema"):
            look()


@pytest.mark.parametrize("part", [True, False])
@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf", "prefixItems"])
def test_true_and_false_are_schemas(keyword: str, part: bool) -> None:
    schema = {"type": "array", keyword: [part, {"type": "array"}]}

    assert adapted(schema, STRICT)["type"] == "object"
    assert read_back({"answer": [None]}, schema) == [None]


# --- Strict schemas ---


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}},
        {"type": "object", "properties": {}, "additionalProperties": False},
        {"type": "array", "items": {"enum": [1]}},
        {"type": "string"},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        LIST,
        msgspec.json.schema(tuple[int, str]),
    ],
    ids=str,
)
def test_a_schema_that_leaves_nothing_open_can_be_strict(schema: Schema) -> None:
    assert can_be_strict(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"description": "anything"},
        {"type": "object"},
        {"type": ["object", "null"]},
        {"type": "object", "properties": {"a": True}},
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True},
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["b"]},
        {"type": "object", "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"a": {"enum": [1]}}, "patternProperties": {"b": {}}},
        {"type": "array"},
        {"anyOf": [{"type": "string"}, {"type": "array"}]},
        {"$ref": "#/$defs/A", "$defs": {"A": {"type": "object"}}},
    ],
    ids=str,
)
def test_a_schema_that_leaves_something_open_cannot_be_strict(schema: Schema) -> None:
    assert not can_be_strict(schema)


def test_recursive_schemas_are_recognised() -> None:
    assert is_recursive(LIST)
    assert is_recursive({"items": {"$ref": "#"}})
    assert not is_recursive(chain(3))


# --- Answers ---


# --- Properties of all schemas ---

LEAVES: list[Schema] = [
    {"type": "string"},
    {"type": "string", "minLength": 2, "description": "d"},
    {"type": "string", "enum": ["a", "b"]},
    {"type": "integer", "minimum": 2, "maximum": 5},
    {"type": "number"},
    {"type": "boolean"},
    {"type": "null"},
    {"type": ["integer", "null"]},
    {"const": "c"},
    {"enum": [1, "b", None]},
]
NAMES = st.sampled_from(["a", "b", "c", "answer"])


@functools.cache
def schemas(*refs: str) -> st.SearchStrategy[Schema]:
    leaves = st.sampled_from(LEAVES)
    if refs:
        leaves |= st.sampled_from([{"$ref": ref} for ref in refs])
    return st.recursive(
        leaves, lambda inner: arrays(inner) | objects(inner) | unions(inner), max_leaves=6
    )


def arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.builds(
        lambda items, least: {"type": "array", "items": items, **least},
        inner,
        st.sampled_from([{}, {"minItems": 1}, {"maxItems": 2}]),
    )


def objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    def build(properties: dict[str, Schema], wanted: list[bool], closed: Schema) -> Schema:
        required = [name for name, want in zip(properties, wanted, strict=False) if want]
        return {"type": "object", "properties": properties, "required": required, **closed}

    return st.builds(
        build,
        st.dictionaries(NAMES, inner, max_size=3),
        st.lists(st.booleans(), min_size=3, max_size=3),
        st.sampled_from([{}, {"additionalProperties": False}]),
    )


def unions(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    """Generate unions of values of different kinds, which validators can distinguish."""
    leaf, other = st.sampled_from(LEAVES[:7]), arrays(inner) | objects(inner)
    return st.builds(lambda one, two: {"anyOf": [one, two]}, leaf, other)


@st.composite
def documents(draw: st.DrawFn, *, may_recur: bool = True) -> Schema:
    names = ["A", "B"]
    refs = [f"#/$defs/{name}" for name in names]
    definitions = {
        name: draw(schemas(*refs, "#") if may_recur else schemas(*refs[at + 1 :]))
        for at, name in enumerate(names)
    }
    return {**draw(schemas(*refs)), "$defs": definitions}


@st.composite
def instances(draw: st.DrawFn, schema: Schema) -> Any:
    """Generate a value that mostly follows the schema."""
    return draw(_instance(schema, schema, 0))


def _instance(schema: Schema, root: Schema, depth: int) -> st.SearchStrategy[Any]:
    assume(depth < 12)
    if "$ref" in schema:
        found = root
        for step in schema["$ref"].split("/")[1:]:
            found = found[step]
        return _instance(found, root, depth + 1)
    if "anyOf" in schema:
        return st.one_of([_instance(each, root, depth + 1) for each in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema["type"]
    return st.one_of(
        [_of_kind(each, schema, root, depth) for each in ([kind] if type(kind) is str else kind)]
    )


def _later(schema: Schema, root: Schema, depth: int) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: _instance(schema, root, depth + 1))


def _of_kind(kind: str, schema: Schema, root: Schema, depth: int) -> st.SearchStrategy[Any]:
    match kind:
        case "array":
            least, most = schema.get("minItems", 0), schema.get("maxItems", 2)
            if depth > 6:
                most = least
            items = _later(schema["items"], root, depth)
            return st.lists(items, min_size=least, max_size=most) if most else st.just([])
        case "object":
            properties = schema["properties"]
            required = schema["required"]
            inner = {name: _later(each, root, depth) for name, each in properties.items()}
            optional = {name: each for name, each in inner.items() if name not in required}
            needed = {name: inner[name] for name in required}
            return st.fixed_dictionaries(needed, optional={} if depth > 6 else optional)
        case _:
            return SIMPLE[kind]


SIMPLE: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text("ab", max_size=3),
    "integer": st.integers(1, 6),
    "number": st.integers(0, 3) | st.just(0.5),
    "boolean": st.booleans(),
    "null": st.none(),
}
ALL_RULES = st.builds(
    SchemaRules,
    keywords=st.sampled_from(
        [None, STRICT.keywords, frozenset((*(STRICT.keywords or ()), "const", "minLength"))]
    ),
    inlines_refs=st.booleans(),
    closes_objects=st.booleans(),
    requires_all=st.booleans(),
    needs_object=st.booleans(),
)
many = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def fits(schema: Schema, value: Any) -> bool:
    return jsonschema_rs.validator_for(schema).is_valid(value)


@many
@given(documents(), ALL_RULES)
def test_the_original_schema_is_never_changed(schema: Schema, ruled: SchemaRules) -> None:
    before = copy.deepcopy(schema)

    adapted(schema, ruled)

    assert schema == before


@many
@given(documents(), ALL_RULES)
def test_adapting_a_schema_twice_changes_nothing(schema: Schema, ruled: SchemaRules) -> None:
    once = adapted(schema, ruled)

    assert adapted(once, ruled) == once


KINDS = st.sampled_from([*SIMPLE])
TYPES = KINDS | st.lists(KINDS, min_size=1, unique=True)


@many
@given(TYPES, TYPES, st.one_of(*SIMPLE.values()))
def test_a_value_has_the_joined_type_exactly_if_both_parts_of_an_all_of_allow_it(
    first: Any, second: Any, value: Any
) -> None:
    parts = [{"type": first}, {"type": second}]
    joined = adapted({"allOf": parts}, rules(closes_objects=True))
    assume("description" not in joined)  # they exclude each other

    assert fits(joined, value) == all(fits(part, value) for part in parts)


@many
@given(documents())
def test_an_adapted_schema_follows_the_rules(schema: Schema) -> None:
    found = adapted(schema, STRICT)

    jsonschema_rs.validator_for(found)
    assert is_object(found)
    for part in parts(found):
        assert part.keys() <= {*(STRICT.keywords or ()), "description", "$ref", "$defs"}
        if "properties" in part:
            assert part["additionalProperties"] is False
            assert part["required"] == list(part["properties"])


@many
@given(documents(may_recur=False))
def test_inlining_keeps_only_recursive_references(schema: Schema) -> None:
    assert not any("$ref" in part for part in parts(adapted(schema, rules(inlines_refs=True))))


@many
@given(st.data(), st.booleans())
def test_moving_references_keeps_the_meaning(data: st.DataObject, inlines: bool) -> None:
    schema = data.draw(documents())
    value = data.draw(instances(schema) | instances(data.draw(documents())))

    assert fits(adapted(schema, rules(inlines_refs=inlines)), value) == fits(schema, value)


@many
@given(st.data())
def test_values_still_fit_after_keywords_are_moved_into_descriptions(data: st.DataObject) -> None:
    schema = data.draw(documents())
    value = data.draw(instances(schema))
    assume(fits(schema, value))

    assert fits(adapted(schema, rules(keywords=STRICT.keywords)), value)


@many
@given(st.data(), st.booleans())
def test_values_that_fit_the_closed_schema_fit_the_original_after_read_back(
    data: st.DataObject, wrapped: bool
) -> None:
    schema = data.draw(documents())
    closed = adapted(schema, rules(closes_objects=True, requires_all=True, needs_object=wrapped))
    value = data.draw(instances(closed))
    assume(fits(closed, value))

    assert fits(schema, value) or fits(schema, read_back(value, schema))


@many
@given(st.data())
def test_values_still_fit_after_objects_are_closed(data: st.DataObject) -> None:
    schema = data.draw(documents())
    value = data.draw(instances(schema))
    assume(fits(schema, value))

    assert fits(adapted(schema, rules(closes_objects=True)), value)
