"""llmring batch: send a prompt for each row of an input, and write the answers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from llmring.cli.batch.batch_options import add_batch_options, request_fields
from llmring.cli.batch.vendor_options import vendor_faults
from llmring.cli.confirmation import is_yes
from llmring.cli.env_file_option import apply_env_file
from llmring.cli.output import is_terminal, print_error, print_note
from llmring.cli.trust_check import require_consent

if TYPE_CHECKING:
    from llmring.batch.engine.job_options import JobOptions

EXAMPLES = """examples:
  llmring batch reviews.csv -m fast -p "Sum up: {text}" -o out.csv
  llmring batch reviews.csv -m fast -p "Sum up: {text}" -o out.csv --max-cost 5
  llmring batch *.jsonl -m fast --schema mood.json -p "{text}" -o out.parquet
  cat lines.txt | llmring batch - --text -m fast -p "Translate: {text}"
  llmring batch status out.csv.llmring

The same command again goes on where the job was left: what is done is kept in
OUT.llmring, and nothing is paid for twice. Ctrl-C stops the job when the
requests in flight are answered, at most ten seconds later; a second, at once.
Exit codes: 0 all rows have answers; 3 some have failed; 4 a limit of cost was
reached; 1 the job failed; 2 wrong usage; 130 or 143 stopped by a signal."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_batch_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Run the batch, and return the exit code."""
    fault = _fault(args)
    if fault is not None:
        print_error(fault)
        return 2
    apply_env_file(args)
    require_consent(args)
    if args.restart and not _may_restart(args):
        return 2
    from llmring.cli.batch.batch_command import run_batch
    from llmring.client.ring import LLMRing
    from llmring.config.settings import frozen_environ

    ring = LLMRing(args.file, environ=frozen_environ() if args.frozen else None)
    if args.dry_run:
        from llmring.cli.batch.dry_run import dry_run

        return dry_run(args, ring, options_of(args))
    return run_batch(args, ring, options_of(args))


def job_folder(args: argparse.Namespace) -> Path | None:
    """Return the folder of the job; None to keep it in memory."""
    if args.job is not None:
        return Path(args.job)
    return None if args.output in (None, "-") else Path(f"{args.output}.llmring")


def options_of(args: argparse.Namespace) -> JobOptions:
    """Return the options of the job."""
    from llmring.batch.engine.job_options import JobOptions

    return JobOptions(
        rows=args.inputs,
        alias=args.alias,
        prompt=_text(args.prompt, args.prompt_file),
        system=_text(args.system, args.system_file),
        schema=args.schema,
        job=job_folder(args),
        id_column=args.id,
        format="text" if args.text else args.format,
        delimiter=args.delimiter,
        null=args.null,
        images=args.image,
        files=args.attach,
        skip=args.skip,
        limit=args.limit,
        sample=args.sample,
        seed=args.seed,
        shuffle=args.shuffle,
        profile=args.profile,
        concurrency=args.concurrency,
        tries=args.tries,
        max_cost=args.max_cost,
        allow_unknown_cost=args.allow_unknown_cost,
        max_failed=args.max_rows_failed,
        wait_for_budget=args.wait,
        on_limit="spill" if args.spill else "wait",
        dedupe=args.dedupe,
        cache_system=args.cache_system,
        restart=args.restart,
        changed=args.changed,
        retry_failed=args.retry_failed,
        fields=request_fields(args),
    )


def _fault(args: argparse.Namespace) -> str | None:
    """Return what is wrong about the options, if anything is."""
    has_folder = job_folder(args) is not None
    has_prompt = args.prompt is not None or args.prompt_file is not None
    to_stdout = args.output in (None, "-")
    faults = {
        "give the message with --prompt or with --prompt-file, not both": args.prompt is not None
        and args.prompt_file is not None,
        "give the system prompt with --system or with --system-file, not both": args.system
        is not None
        and args.system_file is not None,
        "--text is a format of its own; leave out --format": args.text
        and args.format not in (None, "text"),
        "--restart begins again; leave out --resume, --retry-failed and --changed": args.restart
        and (args.resume or args.retry_failed or args.changed),
        "--retry-failed needs the folder of a job; give -o OUT or --job DIR": args.retry_failed
        and not has_folder,
        "a prompt needs the alias to send it to; give one with --alias": has_prompt
        and args.alias is None,
        "--engine ray needs files, and a file for the rows; give -o OUT": args.engine is not None
        and (to_stdout or "-" in args.inputs),
        "--engine ray and --mode provider-batch exclude each other": args.engine is not None
        and args.mode is not None,
        "Parquet can't be written to standard output; give a file with -o": to_stdout
        and args.output_format == "parquet",
        **vendor_faults(args),
    }
    return next((fault for fault, is_found in faults.items() if is_found), None)


def _text(given: str | None, path: str | None) -> str | None:
    return given if path is None else Path(path).read_text(encoding="utf-8")


def _may_restart(args: argparse.Namespace) -> bool:
    """Return True if what is done may be removed; on a terminal, the user is asked."""
    folder = job_folder(args)
    if folder is None or args.yes or not (folder / "job.json").exists():
        return True
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        print_error(f"{folder} holds paid answers, which --restart removes; confirm with --yes")
        return False
    print_note(f"{folder} holds paid answers. Remove them and begin again? [y/N]")
    return is_yes(sys.stdin.readline())
