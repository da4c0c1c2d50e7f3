"""The installation of client programs, by the ordinary clients of npm and PyPI."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from real_clients.program import Package

_SECONDS = 900


def install(package: Package, programs: Path) -> None:
    """Install a program in a folder of its own, unless these versions are there.

    Args:
        package: Its packages.
        programs: The folder of all programs.
    """
    folder = programs / package.folder
    wanted = " ".join(sorted((*package.npm, *package.pypi)))
    mark = folder / ".installed"
    if mark.is_file() and mark.read_text() == wanted and package.path(programs).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    if package.npm:
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is needed: install Node.js 20 or newer")
        quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
        _run([npm, "install", "--prefix", str(folder), *quiet, *package.npm])
    if package.pypi:
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(folder / "bin/python"), "-m", "pip", "install", "-q", *package.pypi])
    if not package.path(programs).exists():
        raise SystemExit(f"{wanted} has no {package.runs}")
    mark.write_text(wanted)


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, timeout=_SECONDS)  # noqa: S603  # our own table
