"""Lockfiles that come in packages: found without running the package's code, and looked into.

A name with a colon is read in this order; the first that fits holds:

1. "provider:model", where what is before the first colon is a provider, in any case;
2. a binding of that very name in the consumer's profile: the override of a package's alias;
3. an alias of the package before the colon, if `[extends] packages` of the consumer's lockfile
   lists it: in the package's profile of the same name, or else in its default profile.

So a package that is called like a provider can't be reached, which `lock check` reports. A name
without a colon is only ever looked up in the consumer's lockfile. Of a package's lockfile only
what it binds itself counts: what it extends in turn is not followed.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from msgspec import Struct

from llmring.exceptions import (
    AliasNotFoundError,
    InvalidModelReferenceError,
    ProviderNotFoundError,
)
from llmring.lockfile import resolve
from llmring.lockfile.document import Binding, Lockfile, ModelRef, parse
from llmring.lockfile.file import NAME, LiveLockfile, decode
from llmring.lockfile.problem import nearest


class Resolved(Struct, frozen=True):
    """What a name stands for.

    Attributes:
        models: The models, best first; at least one.
        alias: The alias, or None where the name is that of a model itself.
        policy: How the models are called: the tables of the profile and of the binding, as they
            are written; a later one holds.
    """

    models: tuple[ModelRef, ...]
    alias: str | None
    policy: tuple[Mapping[str, Any], ...] = ()


class Packages:
    """The lockfiles that installed packages bring, each read when it is first asked for.

    One that lies in a folder is read again when it changes; one in a zip archive is not.
    """

    def __init__(self) -> None:
        self._found: dict[str, LiveLockfile | Lockfile] = {}

    def lockfile(self, package: str) -> Lockfile | None:
        """What a package's lockfile says; None where the package is missing or has none.

        Raises:
            LockfileError: It can't be read.
        """
        found = self._found.get(package)
        if found is None:
            path = locate(package)
            found = _archived(package) if path is None else LiveLockfile(path)
            if found is None:
                return None
            self._found[package] = found
        return found.current() if isinstance(found, LiveLockfile) else found

    def forget(self) -> None:
        """Look for the packages again, and read their lockfiles again."""
        self._found.clear()
        importlib.invalidate_caches()


def look_up(
    name: str, lockfile: Lockfile, profile: str, providers: Collection[str], packages: Packages
) -> Resolved:
    """What an alias, "package:alias" or "provider:model" stands for.

    Args:
        name: What the call asks for.
        lockfile: The consumer's lockfile.
        profile: The profile in force.
        providers: Names that always mean a provider, in lower case.
        packages: The lockfiles of packages.

    Raises:
        AliasNotFoundError: There is no such alias.
        ProviderNotFoundError: What is before the colon is neither a provider nor a package that
            the lockfile extends.
        ConfigurationError: There is no such profile.
        InvalidModelReferenceError: It holds a colon and is not "provider:model".
        LockfileError: The package's lockfile can't be read.
    """
    prefix, colon, rest = name.partition(":")
    own = lockfile.profiles[profile].policy if profile in lockfile.profiles else {}
    if colon and _is_provider(prefix.strip().lower(), lockfile, providers):
        return Resolved((ModelRef.parse(name),), None, (own,))
    binding = resolve.bindings(lockfile, profile).get(name)
    if binding is not None:
        return Resolved(binding.models, name, (own, binding.policy))
    if not colon:
        raise resolve.not_found(lockfile, name, profile)
    if prefix in lockfile.packages:
        binding = _of_package(prefix, rest, profile, packages)
        # What the consumer says of the profile holds for what it calls of others too.
        return Resolved(binding.models, name, (_harmless(binding.policy), own))
    raise _neither(name, lockfile, providers)


def _harmless(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    """A package's policy, less what is for its own tests."""
    return {
        key: value for key, value in policy.items() if key not in ("faults", "mode", "recordings")
    }


def package_profile(lockfile: Lockfile, profile: str) -> str:
    """The profile of a package's lockfile to look into: the one in force, else its default."""
    return profile if profile in lockfile.profiles else lockfile.default_profile


def _is_provider(name: str, lockfile: Lockfile, providers: Collection[str]) -> bool:
    return name in providers or any(name == own.lower() for own in lockfile.providers)


