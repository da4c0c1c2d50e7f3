"""Parsed lockfiles: profiles, their bindings, and the models that bindings name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from llmring.exceptions import (
    InvalidModelReferenceError,
    LockfileError,
    LockfileParseError,
    LockfileVersionError,
)
from llmring.lockfile import syntax
from llmring.lockfile.problem import Fault, Problem, nearest
from llmring.lockfile.schema import keys
from llmring.lockfile.schema.name_rules import alias_objection, package_name
from llmring.lockfile.schema.shapes import OWN_KEY, Outline, Shape, misfits, unknown_key
from llmring.lockfile.toml.layout import KeyPath

if TYPE_CHECKING:
    from pathlib import Path

REFERENCE_FIX = 'write provider:model, such as "openai:gpt-6-luna"'
DEFAULT_PROFILE = "default"
# The folder of recordings of a profile that names none, relative to that of the lockfile.
RECORDINGS = "tests/recordings"

_REFERENCE = re.compile(keys.REFERENCE)
_VERSION = re.compile(keys.VERSION)


class ModelRef(Struct, frozen=True, gc=False):
    """A reference to a model of a provider.

    Attributes:
        provider: Name of the provider, in lower case.
        model: Name of the model at the provider; may hold colons.
    """

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.model}"

    @classmethod
    def parse(cls, text: str) -> ModelRef:
        """Parse "provider:model"; the first colon separates the two.

        Raises:
            InvalidModelReferenceError: The provider or the model is missing.
        """
        found = _REFERENCE.fullmatch(text.strip())
        if found is None:
            raise InvalidModelReferenceError(f"{text!r} is not a model reference; {REFERENCE_FIX}")
        return cls(found[1].lower(), found[2])


class Binding(Struct, frozen=True, gc=False):
    """An alias with its models, best first.

    Attributes:
        alias: The name.
        models: At least one; each is tried when those before it can't answer.
        at: The key path of the binding's table in its file.
        policy: The keys of `keys.POLICY` that the binding sets, as written.
    """

    alias: str
    models: tuple[ModelRef, ...]
    at: KeyPath = ()
    policy: Mapping[str, Any] = {}


class Profile(Struct, frozen=True):
    """A named set of bindings.

    Attributes:
        name: The profile's key in the file.
        bindings: The bindings by alias, in the order of the file; inherited ones first.
        extends: The profile that it inherits bindings from.
        policy: The policy for all bindings of the profile, as written.
    """

    name: str
    bindings: Mapping[str, Binding] = {}
    extends: str | None = None
    policy: Mapping[str, Any] = {}


class Lockfile(Struct, frozen=True):
    """A parsed lockfile.

    Attributes:
        profiles: The profiles by name, in the order of the file.
        default_profile: The profile for calls that name none.
        version: Version of the format.
        packages: Packages whose aliases may be called, as "package:alias".
        providers: The tables of the user's own servers, by name, as written.
        registry: Corrections and pins of model facts, as written.
        path: The file that the lockfile was read from, if any.
        warnings: Problems that did not stop the reading: unknown keys, and hints.
        name: The project's name, if it has one.
        ledger: The settings for recorded calls, as written.
        gateway: The settings of the gateway, as written.
    """

    profiles: Mapping[str, Profile] = {}
    default_profile: str = DEFAULT_PROFILE
    version: str = "1.0"
    packages: tuple[str, ...] = ()
    providers: Mapping[str, Any] = {}
    registry: Mapping[str, Any] = {}
    path: Path | None = None
    warnings: tuple[Problem, ...] = ()
    name: str | None = None
    ledger: Mapping[str, Any] = {}
    gateway: Mapping[str, Any] = {}


class Examination(Struct, frozen=True):
    """The readable part of a lockfile and the faults in the rest.

    Attributes:
        lockfile: The parts without faults.
        faults: Every fault, in the order found.
        named: Model references with their key paths, or lists of them with those of the lists.
        tree: The text as parsed by tomllib.
    """

    lockfile: Lockfile
    faults: tuple[Fault, ...]
    named: tuple[tuple[KeyPath, tuple[ModelRef, ...] | ModelRef], ...]
    tree: Mapping[str, Any]

    @property
    def references(self) -> Iterator[tuple[KeyPath, ModelRef]]:
        """Every model reference with its key path."""
        for path, found in self.named:
            if isinstance(found, ModelRef):
                yield path, found
            else:
                yield from (((*path, index), ref) for index, ref in enumerate(found))


def parse(text: str, path: Path | None = None) -> Lockfile:
    """Parse a lockfile.

    Unknown keys are ignored and listed in `warnings`, unless they begin with "x-".

    Args:
        text: The lockfile, in TOML.
        path: The file that the text comes from, for messages.

    Raises:
        LockfileParseError: The text is not TOML, or not a lockfile; the message gives the place,
            the key and the fix.
        LockfileVersionError: This llmring does not read the lockfile's version.
    """
    reading = examine(text)
    if isinstance(reading, Problem):
        raise _error(LockfileParseError, reading, path)
    if not reading.faults:
        return msgspec.structs.replace(reading.lockfile, path=path)
    from llmring.lockfile.toml.layout import scan

    layout = scan(text)
    placed = [(fault.placed(layout), fault.raises) for fault in reading.faults]
    grave = [(problem, kind) for problem, kind in placed if kind is not None]
    if grave:
        problem, kind = min(grave, key=lambda pair: (pair[0].line, pair[0].column))
        raise _error(kind, problem, path, more=len(grave) - 1)
    warnings = tuple(each.softened() for each, _ in placed)
    return msgspec.structs.replace(reading.lockfile, path=path, warnings=warnings)


def examine(text: str) -> Examination | Problem:
    """Read as much of a lockfile as possible; return the problem if the text is not TOML."""
    tree = syntax.load(text)
    return tree if isinstance(tree, Problem) else _TreeReader().read(tree)


def references(models: str | Iterable[str]) -> tuple[ModelRef, ...]:
    """Parse a list or a comma-separated string of model references, dropping duplicates.

    Raises:
        InvalidModelReferenceError: A reference is not "provider:model", or the list is empty.
    """
    texts = models.split(",") if isinstance(models, str) else models
    refs = tuple(dict.fromkeys(ModelRef.parse(text) for text in texts))
    if not refs:
        raise InvalidModelReferenceError(f"the list of models is empty; {REFERENCE_FIX}")
    return refs


def _error(
    kind: type[LockfileError], problem: Problem, path: Path | None, *, more: int = 0
) -> LockfileError:
    others = f" (and {more} more: llmring lock validate lists them)" if more else ""
    return kind(f"{problem}{others}", path=path, line=problem.line, column=problem.column)


def _policy(known: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in known.items() if key in keys.POLICY}


class _TreeReader:
    """A top-down reader of a TOML tree that collects faults on the way."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._references: list[tuple[KeyPath, tuple[ModelRef, ...] | ModelRef]] = []
        # A long lockfile names the same few models again and again.
        self._known: dict[str, ModelRef] = {}

    def read(self, tree: dict[str, Any]) -> Examination:
        version = tree.get("version", "1.0")
        if isinstance(version, str) and not _VERSION.fullmatch(version):
            # In another version, keys may have another meaning.
            self._fault(
                ("version",),
                f"this llmring reads versions 1.x, not {version!r}",
                'upgrade llmring, or write version = "1.0"',
                raises=LockfileVersionError,
            )
            return self._reading(Lockfile(), tree)
        known = self._table(tree, (), keys.FILE, "a lockfile")
        packages = self._packages(known)
        profiles = {
            name: self._profile(name, table) for name, table in known.get("profiles", {}).items()
        }
        lockfile = Lockfile(
            self._inherited(profiles),
            known.get("default_profile") or DEFAULT_PROFILE,
            known.get("version", "1.0"),
            packages,
            self._providers(known),
            self._registry(known),
            name=known.get("name"),
            ledger=known.get("ledger", {}),
            gateway=known.get("gateway", {}),
        )
        return self._reading(lockfile, tree)

    def _reading(self, lockfile: Lockfile, tree: dict[str, Any]) -> Examination:
        return Examination(lockfile, tuple(self._faults), tuple(self._references), tree)

    def _table(
        self, table: dict[str, Any], path: KeyPath, shapes: Mapping[str, Shape], noun: str
    ) -> dict[str, Any]:
        """Return the keys of a table whose values have the right shape; report the others."""
        known = {}
        for key, value in table.items():
            shape = shapes.get(key)
            if isinstance(shape, Outline) and shape.fits(value):
                known[key] = value
                continue
            at = (*path, key)
            if shape is not None:
                faults = [*misfits(shape, value, at)]
                self._faults += faults
                if all(fault.raises is None for fault in faults):
                    known[key] = value
            elif not key.startswith(OWN_KEY):
                self._faults.append(unknown_key(at, shapes, noun))
        return known

    def _providers(self, known: dict[str, Any]) -> dict[str, Any]:
        tables: dict[str, Any] = known.get("providers", {})
        if tables:
            from llmring.lockfile import provider_checks

            self._faults += provider_checks.faults(tables)
        return tables

    def _registry(self, known: dict[str, Any]) -> dict[str, Any]:
        registry: dict[str, Any] = known.get("registry", {})
        for key in ("models", "pins"):
            for text in (text for text in registry.get(key, {}) if not _REFERENCE.fullmatch(text)):
                at = ("registry", key, text)
                self._fault(at, f"{text!r} is not a model reference", REFERENCE_FIX)
                # Drop only this entry: no other part of the file depends on it.
                registry = {**registry, key: {k: v for k, v in registry[key].items() if k != text}}
        return registry

    def _packages(self, known: dict[str, Any]) -> tuple[str, ...]:
        extends = self._table(known.get("extends", {}), ("extends",), keys.EXTENDS, "[extends]")
        good = []
        for index, package in enumerate(extends.get("packages", ())):
            name, fault = package_name(package, ("extends", "packages", index))
            good += [name] if name else []
            self._faults += [fault] if fault else []
        return tuple(dict.fromkeys(good))

    def _profile(self, name: str, table: object) -> Profile:
        path = ("profiles", name)
        if not isinstance(table, dict):
            self._not_a(path, "a table", f"[profiles.{name}]")
            return Profile(name)
        known = self._table(table, path, keys.PROFILE, "a profile")
        bindings: dict[str, Binding] = {}
        for index, entry in enumerate(known.get("bindings", ())):
            binding = self._binding(entry, (*path, "bindings", index))
            if binding is None:
                continue
            first = bindings.setdefault(binding.alias, binding)
            if first is not binding:
                self._fault(
                    (*binding.at, "alias"),
                    f"alias {binding.alias!r} is bound twice in profile {name!r}",
                    "keep one of the two",
                    first=first.at,
                )
        tests = {key: known[key] for key in ("mode", "recordings") if key in known}
        return Profile(name, bindings, known.get("extends"), _policy(known) | tests)

    def _binding(self, entry: object, path: KeyPath) -> Binding | None:
        if not isinstance(entry, dict):
            self._not_a(path, "a table", '{ alias = "fast", models = ["openai:gpt-6-luna"] }')
            return None
        known = self._table(entry, path, keys.BINDING, "a binding")
        for key in ("alias", "models"):
            if key not in entry:
                meant = nearest(key, entry.keys() - keys.BINDING.keys())
                add = f"add {key} = {keys.BINDING[key].example}"
                self._fault(
                    path, f"{key} is missing", f"rename {meant!r} to {key!r}" if meant else add
                )
        alias = known.get("alias")
        objection = None if alias is None else alias_objection(alias)
        if objection:
            self._fault((*path, "alias"), objection, "use a short name such as fast")
        models = self._models(known.get("models"), (*path, "models"))
        if not alias or objection or not models:
            return None
        return Binding(alias, models, path, _policy(known))

    def _models(self, models: list[object] | str | None, path: KeyPath) -> tuple[ModelRef, ...]:
        if models is None:
            return ()
        if not models or isinstance(models, str):
            return self._new_models(models, path)
        try:
            refs = tuple([self._known[text] for text in models])  # type: ignore[index]
        except (KeyError, TypeError):
            return self._new_models(models, path)
        self._references.append((path, refs))
        return refs

    def _new_models(self, models: list[object] | str, path: KeyPath) -> tuple[ModelRef, ...]:
        if models == []:
            self._fault(path, "the list of models is empty", REFERENCE_FIX)
        refs = []
        for index, text in enumerate([models] if isinstance(models, str) else models):
            at = path if isinstance(models, str) else (*path, index)
            try:
                ref = ModelRef.parse(text if isinstance(text, str) else "")
            except InvalidModelReferenceError:
                self._fault(at, f"{text!r} is not a model reference", REFERENCE_FIX)
            else:
                refs.append(ref)
                self._references.append((at, ref))
                self._known[str(text)] = ref
        return tuple(refs)

    def _inherited(self, profiles: dict[str, Profile]) -> dict[str, Profile]:
        """Return the profiles, each with the bindings of the profiles it extends."""
        whole = {}
        for name, profile in profiles.items():
            line = [name]
            while (parent := profiles[line[-1]].extends) is not None:
                if parent not in profiles or parent in line:
                    if line == [name] or parent == name:
                        self._no_parent(name, parent, profiles)
                    break
                line.append(parent)
            bindings: dict[str, Binding] = {}
            for ancestor in reversed(line):
                bindings.update(profiles[ancestor].bindings)
            whole[name] = msgspec.structs.replace(profile, bindings=bindings)
        return whole

    def _no_parent(self, name: str, parent: str, profiles: Mapping[str, Profile]) -> None:
        path = ("profiles", name, "extends")
        if parent in profiles:
            self._fault(path, f"profile {name!r} extends itself", "extend another profile, or none")
            return
        meant = nearest(parent, profiles)
        fix = f"did you mean {meant!r}?" if meant else f"name one of: {', '.join(profiles)}"
        self._fault(path, f"unknown profile {parent!r}", fix)

    def _not_a(self, path: KeyPath, noun: str, example: str) -> None:
        self._fault(path, f"is not {noun}", f"write {example}")

    def _fault(self, path: KeyPath, message: str, fix: str, **more: Any) -> None:
        self._faults.append(Fault(path=path, message=message, fix=fix, **more))
