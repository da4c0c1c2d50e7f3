"""The public key of a lockfile's owner: from the environment, or the project's own settings."""

from __future__ import annotations

import tomllib
from pathlib import Path

from llmring.exceptions import ConfigurationError, LockfileNotFoundError
from llmring.lockfile import file
from llmring.lockfile.signature import PublicKey


def owner_key(variable: str | None, lockfile: Path) -> PublicKey | None:
    """Return the public key with which a lockfile must be signed; None if none is set.

    Args:
        variable: The value of LLMRING_PUBLIC_KEY, if set.
        lockfile: Path of the lockfile; `pyproject.toml` next to it may hold the key.

    Raises:
        ConfigurationError: `pyproject.toml` is not TOML, or its key is not a text.
        LockfileError: It can't be read.
    """
    if variable is not None:
        return PublicKey(variable, "LLMRING_PUBLIC_KEY")
    path = lockfile.parent / "pyproject.toml"
    try:
        tree = tomllib.loads(file.read(path))
    except LockfileNotFoundError:
        return None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{path} may hold the public key of the lockfile, but is not TOML: {error}; fix it, "
            "or set LLMRING_PUBLIC_KEY"
        ) from None
    match tree:
        case {"tool": {"llmring": {"public_key": str(text)}}}:
            return PublicKey(text, f"[tool.llmring] public_key in {path}")
        case {"tool": {"llmring": {"public_key": _}}}:
            raise ConfigurationError(
                f"[tool.llmring] public_key in {path} is not a text; write it in quotes"
            )
    return None
