"""All problems of a lockfile at once, each with its place and its fix."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date

from llmring.exceptions import ConfigurationError, LockfileVersionError
from llmring.lockfile import model_checks, needs, provider_checks
from llmring.lockfile.document import Binding, Examination, Lockfile, ModelRef, examine
from llmring.lockfile.home_address import BuiltInProvider
from llmring.lockfile.problem import Fault, Problem, Severity, aliases_named, listed, nearest
from llmring.lockfile.schema.name_rules import import_name
from llmring.lockfile.toml.layout import KeyPath, scan


def problems(
    text: str,
    providers: Mapping[str, BuiltInProvider],
    facts_for: Callable[[Lockfile], model_checks.LifecycleCatalog] | None = None,
    today: date | None = None,
) -> list[Problem]:
    """Return the errors, warnings and hints for a lockfile, in the order of the file.

    Args:
        text: The lockfile.
        providers: The providers that llmring knows, by name; model references may also name
            the providers that the lockfile defines.
        facts_for: Returns the model facts that apply with this lockfile; None to leave models
            unchecked.
        today: The date to check retirements against; None to leave them unchecked.
    """
    reading = examine(text)
    if isinstance(reading, Problem):
        return [reading]
    layout = scan(text)
    faults = [*reading.faults, *_advice(reading, providers)]
    if facts_for is not None:
        known = facts_for(reading.lockfile)
        faults += needs.advice(reading.lockfile, known.facts)
        if today is not None:
            aliases = _aliases_by_key(reading.lockfile)
            faults += model_checks.advice(reading.references, known, today, aliases)
    return sorted(
        (fault.placed(layout) for fault in faults),
        key=lambda problem: (problem.line, problem.column),
    )


def _aliases_by_key(lockfile: Lockfile) -> dict[KeyPath, str]:
    """Return the aliases by the keys of their bindings, with the profile where it is another."""
    usual = lockfile.default_profile
    return {
        binding.at: alias if profile.name == usual else f"{alias} of {profile.name}"
        for profile in lockfile.profiles.values()
        for alias, binding in profile.bindings.items()
        if binding.at[1:2] == (profile.name,)
    }


def require_providers(models: Iterable[ModelRef], providers: Collection[str]) -> None:
    """Reject models of unknown providers before they are written to a lockfile.

    Raises:
        ConfigurationError: A provider is unknown.
    """
    for ref in models:
        if ref.provider not in providers:
            raise ConfigurationError(f"unknown provider {ref.provider!r}; {_meant(ref, providers)}")


def _meant(ref: ModelRef, providers: Collection[str]) -> str:
    meant = nearest(ref.provider, providers)
    names = listed(providers, "llmring providers")
    return f"did you mean {meant}:{ref.model}?" if meant else f"name one of: {names}"


def _advice(reading: Examination, providers: Mapping[str, BuiltInProvider]) -> Iterator[Fault]:
    """Yield the faults that reading a lockfile does not find."""
    if any(fault.raises is LockfileVersionError for fault in reading.faults):
        return
    known = dict.fromkeys(map(str.lower, (*providers, *_table(reading, "providers"))))
    yield from provider_checks.advice(reading.lockfile.providers, providers)
    yield from _unknown_providers(reading, known)
    yield from _repeated_models(reading)
    yield from _profiles(reading)
    yield from _packages(reading, known)
    yield from _names(reading)
    faulty = {fault.path[:4] for fault in reading.faults}
    own = [
        binding
        for profile in reading.lockfile.profiles.values()
        for binding in profile.bindings.values()
        if binding.at[1] == profile.name and binding.at not in faulty
    ]
    for binding in own:
        yield from _binding(binding, known)
    yield from _without_fallback([binding for binding in own if len(binding.models) == 1])


def _unknown_providers(reading: Examination, known: Collection[str]) -> Iterator[Fault]:
    for path, ref in reading.references:
        if ref.provider not in known:
            message = f"unknown provider {ref.provider!r}"
            yield Fault(path=path, message=message, fix=_meant(ref, known))


def _repeated_models(reading: Examination) -> Iterator[Fault]:
    seen: dict[tuple[KeyPath, object], KeyPath] = {}
    for path, ref in reading.references:
        first = seen.setdefault((path[:-1], ref), path)
        if first != path:
            yield _fault(
                path, "warning", f"{ref} is listed twice", "remove one of the two", first=first
            )


def _profiles(reading: Examination) -> Iterator[Fault]:
    lockfile = reading.lockfile
    profiles = _table(reading, "profiles")
    if not profiles:
        yield _fault((), "warning", "the lockfile has no profile", "add [profiles.default]")
    elif lockfile.default_profile not in profiles:
        yield _no_default(lockfile, named="default_profile" in reading.tree)
    for name, table in profiles.items():
        label = table.get("name", name) if isinstance(table, dict) else name
        if isinstance(label, str) and label != name:
            path = ("profiles", name, "name")
            yield _fault(
                path,
                "warning",
                f"profile {name!r} has another name, {label!r}, which is ignored",
                f'write name = "{name}", or remove it',
            )
    everywhere = dict.fromkeys(
        alias for profile in lockfile.profiles.values() for alias in profile.bindings
    )
    for name, profile in lockfile.profiles.items():
        missing = [alias for alias in everywhere if alias not in profile.bindings]
        if missing:
            yield _fault(
                ("profiles", name),
                "hint",
                f"profile {name!r} lacks aliases of other profiles: {', '.join(missing)}",
                "bind them here too if the same code uses this profile",
            )


def _no_default(lockfile: Lockfile, *, named: bool) -> Fault:
    profile = lockfile.default_profile
    names = ", ".join(lockfile.profiles)
    if named:
        meant = nearest(profile, lockfile.profiles)
        fix = f"did you mean {meant!r}?" if meant else f"name one of: {names}"
        return _fault(("default_profile",), "warning", f"unknown profile {profile!r}", fix)
    return _fault(
        (),
        "hint",
        f"profile {profile!r}, the default for calls, is missing",
        f'add default_profile = "…", one of: {names}',
    )


def _packages(reading: Examination, known: Collection[str]) -> Iterator[Fault]:
    packages = _table(reading, "extends").get("packages")
    seen: dict[object, KeyPath] = {}
    for index, package in enumerate(packages if isinstance(packages, list) else ()):
        if not isinstance(package, str):
            continue
        path = ("extends", "packages", index)
        first = seen.setdefault(import_name(package), path)
        if first != path:
            yield _fault(
                path,
                "warning",
                f"{package!r} is listed twice",
                "remove one of the two",
                first=first,
            )
        elif package.lower() in known:
            yield _fault(
                path,
                "warning",
                f"{package!r} is also a provider, so {package}: always means the provider",
                "rename one of the two; until then, calls can't reach the package's aliases",
            )


def _names(reading: Examination) -> Iterator[Fault]:
    lockfile = reading.lockfile
    aliases = {alias for profile in lockfile.profiles.values() for alias in profile.bindings}
    for rule, alias in lockfile.gateway.get("names", {}).items():
        package, colon, _ = alias.partition(":")
        if alias not in aliases and not (colon and package in lockfile.packages):
            meant = nearest(alias, aliases)
            yield _fault(
                ("gateway", "names", rule),
                "warning",
                f"no profile binds {alias!r}, so the names of this rule are unknown to clients",
                f"did you mean {meant!r}?" if meant else "bind the alias, or name another one",
            )


def _binding(binding: Binding, known: Collection[str]) -> Iterator[Fault]:
    path = (*binding.at, "alias")
    if binding.alias.partition(":")[0].lower() in known and ":" in binding.alias:
        yield _fault(
            path,
            "warning",
            f"{binding.alias!r} is read as a model, so this alias is never used",
            "rename the alias",
        )


def _without_fallback(bindings: Sequence[Binding]) -> Iterator[Fault]:
    """Yield one hint for all bindings of a single model, at the first of them."""
    if bindings:
        which, is_one = aliases_named(binding.alias for binding in bindings)
        yield _fault(
            (*bindings[0].at, "alias"),
            "hint",
            f"{which} {'has' if is_one else 'have'} a single model and no fallback",
            "add a model of another vendor",
        )


def _table(reading: Examination, key: str) -> dict[str, object]:
    value = reading.tree.get(key)
    return value if isinstance(value, dict) else {}


def _fault(
    path: KeyPath, severity: Severity, message: str, fix: str, first: KeyPath | None = None
) -> Fault:
    return Fault(path=path, severity=severity, message=message, fix=fix, first=first)
