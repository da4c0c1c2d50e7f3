"""The active lockfile: look up, list, require, bind and unbind its aliases."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from llmring.config.fallback_lockfile import require_lockfile
from llmring.config.lockfile_reading import LockfileReading
from llmring.config.settings import Settings, chosen_profile, find_active_lockfile
from llmring.exceptions import (
    LLMRingError,
    LockfileError,
    LockfileNotFoundError,
    MissingAliasesError,
    ModelNotFoundError,
)
from llmring.lockfile import file, resolve
from llmring.lockfile.compose import (
    Packages,
    Resolved,
    is_installed,
    locate_around,
    look_up,
)
from llmring.lockfile.document import DEFAULT_PROFILE, Binding, Lockfile, ModelRef, references
from llmring.lockfile.file import LockfileSource
from llmring.lockfile.live_lockfile import LiveLockfile

if TYPE_CHECKING:
    from threading import Thread

    from llmring.config.identity import LockfileIdentity
    from llmring.providers.endpoint import Endpoint
    from llmring.registry.catalog import ModelFacts
    from llmring.registry.effective_facts import EffectiveFacts

_log = logging.getLogger("llmring")


class CallableNames(Struct, frozen=True):
    """The names that a call may give as its model.

    Attributes:
        profile: The profile.
        aliases: The aliases of the profile in the order of the file, then those of packages as
            "package:alias".
        providers: The names of all providers, in lower case.
    """

    profile: str
    aliases: Collection[str]
    providers: Collection[str]


class ActiveLockfile:
    """The aliases of one lockfile, as one ring sees them.

    A lockfile that changes on disk is read again from the next lookup on; see `LiveLockfile`.

    Args:
        lockfile_path: The lockfile, if the application names one.
        package_lockfile: The lockfile of the calling package, if it has one.
        settings: Settings from the environment.
        environ: The variables; None for those of the process.

    Attributes:
        source: The lockfile's path, and the rule that found it.
    """

    def __init__(
        self,
        lockfile_path: str | PathLike[str] | None,
        package_lockfile: Path | None,
        settings: Settings,
        environ: Mapping[str, str] | None,
    ) -> None:
        self._settings = settings
        self._environ = environ
        self._pair: tuple[LockfileReading, EffectiveFacts] | None = None
        self._packages = Packages()
        source = find_active_lockfile(lockfile_path, environ, package_lockfile)
        require_lockfile(source, environ)
        self._use(source)

    def _use(self, source: LockfileSource) -> None:
        def form(lockfile: Lockfile) -> LockfileReading:
            return LockfileReading(lockfile, source, self._settings, self._environ)

        self.source = source
        clock = self._settings.clock
        self._live = LiveLockfile(source.path, form, LockfileReading.complete, clock)
        self._live.current()
        _log.info("using the lockfile %s (found by: %s)", source.path, source.rule)

    def now(self) -> LockfileReading:
        """Return the lockfile as it is now; the same object until it changes.

        This is the only look at the file. What belongs together, such as one call, is taken from
        one reading.
        """
        return self._live.current()

    def latest(self) -> LockfileReading:
        """Return what `now` returned last, without a look at the file."""
        return self._live.latest()

    @property
    def is_stale(self) -> bool:
        """True if the file could not be used when it was last read."""
        return self._live.is_stale

    def reading(self) -> tuple[LockfileReading, EffectiveFacts]:
        """Return the lockfile and the facts about models; the same pair until one changes."""
        reading = self._live.current()
        pair = self._pair
        if pair is not None and pair[0] is reading:
            own = "url" in reading.lockfile.registry
            if pair[1].is_newest(reading.catalogs if own else self._settings.cache_dir):
                return pair
        self._pair = pair = (reading, reading.known)
        return pair

    def admit(self, check: Callable[[Lockfile], object]) -> None:
        """Use changed versions of the lockfile only if they pass a check.

        Args:
            check: Raises a LockfileError for a version that is not to be used.
        """
        self._live.check = check

    @property
    def readers(self) -> list[Thread]:
        """The threads that read lockfiles now."""
        own = self._live.reader
        return [*self._packages.readers, *([] if own is None else [own])]

    def profile_choice(self, profile: str | None) -> tuple[str | None, str | None]:
        """Return what chooses the profile apart from the lockfile: the call, the environment."""
        return profile, chosen_profile(self._environ)

    def active_profile(self, profile: str | None) -> str:
        """Return the name of the profile that a call would use."""
        return self.now().profile(profile)

    @property
    def identity(self) -> LockfileIdentity:
        """The identity under which calls of the lockfile are counted."""
        return self.now().identity

    @property
    def budget_key(self) -> str:
        """The key under which spending and limits of the lockfile's aliases are counted."""
        return self.now().budget_key

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Every provider by name: those that llmring knows, and the lockfile's own.

        Providers in the lockfiles of packages do not count.
        """
        return self.now().endpoints

    def facts(self, ref: ModelRef) -> ModelFacts | None:
        """Return the facts about a model; in a frozen lockfile, those that it has pinned."""
        return self.now().facts(ref)

    def look_up(
        self, name: str, profile: str | None, reading: LockfileReading | None = None
    ) -> Resolved:
        """Resolve an alias, "package:alias" or "provider:model".

        Args:
            name: The name that a call gives as its model.
            profile: The profile, if the call names one.
            reading: The reading to look in; None for the lockfile as it is now.

        Raises:
            FrozenLockfileError: The lockfile is frozen and does not allow the model.
        """
        reading = reading or self.now()
        chosen = reading.profile(profile)
        lockfile, known = reading.lockfile, self._settings.endpoints
        found = look_up(name, lockfile, chosen, known, self._packages)
        if reading.frozen is not None:
            reading.frozen.require(found.models, chosen)
        return found

    def first_usable(self, name: str, profile: str | None, *, required: bool = False) -> str:
        """Return the first model of an alias whose provider has a key, or else the first."""
        reading = self.now()
        models = self.look_up(name, profile, reading).models
        for ref in models:
            endpoint = reading.endpoints.get(ref.provider)
            if endpoint is not None and endpoint.usable:
                return str(ref)
        if required:
            raise ModelNotFoundError(
                f"no model of {name!r} has a key for its provider; set one: "
                + "; ".join(f"{ref} ({_objection(ref, reading)})" for ref in models)
            )
        return str(models[0])

    def bindings(self, profile: str | None) -> Mapping[str, Binding]:
        """Return the bindings of a profile by alias, in the order of the file."""
        reading = self.now()
        return resolve.bindings(reading.lockfile, reading.profile(profile))

    def callable_names(self, profile: str | None) -> CallableNames:
        """Return the names that calls in a profile may give; a package that can't be read has none.

        Raises:
            ConfigurationError: The profile does not exist.
        """
        reading = self.now()
        lockfile, chosen = reading.lockfile, reading.profile(profile)
        aliases: Collection[str] = resolve.bindings(lockfile, chosen)
        if lockfile.packages:
            found = dict.fromkeys(aliases)
            for package in lockfile.packages:
                found |= dict.fromkeys(self._of_package(package, chosen))
            aliases = found
        providers: Collection[str] = self._settings.endpoints
        if lockfile.providers:
            providers = {*providers, *map(str.lower, lockfile.providers)}
        return CallableNames(chosen, aliases, providers)

    def _of_package(self, package: str, profile: str) -> list[str]:
        try:
            bindings = self._packages.bindings(package, profile)
        except LLMRingError:
            return []
        return [f"{package}:{alias}" for alias in bindings]

    def primaries(self, profile: str | None) -> dict[str, str]:
        """Return each alias of a profile with its first model, in the order of the file."""
        reading = self.now()
        return resolve.primaries(reading.lockfile, reading.profile(profile))

    def has(self, alias: str, profile: str | None, reading: LockfileReading | None = None) -> bool:
        """Return True if the alias exists; False for anything that can't be an alias."""
        try:
            return self.look_up(alias, profile, reading).alias is not None
        except (LLMRingError, AttributeError, TypeError):
            return False

    def require(
        self, wanted: str | Iterable[str], context: str | None, profile: str | None
    ) -> None:
        """Raise unless all these aliases exist; the contract fixes the message's first lines.

        A line follows for each missing "package:alias", with what the lockfile or the package
        lacks.
        """
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        reading = self.now()
        if reading.frozen is not None:
            reading.frozen.require_whole()
        missing = [name for name in names if not self.has(name, profile, reading)]
        if not missing:
            return
        chosen = reading.profile(profile)
        purpose = f" for {context}" if context else ""
        where = "" if chosen == DEFAULT_PROFILE else f" (profile: {chosen})"
        raise MissingAliasesError(
            f"Lockfile missing required aliases{purpose}: {', '.join(missing)}.\n"
            f"Lockfile path: {self.source.path}{where}\n"
            "Please ensure your lockfile defines these aliases."
            + "".join(self._reason(name, profile, reading) for name in missing if ":" in name),
            missing,
        )

    def _reason(self, alias: str, profile: str | None, reading: LockfileReading) -> str:
        try:
            self.look_up(alias, profile, reading)
        except LLMRingError as error:
            return f"\n{error}"
        return f"\n{alias} is a model, not an alias"

    def bind(self, alias: str, models: str | Iterable[str], profile: str | None) -> None:
        """Bind an alias on disk; if the lockfile may not be edited, in `./llmring.lock`."""
        from llmring.lockfile import check
        from llmring.lockfile.edit import bindings as edit
        from llmring.lockfile.edit.starter import starter

        refs = references(models)
        reading = self.now()
        name = self._edited_profile(profile, reading)
        own = map(str.lower, reading.lockfile.providers)
        check.require_providers(refs, [*self._settings.endpoints, *own])
        wanted = [str(ref) for ref in refs]
        self._edit(lambda text: edit.bind(text, alias, wanted, name), new=starter())

    def unbind(self, alias: str, profile: str | None) -> None:
        """Remove an alias from the active lockfile on disk, and from no other file."""
        from llmring.lockfile.edit import bindings as edit

        if not self.source.writable:
            raise LockfileError(
                "belongs to a package and can't be edited; run llmring lock init to make your own",
                path=self.source.path,
            )
        name = self._edited_profile(profile, self.now())
        self._edit(lambda text: edit.unbind(text, alias, name))

    def _edited_profile(self, profile: str | None, reading: LockfileReading) -> str:
        """Return the profile to edit, which an edit may create."""
        return resolve.profile_name(profile, chosen_profile(self._environ), reading.lockfile)

    def _edit(self, change: Callable[[str], str], *, new: str = "") -> None:
        target = file.writable_target(self.source, file.working_folder())
        file.update(target, change, new=new)
        self._switch_to(target)

    def init(self, *, force: bool) -> None:
        """Write a new lockfile, with aliases chosen from the catalog, and use it."""
        from llmring.config.starter_models import first_aliases
        from llmring.lockfile.edit.starter import starter

        # A lockfile named by the environment may be shared; the new one is for this folder.
        shared = self.source.rule == "environment"
        here = file.working_folder()
        target = here / file.NAME if shared else file.writable_target(self.source, here)
        file.create(target, starter(first_aliases(self._settings)), force=force)
        self._switch_to(target)

    def _switch_to(self, target: Path) -> None:
        if target == self.source.path:
            self._live.forget()
        else:
            self._use(LockfileSource(target, "folder", writable=True))

    def forget(self) -> None:
        """Read everything again at the next lookup."""
        self._live.forget()
        self._packages.forget()


def _objection(ref: ModelRef, reading: LockfileReading) -> str:
    endpoint = reading.endpoints.get(ref.provider)
    objection = endpoint.objection() if endpoint else None
    return objection.message if objection else "unknown provider"


def lockfile_of_caller(package: str | None, depth: int) -> Path | None:
    """Return the lockfile shipped with the calling package, if there is one.

    Args:
        package: The package, or a module in it, if the caller names it.
        depth: How many frames up the caller is; used if no package is named.

    Raises:
        LockfileNotFoundError: The named package ships no lockfile.
    """
    module = package or _module_name(sys._getframe(depth + 1).f_globals)  # noqa: SLF001
    if module.partition(".")[0] == "llmring":
        return None
    found = locate_around(module)
    if found is None and package:
        what = "ships no lockfile" if is_installed(package) else "is not installed"
        raise LockfileNotFoundError(
            f"the package {package!r} {what}; put a {file.NAME} into the package, next to its "
            "__init__.py"
        )
    return found


def _module_name(module: Mapping[str, object]) -> str:
    """Return the full name of the module with these globals, also under `python -m`."""
    spec = module.get("__spec__")
    return str(getattr(spec, "name", None) or module.get("__name__", ""))
