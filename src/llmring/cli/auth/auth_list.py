"""llmring auth list: list the providers whose keys are kept or set, and where."""

import argparse

from llmring.cli.output import print_json, print_note
from llmring.cli.tables import print_table
from llmring.config.kept_keys import KeptKeys
from llmring.config.settings import kept_keys_path, variables
from llmring.providers.table import PROVIDERS

EXAMPLES = """examples:
  llmring auth list
  llmring auth list --json

Keys are never shown. A variable wins over a kept key."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Print the providers that have keys, one per line."""
    kept = KeptKeys(kept_keys_path()).places()
    found = [
        {"provider": name, "variables": set_here, "kept": kept.get(name)}
        for name, row in PROVIDERS.items()
        if (set_here := [*variables(row.key_env)]) or name in kept
    ]
    if args.json:
        print_json(found)
        return 0
    rows = [
        (
            str(each["provider"]),
            ", ".join([*(each["variables"] or ()), *([each["kept"]] if each["kept"] else ())]),
        )
        for each in found
    ]
    if rows:
        print_table(rows, head=("provider", "places"))
    else:
        print_note("no keys; keep one: llmring auth set openai")
    return 0
