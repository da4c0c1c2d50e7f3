"""The renaming of an alias in a lockfile's text, which otherwise stays byte for byte."""

from __future__ import annotations

from llmring.exceptions import AliasNotFoundError, ConfigurationError
from llmring.lockfile import resolve
from llmring.lockfile.document import parse
from llmring.lockfile.schema.name_rules import alias_objection
from llmring.lockfile.toml.layout import scan
from llmring.lockfile.toml.quoting import quoted
from llmring.lockfile.toml.splice import at_path, checked, require_utf8, spliced


def rename_alias(text: str, alias: str, new: str, profile: str) -> str:
    """Return the lockfile with an alias of a profile renamed; its models and policy stay.

    Args:
        text: The lockfile.
        alias: The alias.
        new: Its new name.
        profile: The profile.

    Raises:
        AliasNotFoundError: The profile itself does not bind the alias.
        ConfigurationError: The new name is invalid or taken, or the profile does not exist.
        LockfileError: The text is not a lockfile, or can't be edited safely.
    """
    objection = alias_objection(new)
    if objection:
        raise ConfigurationError(objection)
    require_utf8(new)
    lockfile = parse(text)
    bound = resolve.bindings(lockfile, profile)
    binding = bound.get(alias)
    if binding is None:
        raise resolve.not_found(lockfile, alias, profile)
    if binding.at[1] != profile:
        raise AliasNotFoundError(
            f"profile {profile!r} inherits alias {alias!r} from profile {binding.at[1]!r}; "
            "rename it there"
        )
    if new == alias:
        return text
    if new in bound:
        raise ConfigurationError(f"profile {profile!r} has an alias {new!r} already")
    span = scan(text).value((*binding.at, "alias"))
    after = spliced(text, span, quoted(new))
    return checked(text, after, lambda tree: at_path(tree, binding.at).update(alias=new))
