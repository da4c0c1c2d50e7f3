"""The source files under a path: those that somebody wrote, and none that came from elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from llmring.exceptions import MissingFileError

MOST_BYTES = 1_000_000

# What others have put there, or programs.
_FOREIGN = frozenset(
    {
        ".git",
        ".hg",
        ".svn",
        ".tox",
        ".nox",
        ".venv",
        "venv",
        "node_modules",
        "site-packages",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
    }
)
# Marks a virtual environment, whatever its name.
_ENVIRONMENT = "pyvenv.cfg"

_GIT_SECONDS = 30


def files_under(path: Path) -> Iterator[Path]:
    """The files to look at; a path that is a file is that file.

    Where git is there and the path is in its working tree, what it ignores is left out.

    Raises:
        MissingFileError: There is no such path.
    """
    if not path.exists():
        raise MissingFileError(f"there is no {path} to scan")
    if path.is_file():
        yield path
        return
    listed = _listed(path)
    yield from _walked(path) if listed is None else listed


def text_of(path: Path) -> str | None:
    """The text of a file; None where it is none, or too long to be written by hand.

    Raises:
        OSError: It can't be read.
    """
    if path.stat().st_size > MOST_BYTES:
        return None
    data = path.read_bytes()
    try:
        return None if b"\0" in data else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _listed(folder: Path) -> list[Path] | None:
    """What git knows or would take up; None where it can't be asked."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-C", str(folder), "ls-files", "-z", "--cached", "--others"]
    try:
        done = subprocess.run(  # noqa: S603  # a path is no option after -C
            [*command, "--exclude-standard"],
            capture_output=True,
            check=False,
            timeout=_GIT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    names = sorted(set(done.stdout.decode("utf-8", "surrogateescape").split("\0")) - {""})
    environments = {Path(name).parent for name in names if Path(name).name == _ENVIRONMENT}
    return [
        folder / name
        for name in names
        if not _FOREIGN & set(Path(name).parts)
        and not environments & set(Path(name).parents)
        and (folder / name).is_file()
    ]


def _walked(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _FOREIGN and not (here / name / _ENVIRONMENT).exists()
        )
        yield from (here / name for name in sorted(names) if (here / name).is_file())
