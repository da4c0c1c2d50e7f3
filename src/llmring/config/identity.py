"""The identity of a lockfile, under which its calls, spending and limits are counted.

It is the lockfile's `name` or else its path. It does not depend on the content: binding an alias
must not begin a new budget.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

from msgspec import Struct

from llmring.config.settings import find_active_lockfile
from llmring.lockfile.document import Lockfile, parse
from llmring.lockfile.file import LockfileSource, read


class LockfileIdentity(Struct, frozen=True):
    """The identity of a lockfile.

    Attributes:
        name: Its name, if it has one.
        path: Its path on this machine, without symbolic links.
    """

    name: str | None
    path: str

    @property
    def here(self) -> str:
        """The key for what this machine counts alone."""
        return self.name or self.path

    @property
    def anywhere(self) -> str:
        """The key for what several machines count together.

        Without a name, each machine counts for itself: equal paths on two of them may be different
        projects, as in containers.
        """
        return self.name or f"{_host()}:{self.path}"

    def in_ledger(self, place: Path | str) -> str:
        """Return the key in a ledger.

        Args:
            place: The ledger's file, or the address of its PostgreSQL database.
        """
        return self.here if isinstance(place, Path) else self.anywhere


def identity_of(lockfile: Lockfile, path: Path) -> LockfileIdentity:
    """Return the identity of a lockfile.

    Args:
        lockfile: The lockfile.
        path: Its path.
    """
    return LockfileIdentity(lockfile.name, real_path(path))


def own_projects(place: Path | str, *lockfiles: Lockfile) -> tuple[str, ...] | None:
    """Return the keys of the calls that were made with these lockfiles; None for all calls.

    Calls made before a lockfile got its name are found by its path. If the lockfiles have neither
    name nor file, as those of a git revision, the active lockfile counts. If that is llmring's own,
    all calls count.

    Args:
        place: The ledger's file, or the address of its PostgreSQL database.
        lockfiles: The lockfiles, which know the path that they were read from.

    Raises:
        LockfileError: The active lockfile can't be read.
    """
    from llmring.lockfile.git_revision import is_temporary

    found: list[str] = []
    for each in lockfiles:
        found += [each.name] if each.name is not None else []
        if each.path is not None and each.path.is_file() and not is_temporary(each.path):
            unnamed = LockfileIdentity(None, real_path(each.path))
            found.append(unnamed.in_ledger(place))
    return tuple(dict.fromkeys(found)) or active_projects(place, find_active_lockfile(None))


def active_projects(place: Path | str, source: LockfileSource) -> tuple[str, ...] | None:
    """Return the keys of the calls made with the active lockfile; None if it is llmring's own.

    Args:
        place: The ledger's file, or the address of its PostgreSQL database.
        source: The active lockfile.

    Raises:
        LockfileError: It can't be read.
    """
    if source.rule == "bundled":
        return None
    return own_projects(place, parse(read(source.path), source.path))


def real_path(path: Path) -> str:
    """Return a path without symbolic links, as text that databases store."""
    return os.path.realpath(path).encode("utf-8", "replace").decode()


@functools.cache
def _host() -> str:
    import socket

    return socket.gethostname()
