import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from batch_outcomes import bad, ok
from llmring import ValidationError
from llmring.batch.outcome import RowOutcome
from llmring.batch.output.output_columns import Column, OutputColumns, schema_columns
from llmring.batch.output.row_writers import format_of, open_writer

TEXT = 'a,b\n"c"'
ROWS: Sequence[dict[str, Any]] = [
    {"text": TEXT, "number": 1.5, "parts": {"x": [1, None]}, "cost": Decimal("0.1")},
    {"text": None, "number": None, "parts": None, "cost": None},
]
COLUMNS = [
    Column("text", "text"),
    Column("number", "number"),
    Column("parts"),
    Column("cost", "decimal"),
]


def written(
    path: Path, columns: Sequence[Column] = COLUMNS, rows: Iterable[dict[str, Any]] = ROWS
) -> Path:
    writer = open_writer(path, format_of(path.name), columns, path.suffix)
    for row in rows:
        writer.write(row, ok(0))
    writer.close()
    return path


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.jsonl", "jsonl"), ("a.csv.gz", "csv"), ("a.tsv.zst", "tsv"), ("A.PARQUET", "parquet")],
)
def test_b1_the_suffix_names_the_format(name: str, kind: str) -> None:
    assert format_of(name) == kind


def test_b1_an_unknown_suffix_names_the_option() -> None:
    with pytest.raises(ValidationError, match="--output-format"):
        format_of("a.xlsx")


def test_b7_json_lines_keep_parts_and_digits(tmp_path: Path) -> None:
    lines = written(tmp_path / "a.jsonl").read_text().splitlines()

    assert json.loads(lines[0]) == {**ROWS[0], "cost": "0.1"}
    assert json.loads(lines[1]) == dict.fromkeys(ROWS[0])


def test_b7_csv_has_a_heading_and_quotes(tmp_path: Path) -> None:
    with written(tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.reader(file))

    assert rows == [
        ["text", "number", "parts", "cost"],
        [TEXT, "1.5", '{"x":[1,null]}', "0.1"],
        ["", "", "", ""],
    ]


def test_b7_tsv_has_tabs(tmp_path: Path) -> None:
    assert written(tmp_path / "a.tsv").read_text().startswith("text\tnumber\t")


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.zst"])
def test_b1_outputs_can_be_compressed(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / name)

    if name.endswith("gz"):
        data = gzip.decompress(path.read_bytes())
    else:
        data = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd").read()

    assert len(data.splitlines()) == 2


def test_b7_parquet_has_types_and_decimals(tmp_path: Path) -> None:
    table = pq.read_table(written(tmp_path / "a.parquet"))

    kinds = [str(field.type) for field in table.schema]
    assert kinds == ["string", "double", "string", "decimal128(38, 18)"]
    assert table.to_pylist()[0]["cost"] == Decimal("0.1")
    assert table.to_pylist()[1] == dict.fromkeys(ROWS[0])


def test_b6_types_are_never_those_of_the_first_rows(tmp_path: Path) -> None:
    schema = {"properties": {"age": {"type": "integer"}, "name": {"type": "string"}}}
    columns = OutputColumns([], schema_columns(schema), chosen=["age", "name"])
    rows: list[dict[str, Any]] = [
        *[{"age": None, "name": None}] * 6000,
        {"age": 2**40, "name": "Ann"},
    ]

    table = pq.read_table(written(tmp_path / "a.parquet", columns.columns, rows))

    assert [str(field.type) for field in table.schema] == ["int64", "string"]
    assert table.num_rows == 6001
    assert table.slice(6000).to_pylist() == [{"age": 2**40, "name": "Ann"}]


def test_b7_columns_of_the_input_keep_their_types(tmp_path: Path) -> None:
    columns = [Column("n"), Column("b"), Column("s"), Column("mixed"), Column("raw")]
    rows: list[dict[str, Any]] = [
        {"n": 1, "b": True, "s": "x", "mixed": 1, "raw": b"\0"},
        {"n": 2.5, "b": False, "s": None, "mixed": "y", "raw": None},
    ]

    table = pq.read_table(written(tmp_path / "a.parquet", columns, rows))

    kinds = [str(field.type) for field in table.schema]
    assert kinds == ["double", "bool", "string", "string", "binary"]
    assert table.to_pylist()[0]["mixed"] == "1"


def line_of(outcome: RowOutcome, tmp_path: Path, **values: Any) -> dict[str, Any]:
    path = tmp_path / "a.jsonl"
    writer = open_writer(path, "openai-batch", [], "")
    writer.write(values, outcome)
    writer.close()
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_b4_an_answer_is_an_output_line_of_openai_s(tmp_path: Path) -> None:
    outcome = ok(4, "yes", tokens_in=3, tokens_out=2, finish_reason="stop", model="openai:m")

    found = line_of(outcome, tmp_path, custom_id="mine")

    assert (found["id"], found["custom_id"], found["error"]) == ("batch_req_4", "mine", None)
    assert found["response"]["status_code"] == 200
    body = found["response"]["body"]
    assert body["choices"][0]["message"]["content"] == "yes"
    assert body["usage"]["total_tokens"] == 5


def test_b4_a_refused_row_has_its_status_and_the_error_in_the_body(tmp_path: Path) -> None:
    found = line_of(bad(4, http_status=400), tmp_path)

    assert found["custom_id"] == "row-4"
    assert (found["response"]["status_code"], found["error"]) == (400, None)
    assert found["response"]["body"]["error"]["message"] == "no"


def test_b4_embeddings_are_a_list(tmp_path: Path) -> None:
    found = line_of(ok(0, vectors=[[0.5, 1.0]]), tmp_path)

    assert found["response"]["body"]["data"][0]["embedding"] == [0.5, 1.0]


def test_b4_a_row_without_an_outcome_has_no_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    writer = open_writer(path, "openai-batch", [], "")
    writer.write({}, None)
    writer.close()

    assert path.read_bytes() == b""
