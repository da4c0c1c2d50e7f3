import csv
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from batch_outcomes import bad, ok
from llmring import ConfigurationError, ValidationError
from llmring.batch.journal.job_description import JobDescription
from llmring.batch.journal.open_job import open_job
from llmring.batch.journal.outcome_lines import encoded
from llmring.batch.output.output_columns import OutputColumns
from llmring.batch.output.write_output import export_job, write_failed, write_output
from llmring.batch.row import InputRow

ROWS = [InputRow(at, f"row-{at}", {"text": f"t{at}"}, f"line {at + 1}") for at in range(4)]


@pytest.fixture
def results(tmp_path: Path) -> list[Path]:
    path = tmp_path / "results-0001.jsonl"
    path.write_bytes(b"".join(map(encoded, [ok(3, "d"), bad(1, http_status=400), ok(0, "a")])))
    return [path]


def test_b8_rows_are_in_the_order_of_the_input(tmp_path: Path, results: list[Path]) -> None:
    output = tmp_path / "out.jsonl"

    write_output(output, ROWS, results, OutputColumns(["text"]))

    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert [(line["text"], line["answer"]) for line in lines] == [
        ("t0", "a"),
        ("t1", None),
        ("t3", "d"),
    ]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_b24_a_failure_leaves_the_output_of_before(tmp_path: Path, results: list[Path]) -> None:
    output = tmp_path / "out.jsonl"
    output.write_text("before")

    def broken() -> Iterator[InputRow]:
        yield ROWS[0]
        raise ValidationError("line 2")

    with pytest.raises(ValidationError):
        write_output(output, broken(), results, OutputColumns(["text"]))

    assert output.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_b32_failed_rows_are_in_a_file_of_their_own(tmp_path: Path, results: list[Path]) -> None:
    count = write_failed(tmp_path, ROWS, results)

    [line] = (tmp_path / "failed.jsonl").read_text().splitlines()
    found = json.loads(line)
    assert count == 1
    assert (found["id"], found["place"], found["http_status"]) == ("row-1", "line 2", 400)
    assert found["row"] == {"text": "t1"}


def test_b32_without_failures_the_file_goes(tmp_path: Path, results: list[Path]) -> None:
    write_failed(tmp_path, ROWS, results)
    with results[0].open("ab") as file:
        file.write(encoded(ok(1)))

    count = write_failed(tmp_path, ROWS, results)

    assert count == 0
    assert not (tmp_path / "failed.jsonl").exists()


MIXED = [
    InputRow(0, "row-0", {"n": 1}, "line 1"),
    InputRow(1, "row-1", {"n": 2}, "line 2"),
    InputRow(3, "row-3", {"n": 2.5, "late": {"x": 1}}, "line 4"),
]


def test_b7_columns_and_types_are_those_of_all_rows(tmp_path: Path, results: list[Path]) -> None:
    columns = OutputColumns(["n"])

    write_output(tmp_path / "out.parquet", MIXED, results, columns)
    write_output(tmp_path / "out.csv", MIXED, results, columns)
    write_output(tmp_path / "out.jsonl", MIXED, results, columns)

    table = pq.read_table(tmp_path / "out.parquet")
    assert table["n"].to_pylist() == [1.0, 2.0, 2.5]
    assert table["late"].to_pylist() == [None, None, {"x": 1}]
    with (tmp_path / "out.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert [(row["n"], row["late"]) for row in cells] == [
        ("1", ""),
        ("2", ""),
        ("2.5", '{"x":1}'),
    ]
    last = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[-1])
    assert (last["n"], last["late"], last["answer"]) == (2.5, {"x": 1}, "d")


def test_b7_chosen_columns_alone_are_in_a_parquet_file(tmp_path: Path, results: list[Path]) -> None:
    columns = OutputColumns(["n"], chosen=["answer", "llmring_cost"])

    write_output(tmp_path / "out.parquet", MIXED, results, columns)

    assert pq.read_table(tmp_path / "out.parquet").schema.names == ["answer", "llmring_cost"]


def test_b4_lines_of_openai_s_batches_have_the_ids_of_the_input(
    tmp_path: Path, results: list[Path]
) -> None:
    rows = [InputRow(at, f"row-{at}", {"custom_id": f"c{at}"}, "line") for at in range(4)]
    output = tmp_path / "out.jsonl"

    count = write_output(output, rows, results, OutputColumns(["custom_id"]), "openai-batch")

    lines = [json.loads(line) for line in output.read_text().splitlines()]
    assert count == 3
    assert [line["custom_id"] for line in lines] == ["c0", "c1", "c3"]
    assert [line["response"]["status_code"] for line in lines] == [200, 400, 200]


def test_b33_a_job_is_exported_while_it_runs(tmp_path: Path) -> None:
    folder = tmp_path / "out.llmring"
    job = open_job(folder, JobDescription(), lambda: iter([]))
    job.add(ok(1, "one"))
    with job.result_paths()[0].open("ab") as file:
        file.write(b'{"id":"row-2","ordi')

    export_job(folder, tmp_path / "some.csv", OutputColumns(["text"]), ROWS)
    export_job(folder, tmp_path / "alone.jsonl", OutputColumns([]))
    job.close()

    assert (tmp_path / "some.csv").read_text().splitlines()[1].startswith("t1,one,row-1,ok")
    [line] = (tmp_path / "alone.jsonl").read_text().splitlines()
    assert (json.loads(line)["answer"], json.loads(line)["llmring_id"]) == ("one", "row-1")


def test_b33_a_folder_without_a_job_can_t_be_exported(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"job\.json"):
        export_job(tmp_path, tmp_path / "out.jsonl", OutputColumns([]))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_b8_a_pipe_is_written_to_and_not_replaced(tmp_path: Path, results: list[Path]) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_bytes)
        write_output(pipe, ROWS, results, OutputColumns(["text"]))

    assert len(read.result(10).splitlines()) == 3
    assert pipe.is_fifo()


def test_b24_a_link_to_the_output_stays(tmp_path: Path, results: list[Path]) -> None:
    link = tmp_path / "link.jsonl"
    (tmp_path / "there.jsonl").write_text("before")
    link.symlink_to(tmp_path / "there.jsonl")

    write_output(link, ROWS, results, OutputColumns(["text"]))

    assert link.is_symlink()
    assert len((tmp_path / "there.jsonl").read_text().splitlines()) == 3
