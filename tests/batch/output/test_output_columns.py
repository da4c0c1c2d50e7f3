from decimal import Decimal
from typing import Any

import pytest

from batch_outcomes import bad, ok
from llmring import ValidationError
from llmring.batch.output.output_columns import Column, OutputColumns, schema_columns


def test_b7_the_input_comes_first_then_the_answer_then_the_facts() -> None:
    columns = OutputColumns(["name", "age"])

    names = [column.name for column in columns.columns]

    assert names[:5] == ["name", "age", "answer", "llmring_id", "llmring_status"]
    assert columns.values({"name": "Ann"}, ok(0, "yes"))["answer"] == "yes"
    assert columns.values({"name": "Ann"}, ok(0))["age"] is None


def test_b7_an_unknown_cost_is_null() -> None:
    values = OutputColumns([]).values({}, ok(0, cost=None, cost_reason="no price"))

    assert values["llmring_cost"] is None
    assert values["llmring_cost_reason"] == "no price"
    assert OutputColumns([]).values({}, ok(0))["llmring_cost"] == Decimal("0.001")


def test_b7_a_failed_row_has_its_error_and_no_answer() -> None:
    values = OutputColumns([]).values({}, bad(0, text="half"))

    assert (values["answer"], values["llmring_status"]) == (None, "failed")
    assert (values["llmring_error"], values["llmring_error_class"]) == ("no", "ProviderError")


def test_b7_a_clash_of_names_is_refused_and_another_prefix_helps() -> None:
    with pytest.raises(ValidationError, match="--prefix"):
        OutputColumns(["llmring_id"])

    assert OutputColumns(["llmring_id"], prefix="run_").columns[2].name == "run_id"


def test_b7_a_prefix_helps_where_the_input_has_an_answer_too() -> None:
    with pytest.raises(ValidationError, match="'answer'"):
        OutputColumns(["answer"])

    columns = OutputColumns(["answer"], prefix="run_")

    values = columns.values({"answer": "given"}, ok(0, "yes"))
    assert (values["answer"], values["run_answer"], values["run_status"]) == ("given", "yes", "ok")


def test_b7_a_property_with_the_name_of_a_fact_is_refused() -> None:
    with pytest.raises(ValidationError, match="'llmring_id'"):
        OutputColumns([], [Column("llmring_id")])


def test_b7_a_column_that_one_row_alone_has_is_kept_and_may_not_clash() -> None:
    columns = OutputColumns(["name"])

    assert columns.values({"late": 1}, ok(0))["late"] == 1
    with pytest.raises(ValidationError, match="'answer'"):
        columns.values({"answer": 1}, ok(0))
    assert "late" not in OutputColumns(["name"], chosen=["name"]).values({"late": 1}, ok(0))


def test_b7_columns_that_were_found_later_keep_the_other_choices() -> None:
    columns = OutputColumns(["name"], prefix="run_", dedupes=True).with_given(["name", "age"])

    names = [column.name for column in columns.columns]
    assert names[:4] == ["name", "age", "answer", "run_id"]
    assert names[-1] == "run_same_as"


def test_b7_columns_can_be_chosen() -> None:
    columns = OutputColumns(["name"], chosen=["answer", "name"])

    assert columns.values({"name": "Ann"}, ok(0, "yes")) == {"answer": "yes", "name": "Ann"}
    with pytest.raises(ValidationError, match="'nmae'"):
        OutputColumns(["name"], chosen=["nmae"])


def test_b6_a_schema_gives_a_column_for_each_property() -> None:
    schema = {"properties": {"name": {"type": "string"}, "tags": {"type": "array"}}}
    columns = OutputColumns(["text"], schema_columns(schema))

    values = columns.values({"text": "t"}, ok(0, parsed={"name": "Ann", "more": 1}))

    assert (values["name"], values["tags"]) == ("Ann", None)
    assert "more" not in values
    assert "answer" not in values


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "text"),
        ({"type": ["integer", "null"]}, "integer"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number"),
        ({"enum": ["a", "b"]}, "text"),
        ({"enum": ["a", 1]}, "json"),
        ({"type": "boolean"}, "boolean"),
        ({"type": "object"}, "json"),
        ({"type": ["integer", "string"]}, "json"),
        ({"$ref": "#/$defs/x"}, "json"),
        (True, "json"),
    ],
    ids=str,
)
def test_b6_types_come_from_the_schema(schema: Any, expected: Any) -> None:
    [column] = schema_columns({"properties": {"x": schema}})

    assert (column.name, column.type) == ("x", expected)


def test_b6_a_schema_without_properties_is_refused() -> None:
    with pytest.raises(ValidationError, match="no properties"):
        schema_columns({"type": "array"})


def test_b23_rows_with_the_answer_of_another_name_it() -> None:
    columns = OutputColumns([], dedupes=True)

    assert columns.values({}, ok(1, same_as="row-0"))["llmring_same_as"] == "row-0"
