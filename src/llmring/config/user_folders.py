"""The user's own folders, on each platform."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def state_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return llmring's folder for state that programs should remember, on this platform.

    Args:
        environ: The environment's variables.
        platform: As `sys.platform`.
    """
    windows = ("LOCALAPPDATA", "AppData/Local")
    return _folder(environ, platform, windows, ("XDG_STATE_HOME", ".local/state"))


def config_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return llmring's folder for what the user has set for all programs, on this platform.

    Args:
        environ: The environment's variables.
        platform: As `sys.platform`.
    """
    windows = ("APPDATA", "AppData/Roaming")
    return _folder(environ, platform, windows, ("XDG_CONFIG_HOME", ".config"))


def _folder(
    environ: Mapping[str, str], platform: str, windows: tuple[str, str], other: tuple[str, str]
) -> Path:
    """Return the folder that a variable names, or the usual one below the user's home."""
    home = Path(environ.get("HOME") or environ.get("USERPROFILE") or "~")
    if platform == "win32":
        variable, usual = windows
        return Path(environ.get(variable) or home / usual) / "llmring"
    if platform == "darwin":
        return home / "Library" / "Application Support" / "llmring"
    variable, usual = other
    # https://specifications.freedesktop.org/basedir-spec/latest/
    named = environ.get(variable, "")
    return (Path(named) if named.startswith("/") else home / usual) / "llmring"


def is_in_a_home(state_dir: Path) -> bool:
    """Return True if the user has a home folder; without one, no state is kept.

    A relative folder could come with the files of a repository.

    Args:
        state_dir: The folder that `state_folder` has found.
    """
    return state_dir.is_absolute()
