"""Lockfiles that packages ship, found without running the package's code, and alias lookup.

A name with a colon is read as the first of these that fits:

1. "provider:model", if the part before the first colon is a provider, in any case;
2. a binding of exactly that name in the consumer's profile, which overrides a package's alias;
3. an alias of the package before the colon, if `[extends] packages` of the consumer's lockfile
   lists the package: in the package's profile of the same name, or else its default profile.

A hyphen in the name of a package is read as an underscore.

So a package named like a provider can't be reached, which `lock check` reports. A name without a
colon is only looked up in the consumer's lockfile. Packages that a package's own lockfile extends
are not followed.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from threading import Thread
from typing import Any

from msgspec import Struct

from llmring.exceptions import (
    AliasNotFoundError,
    InvalidModelReferenceError,
    ProviderNotFoundError,
)
from llmring.lockfile import resolve
from llmring.lockfile.document import Binding, Lockfile, ModelRef, parse
from llmring.lockfile.file import NAME, decode
from llmring.lockfile.live_lockfile import LiveLockfile
from llmring.lockfile.problem import listed, nearest
from llmring.lockfile.schema.name_rules import import_name


class Resolved(Struct, frozen=True):
    """The models that a name resolves to.

    Attributes:
        models: The models, best first; at least one.
        alias: The alias, or None if the name is a model reference.
        policy: The policy tables of the profile and of the binding, as written; later tables
            override earlier ones.
    """

    models: tuple[ModelRef, ...]
    alias: str | None
    policy: tuple[Mapping[str, Any], ...] = ()


class Packages:
    """The lockfiles of installed packages, each read on first use.

    A lockfile in a folder is read again when it changes; one in a zip archive is not.
    """

    def __init__(self) -> None:
        self._found: dict[str, LiveLockfile[Lockfile] | Lockfile] = {}

    def lockfile(self, package: str) -> Lockfile | None:
        """Return a package's lockfile, or None if the package is missing or has no lockfile.

        Raises:
            LockfileError: The lockfile can't be read.
        """
        found = self._found.get(package)
        if found is None:
            path = locate(package)
            found = _archived(package) if path is None else LiveLockfile(path, _as_read)
            if found is None:
                return None
            self._found[package] = found
        return found.current() if isinstance(found, LiveLockfile) else found

    def bindings(self, package: str, profile: str) -> Mapping[str, Binding]:
        """Return the bindings by alias that a package brings to calls in a profile.

        Raises:
            LockfileError: The lockfile can't be read.
        """
        lockfile = self.lockfile(package)
        if lockfile is None:
            return {}
        return resolve.bindings(lockfile, package_profile(lockfile, profile))

    @property
    def readers(self) -> list[Thread]:
        """The threads that read lockfiles of packages now."""
        live = [each for each in [*self._found.values()] if isinstance(each, LiveLockfile)]
        return [each.reader for each in live if each.reader is not None]

    def forget(self) -> None:
        """Search for packages and read their lockfiles again on next use."""
        self._found.clear()
        importlib.invalidate_caches()


def _as_read(lockfile: Lockfile) -> Lockfile:
    return lockfile


def look_up(
    name: str, lockfile: Lockfile, profile: str, providers: Collection[str], packages: Packages
) -> Resolved:
    """Resolve an alias, "package:alias" or "provider:model" to its models.

    Args:
        name: The name that a call gives as its model.
        lockfile: The consumer's lockfile.
        profile: The active profile.
        providers: Names that always mean a provider, in lower case.
        packages: The lockfiles of packages.

    Raises:
        AliasNotFoundError: The alias does not exist.
        ProviderNotFoundError: The part before the colon is neither a provider nor a package that
            the lockfile extends.
        ConfigurationError: The profile does not exist.
        InvalidModelReferenceError: The name holds a colon and is not "provider:model".
        LockfileError: The package's lockfile can't be read.
    """
    prefix, colon, rest = name.partition(":")
    own = lockfile.profiles[profile].policy if profile in lockfile.profiles else {}
    if colon and _is_provider(prefix.strip().lower(), lockfile, providers):
        return Resolved((ModelRef.parse(name),), None, (own,))
    bindings, package = resolve.bindings(lockfile, profile), import_name(prefix)
    binding = bindings.get(name) or bindings.get(f"{package}:{rest}")
    if binding is not None:
        return Resolved(binding.models, name, (own, binding.policy))
    if not colon:
        raise resolve.not_found(lockfile, name, profile)
    if package in lockfile.packages:
        binding = _of_package(package, rest, profile, packages)
        # The consumer's policy for the profile also applies to aliases of packages.
        return Resolved(binding.models, name, (_harmless(binding.policy), own))
    raise _neither(name, lockfile, providers)


def _harmless(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a package's policy without the keys for its own tests."""
    return {
        key: value for key, value in policy.items() if key not in ("faults", "mode", "recordings")
    }


