"""llmring keys import: add exported keys and teams."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

from llmring.access.access_records import AccessKey, AccessTeam
from llmring.access.key_edits import imported
from llmring.cli.keys.key_settings import opened_store
from llmring.cli.output import print_json, print_note
from llmring.exceptions import ConfigurationError

EXAMPLES = """examples:
  llmring keys import keys.json
  llmring keys import < keys.json

Keys and teams of the same name are replaced. Clients go on with their keys."""


class _Exported(Struct, frozen=True, kw_only=True):
    """The output of llmring keys export."""

    keys: tuple[AccessKey, ...]
    teams: tuple[AccessTeam, ...] = ()


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "path", nargs="?", metavar="FILE", help="the exported file (default: standard input)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def handle(args: argparse.Namespace) -> int:
    """Add the keys and teams, and print their numbers."""
    data = sys.stdin.buffer.read() if args.path is None else Path(args.path).read_bytes()
    try:
        found = msgspec.json.decode(data, type=_Exported)
    except (msgspec.DecodeError, ValueError) as error:
        raise ConfigurationError(f"this is not an export of keys: {error}") from None
    with opened_store() as store:
        store.change(imported(found.keys, found.teams))
    counts = {"keys": len(found.keys), "teams": len(found.teams)}
    if args.json:
        print_json(counts)
    else:
        print_note(f"imported: {counts['keys']} keys, {counts['teams']} teams")
    return 0
