from __future__ import annotations

from llmring.batch.input.rows_of_records import nested_paths, rows_of
from llmring.batch.row import InputRow, RowProblem


def test_a_record_becomes_a_row_with_its_place_and_ordinal() -> None:
    (row,) = rows_of([(7, {"a": 1}, None)], label="a.csv", place="a.csv, line", first=5, folder="x")

    assert row == InputRow(5, "a.csv:1", {"a": 1}, "a.csv, line 7", "x")


def test_rows_of_a_part_of_a_file_are_those_of_the_whole() -> None:
    def read(part: slice, before: int) -> list[object]:
        records = [(number, {"a": number}, None) for number in range(1, 11)][part]
        moved = [(number - before, values, fault) for number, values, fault in records]
        return list(
            rows_of(moved, label="a", place="a, line", first=before, before=(before, before))
        )

    assert read(slice(4, 7), 4) == read(slice(None), 0)[4:7]


def test_a_fault_of_a_record_is_a_problem_with_its_place() -> None:
    (row,) = rows_of([(7, {}, "broken")], label="a.csv", place="a.csv, line", id_column="a")

    assert isinstance(row, RowProblem)
    assert row.reason == "a.csv, line 7: broken"
    assert row.row.id == "a.csv:1"


def test_nested_values_have_dotted_names_down_to_a_depth() -> None:
    assert list(nested_paths({"a": {"b": {"c": 1}}}, levels=2)) == ["a", "a.b"]
