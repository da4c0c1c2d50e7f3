"""The removal of a profile from a lockfile's text, which otherwise stays byte for byte."""

from __future__ import annotations

import tomllib

from llmring.exceptions import ConfigurationError, LockfileError
from llmring.lockfile import resolve
from llmring.lockfile.document import parse
from llmring.lockfile.edit.bindings import without_sections
from llmring.lockfile.toml.layout import scan
from llmring.lockfile.toml.splice import checked


def remove_profile(text: str, name: str) -> str:
    """Return the lockfile without a profile and its bindings.

    Args:
        text: The lockfile.
        name: The profile.

    Raises:
        ConfigurationError: The profile does not exist, is the default one, or another extends it.
        LockfileError: The text is not a lockfile, or can't be edited safely.
    """
    lockfile = parse(text)
    resolve.bindings(lockfile, name)
    heirs = [each.name for each in lockfile.profiles.values() if each.extends == name]
    if heirs:
        raise ConfigurationError(
            f"profile {name!r} can't be removed: profile {heirs[0]!r} extends it"
        )
    if name == lockfile.default_profile or name not in lockfile.profiles:
        raise ConfigurationError(f"profile {name!r} can't be removed: it is the default profile")
    at = ("profiles", name)
    layout = scan(text)
    if any(
        layout.entries[path].value is not None for path in (at, at[:1]) if path in layout.entries
    ):
        raise LockfileError(f"profile {name!r} is written as an inline table; remove it by hand")
    after = without_sections(layout, lambda path: path[:2] == at)
    if name in tomllib.loads(after).get("profiles", {}):
        raise LockfileError(f"profile {name!r} has keys outside of its tables; remove it by hand")
    return checked(text, after, lambda tree: tree["profiles"].pop(name))
