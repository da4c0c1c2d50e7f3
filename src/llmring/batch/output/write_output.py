"""The output of a job: the rows of its input with their outcomes, in order, in one step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from llmring.batch.journal.job_results import ResultIndex
from llmring.batch.output.output_columns import OutputColumns
from llmring.batch.output.row_writers import JsonLineWriter, OutputFormat, format_of, open_writer
from llmring.batch.row import InputRow, RowProblem

FAILED_FILE = "failed.jsonl"


def write_output(
    output: Path,
    rows: Iterable[InputRow | RowProblem],
    results: Sequence[Path],
    columns: OutputColumns,
    kind: OutputFormat | None = None,
) -> None:
    """Write the rows that have an outcome, in the order of the input.

    A temporary file takes the name of the output when it is complete.

    Args:
        output: The file.
        rows: The rows of the input.
        results: The files of results.
        columns: The columns.
        kind: The format; None to go by the file's suffix.

    Raises:
        OSError: The file can't be written; an earlier one is as before.
        ValidationError: The suffix is unknown, or pyarrow is needed, and not installed.
    """
    fresh = output.with_name(f".{output.name}.new")
    writer = open_writer(fresh, kind or format_of(output.name), columns.columns, output.suffix)
    index = ResultIndex(results)
    try:
        for each in rows:
            row = each if isinstance(each, InputRow) else each.row
            outcome = index.find(row.ordinal)
            if outcome is not None:
                writer.write(columns.values(row.values, outcome), outcome)
    finally:
        writer.close()
        index.close()
    fresh.replace(output)


def write_failed(
    folder: Path, rows: Iterable[InputRow | RowProblem], results: Sequence[Path]
) -> int:
    """Write the rows that have failed into `failed.jsonl`; return how many there are."""
    fresh = folder / f"{FAILED_FILE}.new"
    writer = JsonLineWriter(fresh.open("wb"))
    index = ResultIndex(results)
    count = 0
    try:
        for each in rows:
            row = each if isinstance(each, InputRow) else each.row
            outcome = index.find(row.ordinal)
            if outcome is not None and outcome.status == "failed":
                count += 1
                writer.write(
                    {
                        "id": row.id,
                        "place": row.place,
                        "error_class": outcome.error_class,
                        "http_status": outcome.http_status,
                        "error": outcome.error,
                        "attempts": outcome.attempts,
                        "text": outcome.text,
                        "row": dict(row.values),
                    },
                    outcome,
                )
    finally:
        writer.close()
        index.close()
    if count:
        fresh.replace(folder / FAILED_FILE)
    else:
        fresh.unlink()
        (folder / FAILED_FILE).unlink(missing_ok=True)
    return count
