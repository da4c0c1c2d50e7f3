"""llmring lock fmt: a lockfile put into its canonical form."""

import argparse

from llmring.cli.lockfile import add_file_option, shown, users_lockfile
from llmring.cli.output import note, say
from llmring.lockfile import file
from llmring.lockfile.document import parse
from llmring.lockfile.fmt import formatted

EXAMPLES = """examples:
  llmring lock fmt
  llmring lock fmt --file path/to/llmring.lock
  llmring lock fmt --check    # changes nothing; exit code 1 if it would

Comments, keys and their order stay. What changes: spaces around =, blank lines
between tables, and lists of models that are too long for their line."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add_file_option(parser)
    parser.add_argument("--check", action="store_true", help="only say whether it would change")


def handle(args: argparse.Namespace) -> int:
    """Format the file, or say whether it is formatted."""
    source = users_lockfile(args.file)
    path = shown(source.path)
    if not args.check:
        changed = file.update(source.path, formatted)
        say(f"{path} {'formatted' if changed else 'was formatted already'}")
        return 0
    text = file.read(source.path)
    parse(text, source.path)
    good = formatted(text) == text
    say(f"{path} is formatted" if good else f"{path} would change")
    if not good:
        note(f"format it: llmring lock fmt{f' --file {args.file}' if args.file else ''}")
    return 0 if good else 1
