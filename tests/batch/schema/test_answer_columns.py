from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from llmring.batch.schema.answer_columns import open_schema
from llmring.batch.schema.column_kinds import ListKind, PlainKind, SchemaColumn
from llmring.exceptions import MissingFileError, ValidationError

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": ["integer", "null"]}},
}
COLUMNS = (SchemaColumn("name", PlainKind("string")), SchemaColumn("age", PlainKind("integer")))


@dataclass
class Person:
    name: str
    age: int | None = None


class PydanticPerson(BaseModel):
    name: str
    age: int | None = None


@pytest.fixture(autouse=True)
def _import_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


@pytest.mark.parametrize("given", [PERSON, Person, PydanticPerson])
def test_b6_a_property_of_the_schema_is_a_column(given: Any) -> None:
    schema = open_schema(given)

    assert schema.columns == COLUMNS
    assert schema.split({"name": "Ada"}) == {"name": "Ada", "age": None}


def test_b6_a_schema_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "the person.json"
    path.write_text(json.dumps(PERSON))

    schema = open_schema(path)

    assert schema.columns == COLUMNS
    assert (schema.format.name, schema.format.schema) == ("the_person", PERSON)


def test_b6_a_file_may_hold_a_whole_response_format(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    definition = {"name": "person", "schema": PERSON, "strict": True}
    path.write_text(json.dumps({"type": "json_schema", "json_schema": definition}))

    schema = open_schema(str(path))

    assert (schema.format.name, schema.format.strict, schema.columns) == ("person", True, COLUMNS)


def test_b6_a_schema_is_a_type_of_a_module_in_this_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("batch_shapes.py").write_text(
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Dog:\n    name: str\n"
    )

    assert [each.name for each in open_schema("batch_shapes:Dog").columns] == ["name"]


def test_b6_an_answer_that_is_not_an_object_is_one_column() -> None:
    schema = open_schema({"type": "array", "items": {"type": "string"}})

    assert schema.columns == (SchemaColumn("answer", ListKind(PlainKind("string"))),)
    assert schema.split(["a"]) == {"answer": ["a"]}


def test_b6_an_answer_of_null_is_null_in_all_columns() -> None:
    assert open_schema(PERSON).split(None) == {"name": None, "age": None}


def test_b6_an_answer_that_does_not_fit_its_columns_is_refused() -> None:
    with pytest.raises(ValidationError, match="/age"):
        open_schema(PERSON).split({"name": "Ada", "age": "old"})


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("person", r"FILE\.json or module:Model"),
        ("no_such_module:Person", "no module 'no_such_module'"),
        ("json:Person", "json has no 'Person'"),
        ("json:__name__", "name a type"),
    ],
)
def test_a_schema_that_is_not_found_is_refused(name: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        open_schema(name)


@pytest.mark.parametrize("content", ["{", "[]", '{"type": "json_object"}'])
def test_a_file_without_a_schema_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)

    with pytest.raises(ValidationError, match=r"a\.json"):
        open_schema(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"absent\.json"):
        open_schema(tmp_path / "absent.json")
