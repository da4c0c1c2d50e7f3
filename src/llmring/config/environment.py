"""Values of environment variables."""

from __future__ import annotations

from collections.abc import Mapping

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
