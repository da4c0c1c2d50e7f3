"""Source files under a path, without ignored, installed or generated ones."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from llmring.exceptions import MissingFileError

MOST_BYTES = 1_000_000

# Folders with installed or generated files.
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
    """Yield the source files under a path, or the path itself if it is a file.

    In a git working tree, files that git ignores are left out.

    Raises:
        MissingFileError: The path does not exist.
    """
    if not path.exists():
        raise MissingFileError(f"{path} does not exist; name a file or folder to scan")
    if path.is_file():
        yield path
        return
    listed = _listed(path)
    yield from _walked(path) if listed is None else listed


def text_of(path: Path) -> str | None:
    """Read the text of a file; None if it is binary, or too long to be written by hand.

    Raises:
        OSError: The file can't be read.
    """
    if path.stat().st_size > MOST_BYTES:
        return None
    data = path.read_bytes()
    try:
        return None if b"\0" in data else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _listed(folder: Path) -> list[Path] | None:
    """List the files that git tracks or would add; None if git can't be run here."""
    git = shutil.which("git")
    if git is None:
        return None
    command = [git, "-C", str(folder), "ls-files", "-z", "--cached", "--others"]
    try:
        done = subprocess.run(  # noqa: S603  # after -C, a path can't be an option
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
