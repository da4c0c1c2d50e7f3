"""The gateway as its lockfile has it now."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from llmring.access.live_access import LiveAccess
from llmring.access.lockfile_keys import lockfile_keys
from llmring.config.settings import trusted_lockfiles
from llmring.exceptions import LLMRingError, LockfileError
from llmring.gateway.affinity import Affinity, SharedAffinity
from llmring.gateway.callers.key_check import KeyCheck
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server.called_aliases import CalledAliases
from llmring.gateway.server_state import Gateway
from llmring.gateway.shared_table import SharedTables
from llmring.gateway.watching.watching import Watching
from llmring.lockfile.consent import Claim, claims, fingerprint
from llmring.lockfile.document import Lockfile
from llmring.lockfile.gateway_table import gateway_table
from llmring.providers.table import PROVIDERS


class Audience(Struct, frozen=True, kw_only=True):
    """Those whom a gateway serves.

    Attributes:
        is_open: As for `Gateway`, as long as no keys are needed.
        access: The keys that clients need; None if they never need any.
    """

    is_open: bool = True
    access: LiveAccess | None = None


class LiveGateway:
    """A gateway whose settings follow its lockfile.

    A lockfile that can't be read changes nothing. Neither does one that has lost all aliases, such
    as a file that is being written, or an alias that was called in the last hour, nor one whose
    settings need the user's consent if it was only found in the folder.

    Args:
        ring: The ring that makes the calls.
        secret: As for `Gateway`.
        profile: As for `Gateway`.
        audience: Those whom it serves.
        needs_consent: True if later versions of the lockfile need the user's consent.
        agreed: The settings that the user has agreed to; None for those that the lockfile has now.
        accept_removals: True if later versions may lack aliases that were called.
        tables: The tables that the processes of the gateway share; None for one process.

    Attributes:
        agreed: The settings that the user has agreed to; None if no version needs consent.

    Raises:
        LockfileError: The lockfile can't be read, or has settings that need the user's consent.
    """

    def __init__(
        self,
        ring: ServedRing,
        secret: bytes,
        *,
        profile: str | None = None,
        audience: Audience = Audience(),  # noqa: B008 -- a constant
        needs_consent: bool = False,
        agreed: tuple[Claim, ...] | None = None,
        accept_removals: bool = False,
        tables: SharedTables | None = None,
    ) -> None:
        self._called = CalledAliases(None if tables is None else tables.aliases)
        affinity = Affinity(ring.clock)
        if tables is not None:
            affinity = SharedAffinity(ring.clock, tables.conversations)
        self._lockfile = ring.active_lockfile
        self._reading = self._lockfile.now()
        lockfile, source = self._reading.lockfile, self._reading.source
        table = gateway_table(lockfile, source)
        access = self._access = audience.access
        if access is not None:
            access.use_lockfile(lockfile_keys(table.keys))
        self._gateway = Gateway(
            ring=ring,
            table=table,
            secret=secret,
            profile=profile,
            is_open=audience.is_open,
            access=None if access is None else KeyCheck(access, ring.clock),
            affinity=affinity,
        )
        self._path = source.path
        self._is_unusable = False
        self.agreed: tuple[Claim, ...] | None = None
        if needs_consent:
            self.agreed = claims(lockfile, PROVIDERS) if agreed is None else agreed
            self._require_consent(lockfile)
        self._has_aliases = _has_aliases(lockfile)
        self._accepts_removals = accept_removals
        self._lockfile.admit(self._admit)

    def now(self) -> Gateway:
        """Return the gateway as it is now; the same object until the lockfile changes."""
        try:
            reading = self._lockfile.now()
            self._is_unusable = False
            if reading is not self._reading:
                table = gateway_table(reading.lockfile, reading.source)
                if self._access is not None:
                    self._access.use_lockfile(lockfile_keys(table.keys))
                self._gateway = msgspec.structs.replace(self._gateway, table=table)
                self._reading = reading
        except (LLMRingError, msgspec.ValidationError):
            # It was usable once, so calls go on with that.
            self._is_unusable = True
        if self._access is not None and self._access.is_on and self._gateway.is_open:
            self._gateway = msgspec.structs.replace(self._gateway, is_open=False)
        return self._gateway

    def record(self, watching: Watching) -> None:
        """Record calls from now on.

        Args:
            watching: The records.
        """
        self._gateway = msgspec.structs.replace(self._gateway, watching=watching)

    @property
    def access(self) -> LiveAccess | None:
        """The keys that clients need; None if they never need any."""
        return self._access

    @property
    def active_profile(self) -> str:
        """The profile of requests that name none."""
        return self._reading.profile(self._gateway.profile)

    def is_stale(self) -> bool:
        """Return True while the lockfile can't be used, so that the last good one stays in use."""
        self.now()
        return self._is_unusable or self._lockfile.is_stale

    def report_call(self, profile: str, alias: str) -> None:
        """Remember that clients call an alias.

        Args:
            profile: The profile.
            alias: The alias.
        """
        found = self._reading.lockfile.profiles.get(profile)
        if found is not None and alias in found.bindings:
            self._called.report(profile, alias)

    def report(self, event: str, **facts: object) -> None:
        """Log a change of state, if there is a log.

        Args:
            event: The change.
            facts: More about it.
        """
        watching = self._gateway.watching
        if watching is not None and watching.log is not None:
            watching.log.report(event, facts)

    def read_again(self) -> None:
        """Read the lockfile at the next call, whether it has changed or not."""
        self._lockfile.forget()

    def _admit(self, lockfile: Lockfile) -> None:
        """Raise an error for a changed lockfile that is not to be used."""
        if self._has_aliases and not _has_aliases(lockfile):
            raise LockfileError("has lost all its aliases", path=self._path)
        lost: list[str] = []
        if not self._accepts_removals:
            lost = self._called.lost(self._reading.lockfile, lockfile)
        if lost:
            raise LockfileError(
                f"lacks aliases that were called in the last hour: {', '.join(lost)}; "
                "with --accept-removals, the gateway accepts that",
                path=self._path,
            )
        self._require_consent(lockfile)
        lockfile_keys(gateway_table(lockfile, self._reading.source).keys)

    def _require_consent(self, lockfile: Lockfile) -> None:
        """Raise an error for settings that the user has not agreed to."""
        if self.agreed is None:
            return
        found = claims(lockfile, PROVIDERS)
        if all(each in self.agreed for each in found):
            return
        if not trusted_lockfiles().holds(self._path, fingerprint(found)):
            raise LockfileError(
                "has new settings for keys and addresses; if you agree, run llmring trust and "
                "start the gateway again",
                path=self._path,
            )


def _has_aliases(lockfile: Lockfile) -> bool:
    return any(profile.bindings for profile in lockfile.profiles.values())
