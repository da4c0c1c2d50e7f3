"""llmring keys show: show the settings of a key."""

from __future__ import annotations

import argparse

from llmring.access.access_records import shown
from llmring.access.key_edits import key_named
from llmring.cli.keys.key_settings import opened_store, print_settings, spent_by
from llmring.cli.output import print_json

EXAMPLES = """examples:
  llmring keys show web
  llmring keys show web --json

The key itself can't be shown; llmring keys rotate replaces a lost one."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="the name of the key")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the settings."""
    with opened_store() as store:
        key = key_named(store.read(), args.name)
    if args.json:
        print_json({**shown(key), "spent": spent_by(key)})
    else:
        print_settings(key, spent_by(key))
    return 0
