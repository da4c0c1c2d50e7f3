"""Lockfiles read from git: REV:PATH, as in HEAD:llmring.lock."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from llmring.exceptions import LockfileNotFoundError

# Long enough for a slow disk; without standard input, git can't wait for an answer.
_SECONDS = 30

# A Windows drive ("C:\llmring.lock") is not a revision.
_REVISION = re.compile(r"(?![A-Za-z]:[\\/])(?!-)[^:\x00]*:[^\x00]+")


def is_revision(name: str) -> bool:
    """Return True if the name has the form REV:PATH."""
    return _REVISION.fullmatch(name) is not None


def is_temporary(path: Path) -> bool:
    """Return True if git difftool has made a file, to show the content of a revision."""
    return path.parent.name.startswith("git-blob-")


def content(name: str) -> bytes:
    """Read a file of a revision as git stores it, without running filters or a pager.

    Args:
        name: REV:PATH, with the path from the top of the repository; REV:./PATH from here.

    Raises:
        LockfileNotFoundError: Git has no such file, or is not installed.
    """
    path = Path(name)
    try:
        done = subprocess.run(  # noqa: S603 -- git, without a shell
            ["git", "cat-file", "blob", name],  # noqa: S607 -- the user's own git
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise LockfileNotFoundError(
            "no such file; to read it as a git revision, install git",
            path=path,
        ) from None
    except subprocess.TimeoutExpired:
        raise LockfileNotFoundError(f"git did not answer within {_SECONDS} s", path=path) from None
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        why = (
            lines[0].removeprefix("fatal: ").removesuffix(".")
            if lines
            else f"exit code {done.returncode}"
        )
        raise LockfileNotFoundError(
            f"no such file or git revision: {why}; write a path, or REV:PATH as HEAD:llmring.lock",
            path=path,
        )
    return done.stdout
