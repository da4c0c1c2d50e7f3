import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_outcomes import bad, ok
from llmring import ValidationError
from llmring.batch.journal.job_results import encoded
from llmring.batch.output.output_columns import OutputColumns
from llmring.batch.output.write_output import write_failed, write_output
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
