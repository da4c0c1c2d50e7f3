"""The active lockfile: look up, list, require, bind and unbind its aliases."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from llmring.config.identity import LockfileIdentity, identity_of
from llmring.config.settings import Settings, chosen_profile, endpoints_for, find_active_lockfile
from llmring.exceptions import (
    LLMRingError,
    LockfileError,
    LockfileNotFoundError,
    MissingAliasesError,
    ModelNotFoundError,
)
from llmring.ledger.project import Stamp, age_of
from llmring.lockfile import file, resolve
from llmring.lockfile.compose import (
    Packages,
    Resolved,
    is_installed,
    locate_around,
    look_up,
)
from llmring.lockfile.document import DEFAULT_PROFILE, Binding, Lockfile, ModelRef, references
from llmring.lockfile.file import LiveLockfile, LockfileSource

if TYPE_CHECKING:
    from llmring.config.frozen import Frozen
    from llmring.providers.endpoint import Endpoint
    from llmring.registry.catalog import ModelFacts
    from llmring.registry.effective_facts import EffectiveFacts

_log = logging.getLogger("llmring")


class ActiveLockfile:
    """The aliases of one lockfile, as one ring sees them.

    A lockfile that changes on disk is read again by the next lookup.

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
        self._own: tuple[Lockfile, Mapping[str, Endpoint]] | None = None
        self._known: tuple[Lockfile, EffectiveFacts] | None = None
        self._frozen: Frozen | None = None
        self._identity: tuple[Lockfile, LockfileIdentity] | None = None
        self._stamps: dict[str, Stamp] = {}
        self._packages = Packages()
        self._use(find_active_lockfile(lockfile_path, environ, package_lockfile))

    def _use(self, source: LockfileSource) -> None:
        self.source = source
        self._identity = None
        self._live = LiveLockfile(source.path, self._settings.clock)
        self._live.current()
        _log.info("using the lockfile %s (found by: %s)", source.path, source.rule)

    def _profile(self, profile: str | None) -> tuple[Lockfile, str]:
        lockfile = self._live.current()
        return lockfile, resolve.profile_name(profile, chosen_profile(self._environ), lockfile)

    def profile_choice(self, profile: str | None) -> tuple[str | None, str | None]:
        """Return what chooses the profile apart from the lockfile: the call, the environment."""
        return profile, chosen_profile(self._environ)

    def active_profile(self, profile: str | None) -> str:
        """Return the name of the profile that a call would use."""
        return self._profile(profile)[1]

    @property
    def digest(self) -> str | None:
        """The digest of the facts that the lockfile has pinned, if any."""
        return _digest(self._live.current())

    @property
    def identity(self) -> LockfileIdentity:
        """The identity under which calls of the lockfile are counted."""
        lockfile = self._live.current()
        if self._identity is None or self._identity[0] is not lockfile:
            self._identity = (lockfile, identity_of(lockfile, self.source.path))
            self._stamps = {}
        return self._identity[1]

    @property
    def budget_key(self) -> str:
        """The key under which spending and limits of the lockfile's aliases are counted."""
        shared = self._settings.redis_url is not None
        return self.identity.anywhere if shared else self.identity.here

    def stamp(self, profile: str | None) -> Stamp:
        """Return what the ledger's entries of a call repeat of the lockfile.

        The result is the same object until the lockfile changes.
        """
        lockfile, name = self._profile(profile)
        identity = self.identity
        found = self._stamps.get(name)
        if found is None:
            place = self._settings.ledger
            # A package must not decide how long the calls of its users are kept.
            keep = lockfile.ledger.get("keep") if self.source.writable else None
            found = Stamp(
                name,
                _digest(lockfile),
                None if place is None else identity.in_ledger(place),
                identity.path,
                None if keep is None else age_of(keep),
            )
            self._stamps[name] = found
        return found

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Every provider by name: those that llmring knows, and the lockfile's own.

        Providers in the lockfiles of packages do not count.
        """
        lockfile = self._live.current()
        if self._own is None or self._own[0] is not lockfile:
            self._own = (lockfile, endpoints_for(lockfile, self._settings, self._environ))
        return self._own[1]

    @property
    def known(self) -> EffectiveFacts:
        """Facts about models: the newest catalog, corrected by the lockfile itself."""
        return self.reading()[1]

    def reading(self) -> tuple[Lockfile, EffectiveFacts]:
        """Return the lockfile and the facts about models; the same pair until one changes."""
        lockfile = self._live.current()
        folder = self._settings.cache_dir
        url = lockfile.registry.get("url")
        if url is not None:
            from llmring.registry.cache import catalog_folder

            folder = catalog_folder(folder, url)
        current = self._known
        if current is None or current[0] is not lockfile or not current[1].is_newest(folder):
            from llmring.registry.effective_facts import effective_facts

            known = effective_facts(lockfile, self._settings.cache_dir)
            self._known = current = (lockfile, known)
        return current

    def facts(self, ref: ModelRef) -> ModelFacts | None:
        """Return the facts about a model; in a frozen lockfile, those that it has pinned."""
        effective_facts = self.known.facts(ref)
        frozen = self._freeze(self._live.current())
        return effective_facts if frozen is None else frozen.facts(ref, effective_facts)

    def _freeze(self, lockfile: Lockfile) -> Frozen | None:
        """Return the frozen view of the lockfile if LLMRING_FROZEN is set, else None."""
        if not self._settings.frozen:
            return None
        if self._frozen is None or self._frozen.lockfile is not lockfile:
            from llmring.config.frozen import Frozen
            from llmring.config.owner_key import owner_key

            key = owner_key(self._settings.public_key, self.source.path)
            self._frozen = Frozen(lockfile, key)
        return self._frozen

    def look_up(self, name: str, profile: str | None) -> Resolved:
        """Resolve an alias, "package:alias" or "provider:model".

        Raises:
            FrozenLockfileError: The lockfile is frozen and does not allow the model.
        """
        lockfile, profile = self._profile(profile)
        found = look_up(name, lockfile, profile, self._settings.endpoints, self._packages)
        frozen = self._freeze(lockfile)
        if frozen is not None:
            frozen.require(found.models, profile)
        return found

    def first_usable(self, name: str, profile: str | None, *, required: bool = False) -> str:
        """Return the first model of an alias whose provider has a key, or else the first."""
        models = self.look_up(name, profile).models
        for ref in models:
            endpoint = self.endpoints.get(ref.provider)
            if endpoint is not None and endpoint.usable:
                return str(ref)
        if required:
            raise ModelNotFoundError(
                f"no model of {name!r} has a key for its provider; set one: "
                + "; ".join(f"{ref} ({self._objection(ref)})" for ref in models)
            )
        return str(models[0])

    def _objection(self, ref: ModelRef) -> str:
        endpoint = self.endpoints.get(ref.provider)
        objection = endpoint.objection() if endpoint else None
        return objection.message if objection else "unknown provider"

    def bindings(self, profile: str | None) -> Mapping[str, Binding]:
        """Return the bindings of a profile by alias, in the order of the file."""
        return resolve.bindings(*self._profile(profile))

    def primaries(self, profile: str | None) -> dict[str, str]:
        """Return each alias of a profile with its first model, in the order of the file."""
        return resolve.primaries(*self._profile(profile))

    def has(self, alias: str, profile: str | None) -> bool:
        """Return True if the alias exists; False for anything that can't be an alias."""
        try:
            return self.look_up(alias, profile).alias is not None
        except (LLMRingError, AttributeError, TypeError):
            return False

    def require(
        self, wanted: str | Iterable[str], context: str | None, profile: str | None
    ) -> None:
        """Raise unless all these aliases exist; the contract fixes the message."""
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        frozen = self._freeze(self._live.current())
        if frozen is not None:
            frozen.require_whole()
        missing = [name for name in names if not self.has(name, profile)]
        if not missing:
            return
        _, chosen = self._profile(profile)
        purpose = f" for {context}" if context else ""
        where = "" if chosen == DEFAULT_PROFILE else f" (profile: {chosen})"
        raise MissingAliasesError(
            f"Lockfile missing required aliases{purpose}: {', '.join(missing)}.\n"
            f"Lockfile path: {self.source.path}{where}\n"
            "Please ensure your lockfile defines these aliases.",
            missing,
        )

    def bind(self, alias: str, models: str | Iterable[str], profile: str | None) -> None:
        """Bind an alias on disk; if the lockfile may not be edited, in `./llmring.lock`."""
        from llmring.lockfile import check
        from llmring.lockfile.edit import bindings as edit
        from llmring.lockfile.edit.starter import starter

        refs = references(models)
        lockfile, name = self._profile(profile)
        own = map(str.lower, lockfile.providers)
        check.require_providers(refs, {*self._settings.endpoints, *own})
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
        _, name = self._profile(profile)
        self._edit(lambda text: edit.unbind(text, alias, name))

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


def _digest(lockfile: Lockfile) -> str | None:
    digest: str | None = lockfile.registry.get("digest")
    return digest


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
