"""llmring keys list: list the keys of the gateway."""

from __future__ import annotations

import argparse
from datetime import datetime

from llmring.access.access_records import AccessKey, shown
from llmring.access.rules import has_expired
from llmring.cli.keys.key_settings import limits_in, now, opened_store, readable
from llmring.cli.output import print_json, print_note
from llmring.cli.tables import Cuts, print_table

EXAMPLES = """examples:
  llmring keys list
  llmring keys list --all --json

Keys in [[gateway.keys]] of a lockfile are not listed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--all", action="store_true", help="list revoked keys too")
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the keys, one per line."""
    with opened_store() as store:
        found = [key for key in store.read().keys if args.all or key.revoked is None]
    if args.json:
        print_json([shown(key) for key in found])
        return 0
    rows = [_row(key, now()) for key in found]
    if rows:
        head = ("name", "team", "aliases", "limits", "expires", "state")
        print_table(rows, head=head, cuts=Cuts(kept={4, 5}))
    else:
        print_note("no keys; make one: llmring keys create --name NAME")
    return 0


def _row(key: AccessKey, at: datetime) -> tuple[str, ...]:
    state = "revoked" if key.revoked else "expired" if has_expired(key, at) else "valid"
    return (
        key.name,
        key.team or "",
        "all" if key.aliases is None else ", ".join(key.aliases),
        limits_in(shown(key)),
        "" if key.expires is None else readable(key.expires),
        state,
    )
