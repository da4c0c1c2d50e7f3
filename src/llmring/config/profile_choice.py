"""The profile that a call uses.

A package can't know the profiles of its users. So its default profile takes the place of one from
the environment that its own lockfile lacks, as under `[extends]`, but not of one that a call names.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping
from pathlib import Path

from llmring.config.settings import chosen_profile
from llmring.lockfile import resolve
from llmring.lockfile.compose import is_in_package
from llmring.lockfile.document import Lockfile
from llmring.lockfile.file import LockfileSource

_log = logging.getLogger("llmring")


def active_profile(
    explicit: str | None,
    lockfile: Lockfile,
    source: LockfileSource,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Return the name of the profile that a call would use; the lockfile may lack it.

    Args:
        explicit: The profile that the call names, if any.
        lockfile: The active lockfile.
        source: The lockfile's path, and the rule that found it.
        environ: The variables; None for those of the process.
    """
    name = resolve.profile_name(explicit, chosen_profile(environ), lockfile)
    if name in lockfile.profiles or name in (explicit, lockfile.default_profile):
        return name
    if not _is_of_package(source):
        return name
    _note(source.path, name, lockfile.default_profile)
    return lockfile.default_profile


def _is_of_package(source: LockfileSource) -> bool:
    """Return True if a lockfile ships with a package that is installed or imported."""
    if source.rule == "argument":
        return not source.writable or is_in_package(source.path)
    return source.rule == "package"


@functools.cache
def _note(path: Path, profile: str, default: str) -> None:
    """Log once per process that the lockfile of a package lacks the profile."""
    _log.warning(
        "%s, which ships with a package, has no profile %r, which LLMRING_PROFILE names; its "
        "profile %r is used",
        path,
        profile,
        default,
    )
