"""Names that aliases and profiles can have."""

import re

from llmring.lockfile.schema import keys

_NOT_IN_ALIAS = re.compile(f"[{keys.NOT_IN_ALIAS}]")
_NOT_IN_PROFILE = re.compile(f"[{keys.CONTROLS}]")


def alias_objection(alias: str) -> str | None:
    """Explain why a string can't be an alias; None if it can."""
    if not alias:
        return "an alias can't be empty"
    bad = _NOT_IN_ALIAS.search(alias)
    return f"an alias can't contain {bad[0]!r}, as {alias!r} does" if bad else None


def profile_objection(profile: str) -> str | None:
    """Explain why a string can't be the name of a profile; None if it can."""
    if not profile:
        return "the name of a profile can't be empty"
    bad = _NOT_IN_PROFILE.search(profile)
    return f"the name of a profile can't contain {bad[0]!r}, as {profile!r} does" if bad else None
