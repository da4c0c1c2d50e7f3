"""A lockfile as git has it: REV:PATH, as in HEAD:llmring.lock."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from llmring.exceptions import LockfileNotFoundError

# Long enough for a slow disk; git asks nobody anything, so it can't wait for an answer.
_SECONDS = 30

# A drive of Windows ("C:\llmring.lock") is no revision.
_REVISION = re.compile(r"(?![A-Za-z]:[\\/])(?!-)[^:\x00]*:[^\x00]+")


def is_revision(name: str) -> bool:
    """Whether this may name a file in git's keeping."""
    return _REVISION.fullmatch(name) is not None


def content(name: str) -> bytes:
    """The file of a revision as it is stored; no filter and no pager of git's is run.

    Args:
        name: REV:PATH, with the path from the top of the repository; REV:./PATH from here.

    Raises:
        LockfileNotFoundError: Git has no such file, or there is no git.
    """
    path = Path(name)
    try:
        done = subprocess.run(  # noqa: S603 -- git, and no shell
            ["git", "cat-file", "blob", name],  # noqa: S607 -- the git that the user has
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise LockfileNotFoundError(
            "no such file; to read it as a revision git is needed, which is not installed",
            path=path,
        ) from None
    except subprocess.TimeoutExpired:
        raise LockfileNotFoundError(f"git did not give it in {_SECONDS} s", path=path) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = (
            said[0].removeprefix("fatal: ").removesuffix(".")
            if said
            else f"exit code {done.returncode}"
        )
        raise LockfileNotFoundError(
            f"no such file, and none of git's: {why}; write REV:PATH, such as HEAD:llmring.lock",
            path=path,
        )
    return done.stdout
