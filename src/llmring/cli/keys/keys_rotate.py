"""llmring keys rotate: replace a key by a new one with the same settings."""

from __future__ import annotations

import argparse
from datetime import timedelta

from llmring.access.key_edits import key_named, rotated_key
from llmring.access.key_form import new_key
from llmring.cli.argument_types import age
from llmring.cli.keys.key_settings import now, opened_store, readable
from llmring.cli.output import print_json, print_note, print_out

EXAMPLES = """examples:
  llmring keys rotate web
  llmring keys rotate web --grace 0     # the old one ends at once

The new key is printed this once. It has the name, the settings and the
budgets of the old one, which stays valid for the grace."""

_GRACE = timedelta(days=1)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="the name of the key")
    parser.add_argument(
        "--grace",
        type=_grace,
        default=_GRACE,
        metavar="AGE",
        help="how long the old key stays valid: 1d, 36h or 0 (default: 1d)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def _grace(text: str) -> timedelta:
    return timedelta() if text == "0" else age(text)


def handle(args: argparse.Namespace) -> int:
    """Replace the key, and print the new one."""
    key = new_key()
    with opened_store() as store:
        stored = store.change(rotated_key(args.name, key, now(), args.grace))
    until = key_named(stored, args.name).old_until
    if args.json:
        print_json({"key": key, "name": args.name, "old_until": until})
        return 0
    print_out(key)
    ends = "has ended" if until is None else f"ends at {readable(until)}"
    print_note(f"key {args.name!r} replaced; the old one {ends}")
    return 0
