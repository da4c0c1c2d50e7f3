"""llmring keys set: change the settings of a key."""

from __future__ import annotations

import argparse

from llmring.access.access_records import shown
from llmring.access.key_edits import changed_key, key_named
from llmring.cli.keys.key_settings import (
    add_key_settings,
    add_limits,
    given_settings,
    opened_store,
    print_settings,
)
from llmring.cli.output import print_error, print_json

EXAMPLES = """examples:
  llmring keys set web --rpm 120
  llmring keys set web --daily-budget none --expires 2027-06-30

none takes a setting away. A running gateway follows within 2 seconds."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="the name of the key")
    add_key_settings(parser)
    add_limits(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Change the settings, and print them all."""
    fields = given_settings(args)
    if not fields:
        print_error("give at least one setting, such as --rpm 60")
        return 2
    with opened_store() as store:
        key = key_named(store.change(changed_key(args.name, fields)), args.name)
    if args.json:
        print_json(shown(key))
    else:
        print_settings(key, {})
    return 0
