"""llmring keys revoke: end a key at once."""

from __future__ import annotations

import argparse

from llmring.access.key_edits import revoked_key
from llmring.cli.keys.key_settings import now, opened_store
from llmring.cli.output import print_json, print_note

EXAMPLES = """examples:
  llmring keys revoke web

Running gateways refuse it within 2 seconds; calls in progress end as usual.
Its name can be used again."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="the name of the key")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Revoke the key."""
    with opened_store() as store:
        store.change(revoked_key(args.name, now()))
    if args.json:
        print_json({"name": args.name, "revoked": True})
    else:
        print_note(f"key {args.name!r} revoked")
    return 0
