"""The project whose recorded calls a command counts."""

from __future__ import annotations

import argparse
from pathlib import Path

from llmring.cli.lockfile_options import add_file_option
from llmring.config.identity import active_projects
from llmring.config.settings import find_active_lockfile


def add_all_projects_option(parser: argparse.ArgumentParser, verb: str = "count") -> None:
    """Add the option that extends a command to the calls of all projects.

    Args:
        parser: The parser of the command.
        verb: What the command does with calls.
    """
    parser.add_argument(
        "--all-projects",
        action="store_true",
        help=f"{verb} calls of all projects, and those recorded without one (default: calls made "
        "with this lockfile)",
    )


def add_project_options(parser: argparse.ArgumentParser, verb: str = "count") -> None:
    """Add the options of every command that looks for calls in the ledger.

    Args:
        parser: The parser of the command.
        verb: What the command does with calls.
    """
    add_all_projects_option(parser, verb)
    add_file_option(parser)


def chosen_projects(args: argparse.Namespace, place: Path | str) -> tuple[str, ...] | None:
    """Return the projects whose calls count; None for all.

    Without a lockfile of the user's own, all calls count.

    Args:
        args: The arguments of the command, with `file` and `all_projects`.
        place: The ledger's file, or the address of its PostgreSQL database.

    Raises:
        LockfileError: The lockfile is missing or can't be read.
    """
    return None if args.all_projects else active_projects(place, find_active_lockfile(args.file))


def others_note(projects: tuple[str, ...] | None) -> str:
    """Return the end of a note that no calls were found, with the way to look at others."""
    return "" if projects is None else f" of {projects[0]}; count all: --all-projects"
