"""llmring keys create: make a key, and print it once."""

from __future__ import annotations

import argparse

from llmring.access.access_records import shown
from llmring.access.key_edits import added_key, key_named
from llmring.access.key_form import new_key
from llmring.cli.keys.key_settings import (
    add_key_settings,
    add_limits,
    given_settings,
    now,
    opened_store,
)
from llmring.cli.output import print_json, print_note, print_out

EXAMPLES = """examples:
  llmring keys create --name web
  llmring keys create --name web --profile prod --aliases 'fast,sum*' --rpm 60
      --daily-budget 5 --expires 90d
  llmring keys create --name ops --role admin

The key is printed this once, and kept as a hash. A running gateway knows it
within 2 seconds. Where there is a key, all calls need one."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--name", required=True, metavar="NAME", help="its name in the ledger")
    add_key_settings(parser)
    add_limits(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Make the key and print it."""
    key = new_key()
    with opened_store() as store:
        stored = store.change(added_key(args.name, key, given_settings(args), now()))
    if args.json:
        print_json({"key": key, **shown(key_named(stored, args.name))})
        return 0
    print_out(key)
    print_note(f"key {args.name!r} created in {store.place}; it is not shown again")
    return 0
