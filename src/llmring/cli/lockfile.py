"""Which lockfile and which profile a command works on, and how both are shown."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from llmring.cli.output import note
from llmring.client.settings import chosen_profile, lockfile_in_force
from llmring.exceptions import LockfileNotFoundError
from llmring.lockfile import file, resolve
from llmring.lockfile.document import DEFAULT_PROFILE, Lockfile, parse
from llmring.lockfile.file import Source


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
        help="lockfile (default: LLMRING_LOCKFILE_PATH, then ./llmring.lock)",
    )


def users_lockfile(named: str | None) -> Source:
    """The user's own lockfile in force, for commands that check it.

    The one that comes with llmring is not meant: it is good, and a check of it would hide that
    theirs is not here.

    Args:
        named: What `--file` says, if anything.

    Raises:
        LockfileNotFoundError: There is none.
    """
    source = lockfile_in_force(named)
    if source.rule == "bundled":
        raise LockfileNotFoundError(
            f"there is no {file.NAME} here; make one: llmring lock init, or name one with --file"
        )
    return source


def read_profile(args: argparse.Namespace) -> tuple[Lockfile, str]:
    """The lockfile in force and the name of the profile in force.

    Raises:
        LockfileError: The file is missing or can't be read.
    """
    source = lockfile_in_force(args.file)
    if source.rule == "bundled":
        note("no lockfile here, so this is llmring's own; make yours: llmring lock init")
    lockfile = parse(file.read(source.path), source.path)
    for problem in lockfile.warnings:
        note(f"{shown(source.path)}:{problem.line}: passed over: {problem}")
    return lockfile, resolve.profile_name(args.profile, chosen_profile(), lockfile)


class Target(NamedTuple):
    """Where an edit goes.

    Attributes:
        path: The lockfile; it need not exist.
        profile: The profile; it need not exist either.
        place: Both in words, and why these.
    """

    path: Path
    profile: str
    place: str


def edit_target(args: argparse.Namespace) -> Target:
    """The file and the profile that a command edits.

    Raises:
        LockfileError: LLMRING_LOCKFILE_PATH names no file, or the file can't be read.
    """
    if args.file:
        path = Path(args.file)
    else:
        source = lockfile_in_force(None)
        # llmring's own lockfile is never edited.
        path = Path.cwd() / file.NAME if source.rule == "bundled" else source.path
    exists = path.exists()
    lockfile = parse(file.read(path), path) if exists else Lockfile()
    profile = resolve.profile_name(args.profile, chosen_profile(), lockfile)
    remarks = [_chosen_by(args.profile, lockfile)]
    if exists and profile not in lockfile.profiles:
        remarks.append("new")
    place = f"profile {profile}{_bracketed(*remarks)} of {shown(path)}"
    return Target(path, profile, place if exists else f"{place} (new)")


def binding_line(alias: str, models: Sequence[object]) -> str:
    """A binding in one line: the alias, its first model, and how many fallbacks it has."""
    fallbacks = len(models) - 1
    tail = f" (+ {fallbacks} fallback{'s' if fallbacks > 1 else ''})" if fallbacks else ""
    return f"{alias} → {models[0]}{tail}"


def shown(path: Path) -> Path:
    """A path as it is shown: from the working folder, where it lies in there."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path


def _chosen_by(explicit: str | None, lockfile: Lockfile) -> str:
    """What chose the profile, where that does not go without saying."""
    if explicit:
        return ""
    if chosen_profile():
        return "by LLMRING_PROFILE"
    return "" if lockfile.default_profile == DEFAULT_PROFILE else "the file's default"


def _bracketed(*remarks: str) -> str:
    text = ", ".join(filter(None, remarks))
    return f" ({text})" if text else ""
