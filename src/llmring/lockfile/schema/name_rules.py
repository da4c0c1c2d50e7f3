"""Names that aliases, profiles and packages can have."""

import re

from llmring.lockfile.problem import Fault
from llmring.lockfile.schema import keys
from llmring.lockfile.toml.layout import KeyPath

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


def import_name(package: str) -> str:
    """Return the import name of a package that may be given by the name of its distribution."""
    return package.replace("-", "_")


def package_name(listed: object, at: KeyPath) -> tuple[str | None, Fault | None]:
    """Return the import name of a listed package, if it has one, and what is wrong with the entry.

    Args:
        listed: The entry; hyphens, as in the names of distributions, only give a hint.
        at: Its key path.
    """
    name = import_name(listed) if isinstance(listed, str) and listed[:1] != "-" else ""
    if not name.isidentifier():
        fix = "write the name used in import statements, such as my_library"
        return None, Fault(path=at, message=f"{listed!r} is not the name of a package", fix=fix)
    if name == listed:
        return name, None
    message = f"{listed!r} is read as {name!r}, since import statements have no hyphens"
    return name, Fault(
        path=at, message=message, fix=f"write {name!r}", severity="hint", raises=None
    )
