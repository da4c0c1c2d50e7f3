"""llmring lock fmt: format a lockfile."""

import argparse

from llmring.cli.lockfile_options import (
    add_file_option,
    add_files_argument,
    for_each_file,
    users_lockfile,
)
from llmring.cli.output import print_json, print_note, print_out
from llmring.lockfile import file
from llmring.lockfile.document import parse
from llmring.lockfile.edit.format import formatted
from llmring.lockfile.file import shown

EXAMPLES = """examples:
  llmring lock fmt
  llmring lock fmt services/*/llmring.lock
  llmring lock fmt --check    # change nothing; exit code 1 if it would

Keeps comments, keys and their order. Changes spaces around =, blank lines
between tables, and lists of models too long for one line."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_files_argument(parser)
    add_file_option(parser)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if the file would change"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Format the files, or report whether they are formatted."""
    return for_each_file(args, _format)


def _format(args: argparse.Namespace) -> int:
    source = users_lockfile(args.file)
    path = shown(source.path)
    if not args.check:
        changed = file.update(source.path, formatted)
        if args.json:
            print_json({"file": str(source.path), "changed": changed, "formatted": True})
            return 0
        print_out(f"{path} {'formatted' if changed else 'is formatted already'}")
        return 0
    text = file.read(source.path)
    parse(text, source.path)
    good = formatted(text) == text
    if args.json:
        print_json({"file": str(source.path), "changed": False, "formatted": good})
        return 0 if good else 1
    print_out(f"{path} is formatted" if good else f"{path} would change")
    if not good:
        print_note(f"format it: llmring lock fmt{f' --file {args.file}' if args.file else ''}")
    return 0 if good else 1