def package_profile(lockfile: Lockfile, profile: str) -> str:
    """Return the profile to use in a package's lockfile: the active one, or else its default."""
    return profile if profile in lockfile.profiles else lockfile.default_profile


def _is_provider(name: str, lockfile: Lockfile, providers: Collection[str]) -> bool:
    return name in providers or any(name == own.lower() for own in lockfile.providers)


def _of_package(package: str, alias: str, profile: str, packages: Packages) -> Binding:
    lockfile = packages.lockfile(package)
    if lockfile is None:
        why = f"has no {NAME}" if is_installed(package) else "is not installed"
        raise AliasNotFoundError(
            f"no alias {package}:{alias}: the package {package!r}, which the lockfile extends, "
            f"{why}; bind {package}:{alias} yourself, or install a version with a {NAME}"
        )
    chosen = package_profile(lockfile, profile)
    bindings = resolve.bindings(lockfile, chosen)
    binding = bindings.get(alias)
    if binding is None:
        meant = nearest(alias, bindings)
        fix = f"did you mean {package}:{meant}?" if meant else f"bind {package}:{alias} yourself"
        raise AliasNotFoundError(
            f"no alias {package}:{alias}: profile {chosen!r} in {lockfile.path} does not bind "
            f"{alias!r}; {fix}"
        )
    return binding


def _neither(
    name: str, lockfile: Lockfile, providers: Collection[str]
) -> InvalidModelReferenceError | ProviderNotFoundError:
    """Build the error for a name whose first part is neither a provider nor a package."""
    try:
        ref = ModelRef.parse(name)
    except InvalidModelReferenceError as error:
        return error
    prefix, _, rest = name.partition(":")
    meant = nearest(prefix.lower(), providers) or nearest(prefix, lockfile.packages)
    known = listed(providers, "llmring providers")
    hint = f"did you mean {meant}:{rest}? If not," if meant else f"providers are: {known};"
    return ProviderNotFoundError(
        f"unknown provider {prefix!r}, and the lockfile extends no package {prefix!r}; {hint} "
        "to use the aliases of a package, list its import name in the lockfile: "
        f'[extends] packages = ["{import_name(prefix)}"]',
        provider=ref.provider,
        model=ref.model,
    )


def locate(package: str) -> Path | None:
    """Return the path of a package's lockfile, if it has one in a folder.

    The package is not imported.

    Args:
        package: The import name of the package.
    """
    return next((path for path in _places(_spec(package)) if path.is_file()), None)


def locate_around(module: str) -> Path | None:
    """Return the path of the lockfile of the outermost package around a module that has one.

    That is the top-level package or, if this is a namespace package, a package in it.

    Args:
        module: The full name of a module or a package.
    """
    parts = module.split(".")
    packages = (".".join(parts[: count + 1]) for count in range(len(parts)))
    return next(filter(None, map(locate, packages)), None)


def is_in_package(path: Path) -> bool:
    """Return True if a file lies in the folder of a package that is imported."""
    real = os.path.realpath(path)
    folders = {str(folder) for each in (path, Path(real)) for folder in each.parents}
    specs = (getattr(module, "__spec__", None) for module in [*sys.modules.values()])
    return any(
        # A namespace package, which has no origin, may be any folder on the path.
        spec is not None and spec.origin is not None and folders.intersection(places)
        for spec in specs
        if (places := getattr(spec, "submodule_search_locations", None))
    )


def is_installed(package: str) -> bool:
    """Return True if a package of that name can be imported."""
    return _spec(package) is not None


def _archived(package: str) -> Lockfile | None:
    """Read the lockfile of a package that is imported from a zip archive."""
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
    """Return the paths where a package's lockfile may be.

    A namespace package has several, a module has none.
    """
    folders = spec.submodule_search_locations if spec else None
    return (Path(folder) / NAME for folder in folders or ())


def _spec(package: str) -> ModuleSpec | None:
    """Find the import spec of a package; `importlib.util.find_spec` would import its parents."""
    loaded = sys.modules.get(package)
    spec: ModuleSpec | None = getattr(loaded, "__spec__", None)
    if spec is not None:
        return spec
    if not all(part.isidentifier() for part in package.split(".")):
        # Finders may fail on a string that can't be a name.
        return None
    around, dot, _ = package.rpartition(".")
    outer = _spec(around) if dot else None
    if dot and (outer is None or outer.submodule_search_locations is None):
        return None
    if outer is not None and outer.origin is None:
        # Importing a namespace package runs no code, and finding the packages in it needs it.
        importlib.import_module(around)
    path = list(outer.submodule_search_locations or ()) if outer else None
    finders = (getattr(finder, "find_spec", None) for finder in sys.meta_path)
    try:
        found = (find(package, path) for find in finders if find is not None)
        return next((spec for spec in found if spec is not None), None)
    except (KeyError, ModuleNotFoundError):
        # The package is a plain folder in a package that is not loaded.
        return None
