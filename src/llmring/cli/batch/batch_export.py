"""llmring batch export: write the answers of a batch to a file, at any time."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmring.cli.batch.batch_options import OUTPUT_FORMATS
from llmring.cli.output import print_error, print_note

if TYPE_CHECKING:
    from llmring.batch.input.row_source import RowSource

EXAMPLES = """examples:
  llmring batch export out.csv.llmring -o so-far.parquet
  llmring batch export out.csv.llmring -o answers.jsonl --without-input

The job may be running. Its input is read again for its columns."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", metavar="DIR", help="the folder of the job, such as OUT.llmring")
    parser.add_argument(
        "--output", "-o", metavar="OUT", required=True, help="the file to write, in order"
    )
    parser.add_argument(
        "--output-format",
        choices=OUTPUT_FORMATS,
        metavar="FORMAT",
        help="jsonl, csv, tsv, parquet or openai-batch (default: by the name of OUT)",
    )
    parser.add_argument("--columns", metavar="A,B", help="write only these columns")
    parser.add_argument(
        "--prefix", metavar="TEXT", help="begins the columns that are added (default: llmring_)"
    )
    parser.add_argument(
        "--without-input", action="store_true", help="leave out the columns of the input"
    )


def handle(args: argparse.Namespace) -> int:
    """Write the file."""
    from llmring.batch.journal.job_file import read_job
    from llmring.batch.output.output_columns import PREFIX, OutputColumns, schema_columns
    from llmring.batch.output.write_output import export_job

    folder = Path(args.folder)
    job = read_job(folder)
    if job is None:
        print_error(f"{folder} is not the folder of a job; give OUT.llmring")
        return 1
    kept = job.settings
    source = None if args.without_input else _input_of(kept)
    schema = None
    if kept.get("schema"):
        from llmring.batch.schema.answer_columns import open_schema

        schema = open_schema(kept["schema"]).format.schema
    chosen = None if args.columns is None else [each.strip() for each in args.columns.split(",")]
    columns = OutputColumns(
        () if source is None else source.columns,
        None if schema is None else schema_columns(schema),
        chosen,
        PREFIX if args.prefix is None else args.prefix,
        dedupes=bool(kept.get("dedupe")),
    )
    rows: Iterable[Any] | None = source
    count = export_job(folder, Path(args.output), columns, rows, args.output_format)
    print_note(f"{count} rows written to {args.output}")
    return 0


def _input_of(kept: dict[str, Any]) -> RowSource | None:
    """Return the rows of the job's input; None if they can't be read again."""
    paths = kept.get("inputs") or []
    if not paths or "-" in paths:
        return None
    from llmring.batch.input.open_rows import open_rows
    from llmring.batch.input.row_choice import ChosenRows, RowChoice, parse_sample

    source = open_rows(
        paths,
        format=kept.get("format"),
        id_column=kept.get("id_column"),
        delimiter=kept.get("delimiter"),
    )
    sample, share = parse_sample(kept["sample"]) if kept.get("sample") else (None, None)
    choice = RowChoice(
        skip=kept.get("skip") or 0,
        limit=kept.get("limit"),
        sample=sample,
        share=share,
        seed=kept.get("seed") or 0,
    )
    return source if choice.takes_all else ChosenRows(source, choice)
