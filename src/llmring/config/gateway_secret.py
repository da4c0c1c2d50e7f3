"""The gateway's secret: from the environment, or made once and kept in the user's state folder.

Seals and marks that the gateway gives to clients are made with it, so it has to be the same in all
its processes, and after a restart.
"""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path

from llmring.exceptions import ConfigurationError
from llmring.lockfile import atomic_write

LEAST_LENGTH = 32

_VARIABLE = "LLMRING_GATEWAY_SECRET"
_NAME = "gateway.secret"
_BYTES = 32


def gateway_secret(variable: str | None, state_dir: Path) -> bytes:
    """Return the gateway's secret; without one, make one.

    Args:
        variable: The value of LLMRING_GATEWAY_SECRET, if set.
        state_dir: The user's state folder; a relative one is that of no user.

    Raises:
        ConfigurationError: The variable is too short, the file is damaged or open to other users,
            or the user lacks a home folder to keep it in.
        OSError: The file can't be read or written.
    """
    if variable is not None:
        if len(variable) < LEAST_LENGTH:
            raise ConfigurationError(
                f"{_VARIABLE} is shorter than {LEAST_LENGTH} characters; make one: "
                'python -c "import secrets; print(secrets.token_hex())"'
            )
        return variable.encode()
    if not state_dir.is_absolute():
        raise ConfigurationError(
            f"the gateway's secret can't be kept without a home folder; set {_VARIABLE}, HOME or "
            "XDG_STATE_HOME"
        )
    path = (state_dir / _NAME).resolve()
    return _read(path) or _make(path)


def _make(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with atomic_write.turn(path):
        found = _read(path)  # another process may have made it meanwhile
        if found is not None:
            return found
        made = secrets.token_bytes(_BYTES)
        atomic_write.replace(path, f"{made.hex()}\n".encode(), mode=0o600)
    return made


def _read(path: Path) -> bytes | None:
    """Return the secret in a file; None without the file."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(2 * _BYTES + 2)
    except FileNotFoundError:
        return None
    if sys.platform != "win32" and stat.S_IMODE(mode) & 0o077:
        raise ConfigurationError(f"other users may open {path}; run chmod 600 {path}")
    try:
        found = bytes.fromhex(text.decode())
    except ValueError:
        found = b""
    if len(found) != _BYTES:
        raise ConfigurationError(
            f"{path} does not hold the gateway's secret; remove it to have a new one made, or set "
            f"{_VARIABLE}"
        )
    return found
