import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from batch_outcomes import ok
from llmring import ValidationError
from llmring.batch.output.output_columns import Column
from llmring.batch.output.row_writers import format_of, line_writer, open_writer

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


def test_b7_costs_are_written_without_an_exponent(tmp_path: Path) -> None:
    rows = [{"cost": Decimal("1E-7")}]
    columns = [Column("cost", "decimal")]

    in_json = written(tmp_path / "a.jsonl", columns, rows).read_text()
    in_csv = written(tmp_path / "a.csv", columns, rows).read_text()

    assert json.loads(in_json) == {"cost": "0.0000001"}
    assert in_csv == "cost\n0.0000001\n"


def test_b7_cells_that_begin_as_formulas_do_stay_as_they_are(tmp_path: Path) -> None:
    rows = [{"text": text} for text in ("=1+1", "+1", "-1", "@x")]

    with written(tmp_path / "a.csv", [Column("text", "text")], rows).open(newline="") as file:
        cells = [cell for [cell] in csv.reader(file)]

    assert cells == ["text", "=1+1", "+1", "-1", "@x"]


def test_b8_rows_can_be_written_to_a_stream_as_they_finish() -> None:
    stream = io.BytesIO()
    writer = line_writer(stream, "jsonl", [])

    writer.write({"llmring_id": "b"}, ok(1))
    writer.write({"llmring_id": "a"}, ok(0))

    assert stream.getvalue() == b'{"llmring_id":"b"}\n{"llmring_id":"a"}\n'
    with pytest.raises(ValidationError, match="-o"):
        line_writer(stream, "parquet", [])


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_b7_half_a_character_is_replaced(tmp_path: Path, kind: str) -> None:
    path = written(tmp_path / f"a.{kind}", [Column("x", "text")], [{"x": "a\ud800"}])

    assert path.read_text(encoding="utf-8").startswith(("x\na", '{"x":"a'))


def test_b4_each_outcome_is_an_output_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    writer = open_writer(path, "openai-batch", [])
    writer.write({"custom_id": "mine"}, ok(0))
    writer.write({}, None)
    writer.close()

    assert json.loads(path.read_text())["custom_id"] == "mine"
