"""From an alias and a profile to the models that may answer."""

from collections.abc import Mapping

from llmring.exceptions import AliasNotFoundError, ConfigurationError
from llmring.lockfile.document import Binding, Lockfile, ModelRef
from llmring.lockfile.problem import nearest


def is_reference(text: str) -> bool:
    """Whether this names a model directly ("provider:model") and not by an alias."""
    return ":" in text


def profile_name(explicit: str | None, environment: str | None, lockfile: Lockfile) -> str:
    """The profile in force.

    Args:
        explicit: What the call or the command line says.
        environment: What LLMRING_PROFILE says; an empty text counts as unset.
        lockfile: Has a default of its own.
    """
    return explicit or environment or lockfile.default_profile


def bindings(lockfile: Lockfile, profile: str) -> Mapping[str, Binding]:
    """The bindings of a profile by alias, in the order of the file.

    The default profile need not be in the file; it is then empty.

    Raises:
        ConfigurationError: There is no such profile.
    """
    found = lockfile.profiles.get(profile)
    if found is not None:
        return found.bindings
    if profile == lockfile.default_profile:
        return {}
    meant = nearest(profile, lockfile.profiles)
    mend = f"did you mean {meant!r}? " if meant else ""
    names = ", ".join(lockfile.profiles) or "none"
    raise ConfigurationError(
        f"there is no profile {profile!r}{_in_file(lockfile)}; {mend}it has: {names}"
    )


def candidates(lockfile: Lockfile, alias: str, profile: str) -> tuple[ModelRef, ...]:
    """The models of an alias, best first; of "provider:model", that model.

    Raises:
        AliasNotFoundError: The profile does not bind the alias.
        ConfigurationError: There is no such profile.
        InvalidModelReferenceError: It holds a colon and is not "provider:model".
    """
    if is_reference(alias):
        return (ModelRef.parse(alias),)
    binding = bindings(lockfile, profile).get(alias)
    if binding is None:
        raise not_found(lockfile, alias, profile)
    return binding.models


def primaries(lockfile: Lockfile, profile: str) -> dict[str, str]:
    """Each alias of a profile with its first model, in the order of the file.

    Raises:
        ConfigurationError: There is no such profile.
    """
    return {alias: str(binding.models[0]) for alias, binding in bindings(lockfile, profile).items()}


def not_found(lockfile: Lockfile, alias: str, profile: str) -> AliasNotFoundError:
    """The error for an alias that a profile does not bind; says where it is, or what was meant."""
    message = f"profile {profile!r} has no alias {alias!r}{_in_file(lockfile)}"
    meant = nearest(alias, bindings(lockfile, profile))
    if meant:
        message += f"; did you mean {meant!r}?"
    elsewhere = [name for name, other in lockfile.profiles.items() if alias in other.bindings]
    if elsewhere:
        message += f"; it is defined in profiles: {', '.join(elsewhere)}"
    return AliasNotFoundError(
        f"{message}; bind it: llmring bind {alias} provider:model --profile {profile}"
    )


def _in_file(lockfile: Lockfile) -> str:
    return f" in {lockfile.path}" if lockfile.path else ""
