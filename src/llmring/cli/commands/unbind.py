"""llmring unbind: remove an alias from a profile."""

import argparse

from llmring.cli.lockfile_options import add_options, edit_target
from llmring.cli.output import print_json, print_note, print_out
from llmring.exceptions import LockfileNotFoundError
from llmring.lockfile import file
from llmring.lockfile.edit import bindings

EXAMPLES = """examples:
  llmring unbind fast
  llmring unbind assistant --profile dev"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("alias", metavar="ALIAS", help="the alias to remove")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_options(parser)


def handle(args: argparse.Namespace) -> int:
    """Remove the binding and confirm it."""
    path, profile, place = edit_target(args)
    if not path.exists():
        raise LockfileNotFoundError("does not exist, so it has no aliases to remove", path=path)
    file.update(path, lambda text: bindings.unbind(text, args.alias, profile))
    if args.json:
        print_json({"file": str(path), "profile": profile, "alias": args.alias})
    else:
        print_out(f"{args.alias} removed")
    print_note(f"from {place}")
    return 0
