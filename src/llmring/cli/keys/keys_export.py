"""llmring keys export: print all keys, as hashes, and all teams."""

from __future__ import annotations

import argparse

from llmring.cli.keys.key_settings import opened_store
from llmring.cli.output import print_json

EXAMPLES = """examples:
  llmring keys export > keys.json

Others may read the output without being able to make calls. For another store,
run llmring keys import with its LLMRING_GATEWAY_DB."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command: it has none."""


def handle(args: argparse.Namespace) -> int:
    """Print the keys and teams as JSON."""
    del args
    with opened_store() as store:
        stored = store.read()
    print_json({"keys": stored.keys, "teams": stored.teams})
    return 0
