"""Values of environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llmring.config.user_folders import is_in_a_home
from llmring.exceptions import ConfigurationError


def value_of(env: Mapping[str, str], name: str) -> str | None:
    """Return the value of a variable; an empty or blank one counts as unset."""
    return env.get(name, "").strip() or None


_ON, _OFF = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


def switch(env: Mapping[str, str], name: str) -> bool:
    """Return True if a variable is switched on; an unset one is off."""
    value = (value_of(env, name) or "off").lower()
    if value not in _ON | _OFF:
        raise ConfigurationError(f"{name} is {value!r}; set it to 1 or 0")
    return value in _ON


def database_at(env: Mapping[str, str], name: str, usual: Path) -> Path | str | None:
    """Return the database that a variable names, or the usual file; None without a home folder.

    Raises:
        ConfigurationError: The variable names no database.
    """
    url = value_of(env, name)
    if url is None:
        return usual if is_in_a_home(usual.parent) else None
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        return url
    if scheme == "sqlite" and rest.strip("/"):
        return Path(rest).expanduser()
    raise ConfigurationError(
        f"{name} can't be used; set it to postgresql://USER@HOST/DATABASE or sqlite:///PATH"
    )
