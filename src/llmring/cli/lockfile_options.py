"""The lockfile and profile that a command works on, and how both are printed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from llmring.cli.output import print_error, print_note
from llmring.config.fallback_lockfile import missed_lockfile, require_lockfile
from llmring.config.profile_choice import active_profile
from llmring.config.settings import chosen_profile, find_active_lockfile
from llmring.exceptions import LockfileError, LockfileNotFoundError
from llmring.lockfile import file, resolve
from llmring.lockfile.document import DEFAULT_PROFILE, Lockfile, parse
from llmring.lockfile.file import LockfileSource, shown


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that works on a profile."""
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="profile to use (default: LLMRING_PROFILE, then the file's own)",
    )
    add_file_option(parser)


def add_file_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of every command that works on a lockfile."""
    parser.add_argument(
        "--file",
        metavar="PATH",
        help="lockfile to use (default: LLMRING_LOCKFILE_PATH, then ./llmring.lock)",
    )


def add_files_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument of a command that works on several lockfiles, one after the other."""
    parser.add_argument(
        "files", metavar="FILE", nargs="*", help="lockfiles, wherever they lie; or use --file"
    )


def for_each_file(args: argparse.Namespace, handle_one: Callable[[argparse.Namespace], int]) -> int:
    """Run a command on each lockfile that is named, and return the highest exit code.

    Args:
        args: The arguments of the command, with `files`, `file` and `json`.
        handle_one: Handles the lockfile that `file` names.
    """
    if args.files and args.file:
        print_error("name the lockfiles with FILE or with --file, not both")
        return 2
    if args.json and len(args.files) > 1:
        print_error("--json is for one lockfile; name one")
        return 2
    codes = []
    for each in args.files or [args.file]:
        args.file = each
        try:
            codes.append(handle_one(args))
        except LockfileError as error:
            if len(args.files) < 2:
                raise
            print_error(str(error))
            codes.append(1)
    return max(codes)


def users_lockfile(named: str | None) -> LockfileSource:
    """Find the user's own lockfile, for commands that check it.

    The lockfile shipped with llmring is refused: it always passes, which would hide that the
    user's own is missing.

    Args:
        named: The value of `--file`, if given.

    Raises:
        LockfileNotFoundError: The user has no lockfile here.
    """
    source = find_active_lockfile(named)
    if source.rule == "bundled":
        raise LockfileNotFoundError(
            f"no {file.NAME} here; create one: llmring lock init, or name one with --file"
        )
    return source


def read_profile(args: argparse.Namespace) -> tuple[Lockfile, str]:
    """Load the active lockfile, and choose the profile.

    Raises:
        LockfileError: The file is missing or can't be read.
    """
    source = find_active_lockfile(args.file)
    note_fallback(source)
    lockfile = parse(file.read(source.path), source.path)
    for problem in lockfile.warnings:
        effect = "" if problem.severity == "hint" else "ignored: "
        print_note(f"{shown(source.path)}:{problem.line}: {effect}{problem}")
    return lockfile, active_profile(args.profile, lockfile, source)


def note_fallback(source: LockfileSource) -> None:
    """Note, in place of the library's warning, if the active lockfile is llmring's own.

    Raises:
        LockfileNotFoundError: The user does not allow it.
    """
    require_lockfile(source)
    if source.rule != "bundled":
        return
    from llmring.client import warn_once

    print_note("no lockfile here; using llmring's own. Create yours: llmring lock init")
    missed = missed_lockfile(source)
    if missed is not None:
        print_note(f"{missed} exists, but parent folders are not searched; name it with --file")
    warn_once.skip(warn_once.FALLBACK)


class EditTarget(NamedTuple):
    """The destination of an edit.

    Attributes:
        path: The lockfile; it may not exist yet.
        profile: The profile; it may not exist yet.
        place: Both in words, with the rule that selected them.
    """

    path: Path
    profile: str
    place: str


def edit_target(args: argparse.Namespace) -> EditTarget:
    """Choose the lockfile and profile that a command edits.

    Raises:
        LockfileError: LLMRING_LOCKFILE_PATH names a missing file, or the file can't be read.
    """
    if args.file:
        path = Path(args.file)
    else:
        source = find_active_lockfile(None)
        # llmring's own lockfile is never edited.
        path = file.working_folder() / file.NAME if source.rule == "bundled" else source.path
    exists = path.exists()
    lockfile = parse(file.read(path), path) if exists else Lockfile()
    profile = resolve.profile_name(args.profile, chosen_profile(), lockfile)
    remarks = [_chosen_by(args.profile, lockfile)]
    if exists and profile not in lockfile.profiles:
        remarks.append("new")
    place = f"profile {profile}{_bracketed(*remarks)} of {shown(path)}"
    return EditTarget(path, profile, place if exists else f"{place} (new)")


def binding_line(alias: str, models: Sequence[object]) -> str:
    """Format a binding on one line: alias, first model, number of fallbacks."""
    fallbacks = len(models) - 1
    tail = f" (+ {fallbacks} fallback{'s' if fallbacks > 1 else ''})" if fallbacks else ""
    return f"{alias} → {models[0]}{tail}"


def _chosen_by(explicit: str | None, lockfile: Lockfile) -> str:
    """Describe the rule that selected the profile; empty if it is the obvious one."""
    if explicit:
        return ""
    if chosen_profile():
        return "by LLMRING_PROFILE"
    return "" if lockfile.default_profile == DEFAULT_PROFILE else "the file's default"


def _bracketed(*remarks: str) -> str:
    text = ", ".join(filter(None, remarks))
    return f" ({text})" if text else ""


def add_scope_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that works on all profiles or on one."""
    parser.add_argument("--profile", metavar="NAME", help="only this profile (default: all)")
    add_file_option(parser)
