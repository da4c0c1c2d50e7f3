"""The output of a job: the rows of its input with their outcomes, in order, in one step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from llmring.batch.input.arrow_package import arrow
from llmring.batch.journal.job_file import FAILED_FILE, read_job, result_paths
from llmring.batch.journal.job_results import ResultIndex
from llmring.batch.journal.journal_file import sync_folder
from llmring.batch.output.given_columns import names_in, types_in
from llmring.batch.output.output_columns import OutputColumns
from llmring.batch.output.row_writers import (
    OutputFormat,
    RowWriter,
    format_of,
    line_writer,
    open_writer,
)
from llmring.batch.row import InputRow, RowProblem
from llmring.exceptions import ConfigurationError
from llmring.redaction import redact

Rows = Iterable[InputRow | RowProblem]


def write_output(
    output: Path,
    rows: Rows,
    results: Sequence[Path],
    columns: OutputColumns,
    kind: OutputFormat | None = None,
) -> int:
    """Write the rows that have an outcome, in the order of the input; return their number.

    A temporary file takes the name of the output when it is complete. For all formats but JSON
    Lines, the rows are read once more before, as any of them may have further columns.

    Args:
        output: The file.
        rows: The rows of the input, which can be read again.
        results: The files of results.
        columns: The columns.
        kind: The format; None to go by the file's suffix.

    Raises:
        OSError: The file can't be written; an earlier one is as before.
        ValidationError: The suffix is unknown, two columns have the same name, or pyarrow is
            needed, and not installed.
    """
    form = kind or format_of(output.name)
    types: Mapping[str, Any] | None = None
    if form in ("csv", "tsv", "parquet") and columns.chosen is None:
        columns = columns.with_given(names_in(rows, columns.given))
    if form == "parquet":
        written = {column.name for column in columns.columns}
        given = [name for name in columns.given if name in written]
        types = types_in(arrow(f"{output}: writing Parquet"), rows, given)
    index = ResultIndex(results)
    count = 0
    try:
        with _replaced(output) as fresh:
            writer = open_writer(fresh, form, columns.columns, output.suffix, types)
            with _closed(writer):
                for row in _input_rows(rows):
                    outcome = index.find(row.ordinal)
                    if outcome is not None:
                        is_batch = form == "openai-batch"
                        values = row.values if is_batch else columns.values(row.values, outcome)
                        writer.write(values, outcome)
                        count += 1
    finally:
        index.close()
    return count


def export_job(
    folder: Path,
    output: Path,
    columns: OutputColumns,
    rows: Rows | None = None,
    kind: OutputFormat | None = None,
) -> int:
    """Write the output of a job from its folder, while it runs or after; return its rows.

    Args:
        folder: The job's folder.
        output: The file.
        columns: The columns.
        rows: The rows of the input; None to write the answers and facts alone.
        kind: The format; None to go by the file's suffix.

    Raises:
        ConfigurationError: The folder is not that of a job.
        OSError: As for `write_output`.
        ValidationError: As for `write_output`.
    """
    job = read_job(folder)
    if job is None:
        raise ConfigurationError(f"{folder} is not the folder of a job, as it has no job.json")
    results = result_paths(folder, job)
    return write_output(output, _OwnRows(results) if rows is None else rows, results, columns, kind)


class _OwnRows:
    """The rows that have an outcome, without the columns of the input."""

    def __init__(self, results: Sequence[Path]) -> None:
        self._results = results

    def __iter__(self) -> Iterator[InputRow]:
        index = ResultIndex(self._results)
        try:
            for outcome in index:
                yield InputRow(outcome.ordinal, outcome.id, {}, outcome.id)
        finally:
            index.close()


def write_failed(folder: Path, rows: Rows, results: Sequence[Path]) -> int:
    """Write the rows that have failed into `failed.jsonl`; return how many there are.

    Raises:
        OSError: The file can't be written; an earlier one is as before.
    """
    index = ResultIndex(results)
    count = 0
    try:
        with _replaced(folder / FAILED_FILE) as fresh:
            writer = line_writer(fresh.open("wb"), "jsonl", ())
            with _closed(writer):
                for row in _input_rows(rows):
                    outcome = index.find(row.ordinal)
                    if outcome is not None and outcome.status == "failed":
                        count += 1
                        line = {
                            "id": row.id,
                            "place": row.place,
                            "error_class": outcome.error_class,
                            "http_status": outcome.http_status,
                            "error": None if outcome.error is None else redact(outcome.error),
                            "passing": outcome.passing,
                            "model": outcome.model,
                            "attempts": outcome.attempts,
                            "text": outcome.text,
                            "row": dict(row.values),
                        }
                        writer.write(line, outcome)
    finally:
        index.close()
    if not count:
        (folder / FAILED_FILE).unlink(missing_ok=True)
    return count


def _input_rows(rows: Rows) -> Iterator[InputRow]:
    for each in rows:
        yield each if isinstance(each, InputRow) else each.row


@contextmanager
def _closed(writer: RowWriter) -> Iterator[None]:
    """Close a writer; where it has failed, without a second error."""
    try:
        yield
    except BaseException:
        with suppress(OSError, ValueError):
            writer.close()
        raise
    writer.close()


@contextmanager
def _replaced(output: Path) -> Iterator[Path]:
    """Give a temporary file, which replaces another one if it was written without an error.

    A link stays one to the new file; a device or a pipe is written to as it is.
    """
    output = Path(os.path.realpath(output))
    if output.exists() and not output.is_file():
        yield output
        return
    fresh = output.with_name(f".{output.name}.{os.getpid()}.new")
    try:
        yield fresh
        with fresh.open("rb+") as file:
            os.fsync(file.fileno())
        fresh.replace(output)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_folder(output.parent)
