"""The arguments of `llmring batch`, in groups."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from llmring.cli.batch.vendor_options import add_vendor_options
from llmring.cli.env_file_option import add_env_file_option
from llmring.cli.lockfile_options import add_options
from llmring.cli.trust_check import add_trust_option

INPUT_FORMATS = ("jsonl", "csv", "tsv", "parquet", "text")
OUTPUT_FORMATS = ("jsonl", "csv", "tsv", "parquet", "openai-batch")


def add_batch_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments, in the order in which the help lists them."""
    _add_input(parser)
    _add_request(parser.add_argument_group("request"))
    _add_output(parser.add_argument_group("output"))
    _add_job(parser.add_argument_group("job"))
    _add_limits(parser.add_argument_group("limits"))
    _add_machines(parser.add_argument_group("more machines"))
    add_vendor_options(parser.add_argument_group("vendors' batches"))
    add_env_file_option(parser)
    add_trust_option(parser)
    add_options(parser)


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="JSONL, CSV, TSV, Parquet or text, also .gz and .zst; a pattern; - for standard input",
    )
    group = parser.add_argument_group("input")
    group.add_argument(
        "--format", choices=INPUT_FORMATS, help="format of the inputs (default: by their names)"
    )
    group.add_argument("--text", action="store_true", help="each line is a row with {text}")
    group.add_argument("--delimiter", metavar="C", help="character between the values of CSV")
    group.add_argument("--id", metavar="COLUMN", help="column that holds the IDs of the rows")
    group.add_argument("--limit", type=_whole(0), metavar="N", help="take at most the first N rows")
    group.add_argument(
        "--skip", type=_whole(0), default=0, metavar="N", help="leave out the first N rows"
    )
    group.add_argument("--sample", metavar="N|P%", help="take N rows, or P%% of them, at random")
    group.add_argument(
        "--seed", type=int, default=0, metavar="N", help="seed of --sample and --shuffle"
    )
    group.add_argument("--shuffle", action="store_true", help="send the rows in another order")


def _add_request(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--alias", "-m", metavar="ALIAS", help="alias or provider:model (default: the rows' own)"
    )
    group.add_argument(
        "--prompt",
        "-p",
        metavar="TEXT",
        help="the message, with columns as {column} (default: requests that the rows hold)",
    )
    group.add_argument("--prompt-file", metavar="FILE", help="read the message from a file")
    group.add_argument("--system", "-s", metavar="TEXT", help="system prompt, also with {column}")
    group.add_argument("--system-file", metavar="FILE", help="read the system prompt from a file")
    group.add_argument("--null", metavar="TEXT", help="text for null and empty values")
    group.add_argument(
        "--image", action="append", default=[], metavar="COLUMN", help="attach images; repeatable"
    )
    group.add_argument(
        "--attach",
        "-a",
        action="append",
        default=[],
        metavar="COLUMN",
        help="attach files; repeatable",
    )
    group.add_argument(
        "--schema",
        metavar="SCHEMA",
        help="answer with JSON of this schema: a file, or module:Model",
    )
    group.add_argument("--temperature", type=float, metavar="T", help="sampling temperature")
    group.add_argument("--max-tokens", type=int, metavar="N", help="limit each answer to N tokens")
    group.add_argument("--timeout", type=float, metavar="S", help="limit each request to S seconds")
    group.add_argument(
        "--cache-system",
        action="store_true",
        help="mark the system prompt for the provider's cache; one row goes ahead",
    )
    group.add_argument("--dedupe", action="store_true", help="ask equal requests once")
    group.add_argument(
        "--frozen",
        action="store_true",
        help="call only models that match their pins in the lockfile",
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--output",
        "-o",
        metavar="OUT",
        help="write the rows here, in order (default: to standard output, as they finish)",
    )
    group.add_argument(
        "--output-format",
        choices=OUTPUT_FORMATS,
        metavar="FORMAT",
        help="jsonl, csv, tsv, parquet or openai-batch (default: by the name of OUT)",
    )
    group.add_argument("--columns", metavar="A,B", help="write only these columns")
    group.add_argument(
        "--prefix", metavar="TEXT", help="begins the columns that are added (default: llmring_)"
    )
    group.add_argument(
        "--progress",
        choices=("auto", "json", "none"),
        default="auto",
        help="progress on standard error (default: auto)",
    )


def _add_job(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--job", metavar="DIR", help="folder that keeps the job (default: OUT.llmring)"
    )
    group.add_argument(
        "--resume", action="store_true", help="go on with the job (the default if there is one)"
    )
    group.add_argument(
        "--restart", action="store_true", help="begin again; what is done is removed"
    )
    group.add_argument(
        "--changed",
        choices=("keep", "rerun"),
        help="if the job has changed: keep the answers, or ask changed rows again",
    )
    group.add_argument(
        "--retry-failed", action="store_true", help="ask all rows again that have failed"
    )
    group.add_argument("--yes", "-y", action="store_true", help="ask no questions")


def _add_limits(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="read all rows, send nothing, and show tokens and cost",
    )
    group.add_argument(
        "--expect-output",
        type=_whole(1),
        metavar="N",
        help="tokens of the average answer (default: as in earlier calls)",
    )
    group.add_argument(
        "--max-cost", metavar="USD", help="stop before the job costs more, in all its runs"
    )
    group.add_argument(
        "--allow-unknown-cost", action="store_true", help="call models without a known price too"
    )
    group.add_argument(
        "--wait", action="store_true", help="wait for the next day if a budget is used up"
    )
    group.add_argument(
        "--max-rows-failed",
        metavar="N|P%",
        help="stop at so many failures (default: 100 in a row, half of the last 200)",
    )
    group.add_argument(
        "--concurrency",
        type=_whole(1),
        default=256,
        metavar="N",
        help="most requests in flight to a model (default: 256)",
    )
    group.add_argument(
        "--tries",
        type=_whole(1),
        default=5,
        metavar="N",
        help="rounds over the models of the alias for each row (default: 5)",
    )
    group.add_argument(
        "--spill",
        action="store_true",
        help="at a rate limit, let the next model of the alias take rows",
    )


def _add_machines(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--engine",
        choices=("ray",),
        help="let the workers of a Ray cluster send the rows (default: this process)",
    )
    group.add_argument(
        "--ray-address", metavar="ADDRESS", help="the cluster (default: a local one)"
    )
    group.add_argument(
        "--workers", type=_whole(1), default=2, metavar="N", help="number of workers (default: 2)"
    )


def _whole(least: int) -> Callable[[str], int]:
    """Return the parser of a whole number from `least` on."""

    def whole(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 13 else -1
        if number < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} on")
        return number

    return whole


def request_fields(args: argparse.Namespace) -> dict[str, Any]:
    """Return the fields of requests that the options set."""
    names: Sequence[str] = ("temperature", "max_tokens", "timeout")
    return {name: getattr(args, name) for name in names if getattr(args, name) is not None}
