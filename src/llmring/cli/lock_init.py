"""llmring lock init: a new lockfile, with aliases chosen from the catalog."""

import argparse
from datetime import date
from pathlib import Path

from llmring.cli.lockfile import binding_line, shown
from llmring.cli.output import note, say
from llmring.client.settings import lockfile_in_force, read_settings
from llmring.exceptions import LockfileNotFoundError
from llmring.lockfile import file
from llmring.lockfile.starter import starter
from llmring.registry.bundled import bundled
from llmring.registry.suggest import suggestions

EXAMPLES = """examples:
  llmring lock init
  llmring lock init --file path/to/llmring.lock
  llmring lock init --force    # overwrite the one that is there

The aliases are bound to models of the vendors whose keys are set; where no key
is, to models of all of them."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument(
        "--file", metavar="PATH", default=file.NAME, help=f"where (default: ./{file.NAME})"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file if it exists")


def handle(args: argparse.Namespace) -> int:
    """Write the lockfile, and show its aliases."""
    endpoints = read_settings().endpoints.values()
    keys = [endpoint.provider.name for endpoint in endpoints if endpoint.key]
    choices = suggestions(bundled(), keys, date.today())
    path = Path(args.file)
    file.create(path, starter(choices), force=args.force)
    for choice in choices:
        say(binding_line(choice.alias, choice.models))
    reason = f"for your keys: {', '.join(keys)}" if keys else "no key is set, so of all vendors"
    note(f"{shown(path)} created ({reason}; catalog of {bundled().date})")
    if not _in_force(path):
        note(f"another lockfile is in force here; LLMRING_LOCKFILE_PATH={path} makes it this one")
    return 0


def _in_force(path: Path) -> bool:
    try:
        return lockfile_in_force(None).path.samefile(path)
    except LockfileNotFoundError:
        return False
