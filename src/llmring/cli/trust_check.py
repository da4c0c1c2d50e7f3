"""The user's consent to what a lockfile that was merely found does with keys and files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from llmring.cli.confirmation import is_yes
from llmring.cli.output import is_terminal, print_note
from llmring.config.settings import (
    find_active_lockfile,
    trusted_lockfiles,
    trusts_lockfiles,
)
from llmring.exceptions import ConfigurationError
from llmring.lockfile import file
from llmring.lockfile.consent import Claim, claims, fingerprint
from llmring.lockfile.document import parse
from llmring.lockfile.file import shown
from llmring.lockfile.toml.quoting import dotted
from llmring.providers.table import PROVIDERS


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """Add the option of every command that sends requests as a lockfile directs."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="follow the lockfile's settings for keys and addresses this time",
    )


def require_consent(args: argparse.Namespace) -> None:
    """Check that the user agrees to where the active lockfile sends keys and requests.

    A lockfile that the user names is agreed to; one that was found in the folder is not. On a
    terminal the user is asked.

    Args:
        args: The arguments of a command, with `file` and `trust`.

    Raises:
        ConfigurationError: The user has not agreed.
        LockfileError: The lockfile can't be read.
    """
    source = find_active_lockfile(args.file)
    if args.trust or source.rule != "folder" or trusts_lockfiles():
        return
    found = claims_at(source.path)
    trusted = trusted_lockfiles()
    mark = fingerprint(found)
    if not found or trusted.holds(source.path, mark):
        return
    if _is_asked(source.path, found):
        trusted.add(source.path, mark)
        return
    path = shown(source.path)
    raise ConfigurationError(
        f"{path} is not trusted: it {'; it '.join(effects(found))}; "
        "if you agree, run: llmring trust"
    )


def claims_at(path: Path) -> tuple[Claim, ...]:
    """Return the settings of the lockfile at a path that need consent.

    Raises:
        LockfileError: It can't be read.
    """
    return claims(parse(file.read(path), path), PROVIDERS)


def effects(found: Iterable[Claim]) -> list[str]:
    """Return what these settings do, each with its key."""
    return [f"{claim.effect} ({dotted(claim.path)})" for claim in found]


def _is_asked(path: Path, found: Iterable[Claim]) -> bool:
    """Ask the user on a terminal; return True if the answer is yes."""
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return False
    print_note(f"{shown(path)} was found here, and:")
    for line in effects(found):
        print_note(f"  {line}")
    print_note("Do you agree? It is remembered until these settings change. [y/N]")
    return is_yes(sys.stdin.readline())
