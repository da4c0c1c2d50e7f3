"""The use of llmring's own lockfile in a folder that has none: a warning, or an error.

Its models are the vendors', whatever the aliases mean in the lockfile that was not found.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llmring.config.environment import switch
from llmring.config.settings import variables
from llmring.exceptions import LockfileNotFoundError
from llmring.lockfile.file import NAME, LockfileSource, find_above, working_folder

# The variables that forbid it, each if it is switched on.
FORBIDDING = ("LLMRING_REQUIRE_LOCKFILE", "LLMRING_FROZEN")


def require_lockfile(source: LockfileSource, environ: Mapping[str, str] | None = None) -> None:
    """Raise if the lockfile is llmring's own, and a variable forbids that.

    Args:
        source: The active lockfile.
        environ: The variables; None for those of the process.

    Raises:
        LockfileNotFoundError: It is.
        ConfigurationError: A variable is neither on nor off.
    """
    if source.rule != "bundled":
        return
    env = variables(FORBIDDING) if environ is None else environ
    forbidding = next((name for name in FORBIDDING if switch(env, name)), None)
    if forbidding is not None:
        path = _folder(source) / NAME
        raise LockfileNotFoundError(
            f"does not exist, and {forbidding} forbids the lockfile that comes with llmring; "
            f"{_fix(source)}",
            path=path,
        )


def fallback_warning(source: LockfileSource) -> str:
    """Return the warning that calls go by llmring's own lockfile.

    Args:
        source: The active lockfile, which is llmring's own.
    """
    return (
        f"{_folder(source) / NAME} does not exist, so calls use the models of {source.path}, which "
        f"comes with llmring; {_fix(source)}; LLMRING_REQUIRE_LOCKFILE=1 makes this an error"
    )


def missed_lockfile(source: LockfileSource) -> Path | None:
    """Return the lockfile in a parent folder that the user may have meant, if there is one."""
    return find_above(_folder(source)) if source.rule == "bundled" else None


def _folder(source: LockfileSource) -> Path:
    return source.searched or working_folder()


def _fix(source: LockfileSource) -> str:
    missed = missed_lockfile(source)
    if missed is None:
        return "run llmring lock init, or set LLMRING_LOCKFILE_PATH"
    return (
        f"{missed} exists, but parent folders are not searched: start in {missed.parent}, or set "
        f"LLMRING_LOCKFILE_PATH={missed}"
    )
