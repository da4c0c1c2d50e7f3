"""Schemas on the command line."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring import ValidationError
from llmring.cli.chat.short_schema import read_schema, short_schema

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,9}", fullmatch=True)
KINDS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}


def test_fields_have_a_type_and_a_description() -> None:
    assert short_schema("name, age int: in years, tags str[], ok bool") == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "age": {"type": "integer", "description": "in years"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "ok": {"type": "boolean"},
        },
        "required": ["name", "age", "tags", "ok"],
    }


def test_on_lines_descriptions_may_have_commas() -> None:
    found = short_schema("name: first, then last\nage int\n")

    assert found["properties"]["name"]["description"] == "first, then last"
    assert found["required"] == ["name", "age"]


@pytest.mark.parametrize("text", ["", " , ", "name text", "1a int", "a b c", "a, a", "a int[][]"])
def test_another_form_is_an_error(text: str) -> None:
    with pytest.raises(ValidationError):
        short_schema(text)


@given(st.dictionaries(NAMES, st.tuples(st.sampled_from([*KINDS]), st.booleans()), min_size=1))
def test_any_fields_can_be_written(fields: dict[str, tuple[str, bool]]) -> None:
    written = ", ".join(f"{n} {kind}{'[]' if many else ''}" for n, (kind, many) in fields.items())
    found = short_schema(written)["properties"]

    assert [*found] == [*fields]
    for name, (kind, many) in fields.items():
        assert (found[name]["items"] if many else found[name]) == {"type": KINDS[kind]}


@given(st.text(max_size=40))
def test_any_text_is_a_schema_or_an_error(text: str) -> None:
    with contextlib.suppress(ValidationError):
        assert short_schema(text)["required"]


def test_json_is_given_inline_or_in_a_file() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    Path("schema.json").write_text(json.dumps(schema))
    Path("plain").write_text(json.dumps(schema))

    assert read_schema(json.dumps(schema)) == schema
    assert read_schema("schema.json") == schema
    assert read_schema("plain") == schema
    assert read_schema("name")["required"] == ["name"]


@pytest.mark.parametrize("text", ["{", "missing.json", "bad.json", "list.json"])
def test_what_is_not_a_schema_is_an_error(text: str) -> None:
    Path("bad.json").write_bytes(b"\xff")
    Path("list.json").write_text("[]")

    with pytest.raises(ValidationError):
        read_schema(text)
