from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llmring.batch.input.arrow_records import (
    parquet_file,
    parquet_records,
    schema_paths,
    table_reader,
    table_records,
)
from llmring.batch.input.input_file import InputFile
from llmring.batch.input.record import Record
from llmring.exceptions import ValidationError


def written(folder: Path, table: pa.Table, **options: Any) -> InputFile:
    path = folder / "a.parquet"
    pq.write_table(table, path, **options)
    return InputFile(path=str(path), label="a.parquet", format="parquet")


def read(file: InputFile, row_groups: list[int] | None = None) -> list[Record]:
    return list(parquet_records(file, parquet_file(file), row_groups))


def values(records: list[Record]) -> list[Mapping[str, Any]]:
    return [each for _, each, _ in records]


def test_b1_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    rows = [
        {
            "text": "a",
            "number": 1,
            "price": Decimal("1.10"),
            "at": datetime(2026, 1, 2, tzinfo=UTC),
            "nested": {"list": [1, None]},
            "data": b"\xff",
        },
        dict.fromkeys(("text", "number", "price", "at", "nested", "data")),
    ]

    assert values(read(written(tmp_path, pa.Table.from_pylist(rows)))) == rows


def test_b1_parquet_is_read_by_row_group(tmp_path: Path) -> None:
    file = written(tmp_path, pa.table({"n": list(range(5000))}), row_group_size=1500)

    assert [each["n"] for each in values(read(file))] == list(range(5000))
    assert [each["n"] for each in values(read(file, [1]))] == list(range(1500, 3000))


def test_times_in_nanoseconds_are_read_in_microseconds(tmp_path: Path) -> None:
    column = pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "UTC"))

    (found,) = values(read(written(tmp_path, pa.table({"at": column}))))

    assert found["at"].microsecond == 123456


def test_a_value_that_python_does_not_have_is_a_problem_of_its_row(tmp_path: Path) -> None:
    column = pa.array([0, 2**50, 1], pa.timestamp("s"))

    records = read(written(tmp_path, pa.table({"at": column})))

    assert [reason is None for _, _, reason in records] == [True, False, True]
    assert [number for number, _, _ in records] == [1, 2, 3]


def test_nested_columns_have_dotted_names() -> None:
    schema = pa.schema([("a", pa.struct([("b", pa.struct([("c", pa.int64())]))])), ("d", "int8")])

    assert list(schema_paths(schema)) == ["a", "a.b", "a.b.c", "d"]


def test_a_file_that_is_not_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"text")

    with pytest.raises(ValidationError, match=r"a\.parquet can't be read as Parquet"):
        parquet_file(InputFile(path=str(path), label="a.parquet", format="parquet"))


def test_a_file_that_is_damaged_in_its_middle_is_named(tmp_path: Path) -> None:
    table = pa.table({"text": [f"row {number}" for number in range(2000)]})
    file = written(tmp_path, table, compression="zstd")
    path = Path(file.path)
    data = bytearray(path.read_bytes())
    data[4:2000] = bytes(1996)
    path.write_bytes(data)

    with pytest.raises(ValidationError, match=r"a\.parquet can't be read as Parquet"):
        read(file)


def test_two_columns_of_one_name_are_refused() -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])

    with pytest.raises(ValidationError, match="two columns have the name 'a'"):
        table_reader(table)


def test_b36_a_table_is_read_in_small_batches() -> None:
    records = list(table_records(table_reader(pa.table({"n": list(range(3000))}))))

    assert [(number, each["n"]) for number, each, _ in records[1023:1026]] == [
        (1024, 1023),
        (1025, 1024),
        (1026, 1025),
    ]
