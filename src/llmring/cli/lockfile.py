"""Which lockfile and which profile a command works on, and how a binding is printed."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from llmring.cli.output import note
from llmring.client.settings import chosen_profile, lockfile_in_force
from llmring.lockfile import file, resolve
from llmring.lockfile.document import Lockfile, parse


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of every command that works on a profile of a lockfile."""
    parser.add_argument(
        "--profile", metavar="NAME", help="profile (default: LLMRING_PROFILE, then the file's own)"
    )
    add_file_option(parser)


def add_file_option(parser: argparse.ArgumentParser) -> None:
    """The option of every command that works on a lockfile."""
    parser.add_argument(
        "--file",
        metavar="PATH",
        help="lockfile (default: LLMRING_LOCKFILE_PATH, then ./llmring.lock, then llmring's own)",
    )


def read_profile(args: argparse.Namespace) -> tuple[Lockfile, str]:
    """The lockfile in force and the name of the profile in force.

    Raises:
        LockfileError: The file is missing or can't be read.
    """
    source = lockfile_in_force(args.file)
    if source.rule == "bundled":
        note("no lockfile here, so this is llmring's own; make yours: llmring lock init")
    lockfile = parse(file.read(source.path), source.path)
    return lockfile, resolve.profile_name(args.profile, chosen_profile(), lockfile)


def edit_target(args: argparse.Namespace) -> tuple[Path, str]:
    """The file that an edit goes to, and the name of the profile in force.

    A file named by `--file` need not exist yet.
    """
    if args.file is not None:
        path = Path(args.file)
    else:
        path = file.writable_target(lockfile_in_force(None), Path.cwd())
    lockfile = parse(file.read(path), path) if path.exists() else Lockfile()
    return path, resolve.profile_name(args.profile, chosen_profile(), lockfile)


def binding_line(alias: str, models: Sequence[Any]) -> str:
    """A binding in one line: the alias, its first model, and how many fallbacks it has."""
    fallbacks = len(models) - 1
    tail = f" (+ {fallbacks} fallback{'s' if fallbacks > 1 else ''})" if fallbacks else ""
    return f"{alias} → {models[0]}{tail}"