def _of_package(package: str, alias: str, profile: str, packages: Packages) -> Binding:
    lockfile = packages.lockfile(package)
    if lockfile is None:
        why = f"has no {NAME}" if is_installed(package) else "is not installed"
        raise AliasNotFoundError(
            f"no alias {package}:{alias}: the package {package!r}, which the lockfile extends, "
            f"{why}; bind {package}:{alias} yourself, or install a version that has one"
        )
    chosen = package_profile(lockfile, profile)
    bindings = resolve.bindings(lockfile, chosen)
    binding = bindings.get(alias)
    if binding is None:
        meant = nearest(alias, bindings)
        mend = f"did you mean {package}:{meant}?" if meant else f"bind {package}:{alias} yourself"
        raise AliasNotFoundError(
            f"no alias {package}:{alias}: profile {chosen!r} in {lockfile.path} does not bind "
            f"{alias!r}; {mend}"
        )
    return binding


def _neither(
    name: str, lockfile: Lockfile, providers: Collection[str]
) -> InvalidModelReferenceError | ProviderNotFoundError:
    """The error for a name whose first half is neither a provider nor a package."""
    try:
        ref = ModelRef.parse(name)
    except InvalidModelReferenceError as error:
        return error
    prefix, _, rest = name.partition(":")
    meant = nearest(prefix.lower(), providers) or nearest(prefix, lockfile.packages)
    hint = f"did you mean {meant}:{rest}?" if meant else f"providers are: {', '.join(providers)}"
    return ProviderNotFoundError(
        f"there is no provider {prefix!r}, and the lockfile extends no package {prefix!r}; {hint}; "
        "the aliases of a package are there once the lockfile lists the name that is imported: "
        f'[extends] packages = ["{prefix}"]',
        provider=ref.provider,
        model=ref.model,
    )


def locate(package: str) -> Path | None:
    """Where a package keeps its lockfile, if it has one in a folder; the package is not imported.

    Args:
        package: The name of a package, as it is imported.
    """
    return next((path for path in _places(_spec(package)) if path.is_file()), None)


def locate_around(module: str) -> Path | None:
    """The lockfile of the outermost package around a module that has one.

    That is the top-level package, or, where this is but a namespace, a package in it.

    Args:
        module: The full name of a module or a package.
    """
    parts = module.split(".")
    packages = (".".join(parts[: count + 1]) for count in range(len(parts)))
    return next(filter(None, map(locate, packages)), None)


def is_installed(package: str) -> bool:
    """Whether there is a package of that name to import."""
    return _spec(package) is not None


def _archived(package: str) -> Lockfile | None:
    """What a package says that is imported from a zip archive."""
    spec = _spec(package)
    get_data = getattr(spec.loader if spec else None, "get_data", None)
    if get_data is None:
        return None
    for path in _places(spec):
        try:
            data = get_data(str(path))
        except OSError:
            continue
        return parse(decode(data, path), path)
    return None


def _places(spec: ModuleSpec | None) -> Iterator[Path]:
    """Where a package's lockfile may be; a namespace has several places, a module none."""
    folders = spec.submodule_search_locations if spec else None
    return (Path(folder) / NAME for folder in folders or ())


def _spec(package: str) -> ModuleSpec | None:
    """How a package is imported; `importlib.util.find_spec` would import those around it."""
    loaded = sys.modules.get(package)
    spec: ModuleSpec | None = getattr(loaded, "__spec__", None)
    if spec is not None:
        return spec
    if not all(part.isidentifier() for part in package.split(".")):
        # Finders need not expect what can't be a name.
        return None
    around, dot, _ = package.rpartition(".")
    outer = _spec(around) if dot else None
    if dot and (outer is None or outer.submodule_search_locations is None):
        return None
    if outer is not None and outer.origin is None:
        # A namespace has no code that importing would run, and those in it need it loaded.
        importlib.import_module(around)
    path = list(outer.submodule_search_locations or ()) if outer else None
    finders = (getattr(finder, "find_spec", None) for finder in sys.meta_path)
    try:
        found = (find(package, path) for find in finders if find is not None)
        return next((spec for spec in found if spec is not None), None)
    except KeyError:
        # A plain folder in a package that is not loaded.
        return None
