"""llmring teams list: list the teams and their limits."""

from __future__ import annotations

import argparse

from llmring.access.access_records import shown
from llmring.cli.keys.key_settings import limits_in, opened_store
from llmring.cli.output import print_json, print_note
from llmring.cli.tables import print_table

EXAMPLES = """examples:
  llmring teams list
  llmring teams list --json"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the teams, one per line."""
    with opened_store() as store:
        stored = store.read()
    counts = {
        team.name: sum(key.team == team.name and key.revoked is None for key in stored.keys)
        for team in stored.teams
    }
    if args.json:
        print_json([{**shown(team), "keys": counts[team.name]} for team in stored.teams])
        return 0
    rows = [
        (team.name, str(counts[team.name]), limits_in(shown(team)), team.owner or "")
        for team in stored.teams
    ]
    if rows:
        print_table(rows, head=("name", "keys", "limits", "owner"), numbers={1})
    else:
        print_note("no teams; add one: llmring teams create --name NAME")
    return 0
