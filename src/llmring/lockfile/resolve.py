"""Resolution of aliases to models within one lockfile."""

from collections.abc import Mapping

from llmring.exceptions import AliasNotFoundError, ConfigurationError
from llmring.lockfile.document import Binding, Lockfile, ModelRef
from llmring.lockfile.problem import nearest
from llmring.lockfile.toml.quoting import quoted_key


def is_reference(text: str) -> bool:
    """Return True if a name is a model reference ("provider:model") rather than an alias."""
    return ":" in text


def profile_name(explicit: str | None, environment: str | None, lockfile: Lockfile) -> str:
    """Return the active profile.

    Args:
        explicit: The profile given in the call or on the command line, if any.
        environment: The value of LLMRING_PROFILE; an empty string counts as unset.
        lockfile: The lockfile, for its default profile.
    """
    return explicit or environment or lockfile.default_profile


def bindings(lockfile: Lockfile, profile: str) -> Mapping[str, Binding]:
    """Return the bindings of a profile by alias, in the order of the file.

    The default profile may be missing in the file; it is then empty.

    Raises:
        ConfigurationError: The profile does not exist.
    """
    found = lockfile.profiles.get(profile)
    if found is not None:
        return found.bindings
    if profile == lockfile.default_profile:
        return {}
    meant = nearest(profile, lockfile.profiles)
    fix = f"did you mean {meant!r}? If not, " if meant else ""
    names = ", ".join(lockfile.profiles)
    listing = f"use one of: {names}" if names else f"add [profiles.{quoted_key(profile)}]"
    raise ConfigurationError(f"unknown profile {profile!r}{_in_file(lockfile)}; {fix}{listing}")


def candidates(lockfile: Lockfile, alias: str, profile: str) -> tuple[ModelRef, ...]:
    """Return the models of an alias, best first; for "provider:model", that model.

    Raises:
        AliasNotFoundError: The profile does not bind the alias.
        ConfigurationError: The profile does not exist.
        InvalidModelReferenceError: The name holds a colon and is not "provider:model".
    """
    if is_reference(alias):
        return (ModelRef.parse(alias),)
    binding = bindings(lockfile, profile).get(alias)
    if binding is None:
        raise not_found(lockfile, alias, profile)
    return binding.models


def primaries(lockfile: Lockfile, profile: str) -> dict[str, str]:
    """Return the first model of each alias of a profile, in the order of the file.

    Raises:
        ConfigurationError: The profile does not exist.
    """
    return {alias: str(binding.models[0]) for alias, binding in bindings(lockfile, profile).items()}


def not_found(lockfile: Lockfile, alias: str, profile: str) -> AliasNotFoundError:
    """Build the error for an alias that a profile does not bind, with likely alternatives."""
    message = f"profile {profile!r} has no alias {alias!r}{_in_file(lockfile)}"
    elsewhere = [name for name, other in lockfile.profiles.items() if alias in other.bindings]
    if elsewhere:
        message += f", but it is defined in profiles: {', '.join(elsewhere)}"
    meant = nearest(alias, bindings(lockfile, profile))
    hint = f"did you mean {meant!r}? If not, " if meant else ""
    return AliasNotFoundError(
        f"{message}; {hint}bind it: llmring bind {alias} provider:model --profile {profile}"
    )


def _in_file(lockfile: Lockfile) -> str:
    return f" in {lockfile.path}" if lockfile.path else ""
