import logging
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmring.batch.output.output_columns import Column, OutputColumns, schema_columns
from llmring.batch.output.parquet_writer import ParquetWriter


def written(
    path: Path,
    columns: Sequence[Column],
    rows: Iterable[dict[str, Any]],
    types: dict[str, Any] | None = None,
) -> Any:
    writer = ParquetWriter(path, columns, types)
    for row in rows:
        writer.write(row, None)
    writer.close()
    return pq.read_table(path)


def test_b7_costs_are_exact_and_unknown_ones_are_null(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"cost": Decimal("0.00000015")}, {"cost": None}]

    table = written(tmp_path / "a.parquet", [Column("cost", "decimal")], rows)

    assert str(table.schema.field("cost").type) == "decimal128(38, 18)"
    assert table["cost"].to_pylist() == [Decimal("0.00000015"), None]


def test_b6_types_are_never_those_of_the_first_rows(tmp_path: Path) -> None:
    schema = {"properties": {"age": {"type": "integer"}, "name": {"type": "string"}}}
    columns = OutputColumns([], schema_columns(schema), chosen=["age", "name"])
    rows: list[dict[str, Any]] = [
        *[{"age": None, "name": None}] * 6000,
        {"age": 2**40, "name": "Ann"},
    ]

    table = written(tmp_path / "a.parquet", columns.columns, rows)

    assert [str(field.type) for field in table.schema] == ["int64", "string"]
    assert table.num_rows == 6001
    assert table.slice(6000).to_pylist() == [{"age": 2**40, "name": "Ann"}]


def test_b6_nested_values_are_structs(tmp_path: Path) -> None:
    schema = {
        "properties": {"people": {"type": "array", "items": {"$ref": "#/$defs/person"}}},
        "$defs": {"person": {"type": "object", "properties": {"name": {"type": "string"}}}},
    }
    rows: list[dict[str, Any]] = [{"people": [{"name": "Ann"}, {"name": None}]}, {"people": None}]

    table = written(tmp_path / "a.parquet", schema_columns(schema), rows)

    assert str(table.schema.field("people").type).endswith("struct<name: string>>")
    assert table.to_pylist() == rows


def test_b6_a_value_that_does_not_fit_is_null_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows: list[dict[str, Any]] = [{"n": 2**70}, {"n": 1}]

    with caplog.at_level(logging.WARNING, "llmring"):
        table = written(tmp_path / "a.parquet", [Column("n", "integer")], rows)

    assert table["n"].to_pylist() == [None, 1]
    assert "1 values of column 'n'" in caplog.text


def test_b7_columns_of_the_input_keep_their_types(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"n": 1, "raw": b"\0", "other": {"x": 1}},
        {"n": 2.5, "raw": None, "other": "y"},
    ]
    types = {"n": pa.float64(), "raw": pa.binary()}
    columns = [Column("n"), Column("raw"), Column("other")]

    table = written(tmp_path / "a.parquet", columns, rows, types)

    assert [str(field.type) for field in table.schema] == ["double", "binary", "string"]
    assert table["other"].to_pylist() == ['{"x":1}', "y"]


def test_b7_an_output_without_rows_has_its_columns(tmp_path: Path) -> None:
    table = written(tmp_path / "a.parquet", [Column("n", "integer"), Column("text", "text")], [])

    assert (table.num_rows, table.schema.names) == (0, ["n", "text"])


def test_b34_row_groups_have_at_most_64_mb(tmp_path: Path) -> None:
    text = "x" * 1_000_000
    rows = ({"text": f"{at}{text}"} for at in range(150))

    written(tmp_path / "a.parquet", [Column("text", "text")], rows)

    footer = pq.ParquetFile(tmp_path / "a.parquet").metadata
    sizes = [footer.row_group(at).num_rows for at in range(footer.num_row_groups)]
    assert sum(sizes) == 150
    assert max(sizes) * 1_000_000 < 64 << 20
    assert len(sizes) == 3


def test_b7_half_a_character_is_replaced(tmp_path: Path) -> None:
    table = written(tmp_path / "a.parquet", [Column("text", "text")], [{"text": "a\ud800"}])

    assert table["text"].to_pylist() == ["a?"]
