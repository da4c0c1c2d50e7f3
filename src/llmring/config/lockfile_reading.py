"""One reading of the active lockfile, with what follows from it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from llmring.config.identity import LockfileIdentity, identity_of
from llmring.config.profile_choice import active_profile
from llmring.config.settings import Settings, endpoints_for
from llmring.exceptions import LLMRingError
from llmring.ledger.project import Stamp, age_of

if TYPE_CHECKING:
    from llmring.config.frozen import Frozen
    from llmring.lockfile.document import Lockfile, ModelRef
    from llmring.lockfile.file import LockfileSource
    from llmring.providers.endpoint import Endpoint
    from llmring.registry.catalog import ModelFacts
    from llmring.registry.effective_facts import EffectiveFacts


class LockfileReading:
    """A lockfile as it was read, with what follows from it, each worked out once.

    Args:
        lockfile: The lockfile.
        source: The lockfile's path, and the rule that found it.
        settings: Settings from the environment.
        environ: The variables; None for those of the process.

    Attributes:
        lockfile: The lockfile.
        source: The lockfile's path, and the rule that found it.
    """

    def __init__(
        self,
        lockfile: Lockfile,
        source: LockfileSource,
        settings: Settings,
        environ: Mapping[str, str] | None,
    ) -> None:
        self.lockfile = lockfile
        self.source = source
        self._settings = settings
        self._environ = environ
        self._known: EffectiveFacts | None = None
        self._stamps: dict[str, Stamp] = {}

    def complete(self) -> None:
        """Work out all that a call needs, so that no call has to."""
        # A call that needs what can't be worked out raises the error.
        with contextlib.suppress(LLMRingError):
            self.stamp(None)
        for work_out in (lambda: self.endpoints, lambda: self.known, lambda: self.frozen):
            with contextlib.suppress(LLMRingError):
                work_out()

    def profile(self, profile: str | None) -> str:
        """Return the name of the profile that a call would use."""
        return active_profile(profile, self.lockfile, self.source, self._environ)

    @property
    def digest(self) -> str | None:
        """The digest of the facts that the lockfile has pinned, if any."""
        digest: str | None = self.lockfile.registry.get("digest")
        return digest

    @cached_property
    def identity(self) -> LockfileIdentity:
        """The identity under which calls of the lockfile are counted."""
        return identity_of(self.lockfile, self.source.path)

    @property
    def budget_key(self) -> str:
        """The key under which spending and limits of the lockfile's aliases are counted."""
        shared = self._settings.redis_url is not None
        return self.identity.anywhere if shared else self.identity.here

    def stamp(self, profile: str | None) -> Stamp:
        """Return what the ledger's entries of a call repeat of the lockfile."""
        name = self.profile(profile)
        found = self._stamps.get(name)
        if found is None:
            place = self._settings.ledger
            # A package must not decide how long the calls of its users are kept.
            keep = self.lockfile.ledger.get("keep") if self.source.writable else None
            found = Stamp(
                name,
                self.digest,
                None if place is None else self.identity.in_ledger(place),
                self.identity.path,
                None if keep is None else age_of(keep),
            )
            self._stamps[name] = found
        return found

    @cached_property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """Every provider by name: those that llmring knows, and the lockfile's own.

        Providers in the lockfiles of packages do not count.
        """
        return endpoints_for(self.lockfile, self._settings, self._environ)

    @property
    def catalogs(self) -> Path:
        """The folder of the catalog to use."""
        folder = self._settings.cache_dir
        url = self.lockfile.registry.get("url")
        if url is None:
            return folder
        from llmring.registry.cache import catalog_folder

        return catalog_folder(folder, url)

    @property
    def known(self) -> EffectiveFacts:
        """Facts about models: the newest catalog, corrected by the lockfile itself."""
        known = self._known
        if known is None or not known.is_newest(self.catalogs):
            from llmring.registry.effective_facts import effective_facts

            self._known = known = effective_facts(self.lockfile, self._settings.cache_dir)
        return known

    def facts(self, ref: ModelRef) -> ModelFacts | None:
        """Return the facts about a model; in a frozen lockfile, those that it has pinned."""
        known = self.known.facts(ref)
        return known if self.frozen is None else self.frozen.facts(ref, known)

    @cached_property
    def frozen(self) -> Frozen | None:
        """The frozen view of the lockfile if LLMRING_FROZEN is set, else None."""
        if not self._settings.frozen:
            return None
        from llmring.config.frozen import Frozen
        from llmring.config.owner_key import owner_key

        return Frozen(self.lockfile, owner_key(self._settings.public_key, self.source.path))
