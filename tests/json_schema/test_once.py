"""Work on a schema is done once for each content."""

from collections.abc import Mapping
from typing import Any

from llmring.json_schema.once import once_per_schema


def test_the_work_is_done_once_for_each_content() -> None:
    done: list[Mapping[str, Any]] = []

    @once_per_schema
    def work(schema: Mapping[str, Any]) -> int:
        done.append(schema)
        return len(done)

    schema: dict[str, Any] = {"type": "string"}
    assert [work(schema), work({"type": "string"})] == [1, 1]

    schema["title"] = "changed"
    assert work(schema) == 2
    assert done == [{"type": "string"}, {"type": "string", "title": "changed"}]


def test_a_schema_that_is_not_json_is_passed_on() -> None:
    value = object()

    assert once_per_schema(lambda schema: schema["default"])({"default": value}) is value
