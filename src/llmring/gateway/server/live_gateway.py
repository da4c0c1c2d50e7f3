"""The gateway as its lockfile has it now."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from llmring.config.settings import trusted_lockfiles
from llmring.exceptions import LLMRingError, LockfileError
from llmring.gateway.affinity import Affinity
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.lockfile.consent import claims, fingerprint
from llmring.lockfile.document import Lockfile
from llmring.lockfile.gateway_table import gateway_table
from llmring.providers.table import PROVIDERS

# An alias is in use for this time after a call.
IN_USE_SECONDS = 3600.0


class LiveGateway:
    """A gateway whose settings follow its lockfile.

    A lockfile that can't be read changes nothing. Neither does one that has lost all aliases, such
    as a file that is being written, or an alias that was called in the last hour, nor one whose
    settings need the user's consent if it was only found in the folder.

    Args:
        ring: The ring that makes the calls.
        secret: As for `Gateway`.
        profile: As for `Gateway`.
        is_open: As for `Gateway`.
        needs_consent: True if later versions of the lockfile need the user's consent. What it
            holds now has been agreed to.
        accept_removals: True if later versions may lack aliases that were called.
        monotonic: The clock, in seconds.

    Raises:
        LockfileError: The lockfile can't be read.
    """

    def __init__(
        self,
        ring: ServedRing,
        secret: bytes,
        *,
        profile: str | None = None,
        is_open: bool = True,
        needs_consent: bool = False,
        accept_removals: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._monotonic = monotonic
        # The last calls, by profile and alias.
        self._called: dict[tuple[str, str], float] = {}
        self._lockfile = ring.active_lockfile
        self._reading = self._lockfile.now()
        lockfile, source = self._reading.lockfile, self._reading.source
        self._gateway = Gateway(
            ring=ring,
            table=gateway_table(lockfile, source),
            secret=secret,
            profile=profile,
            is_open=is_open,
            affinity=Affinity(ring.clock),
        )
        self._path = source.path
        self._agreed = claims(lockfile, PROVIDERS) if needs_consent else None
        self._has_aliases = _has_aliases(lockfile)
        self._accepts_removals = accept_removals
        self._lockfile.admit(self._admit)

    def now(self) -> Gateway:
        """Return the gateway as it is now; the same object until the lockfile changes."""
        try:
            reading = self._lockfile.now()
            if reading is not self._reading:
                table = gateway_table(reading.lockfile, reading.source)
                self._gateway = msgspec.structs.replace(self._gateway, table=table)
                self._reading = reading
        except (LLMRingError, msgspec.ValidationError):
            # It was usable once, so calls go on with that.
            pass
        return self._gateway

    @property
    def active_profile(self) -> str:
        """The profile of requests that name none."""
        return self._reading.profile(self._gateway.profile)

    def report_call(self, profile: str, alias: str) -> None:
        """Remember that clients call an alias.

        Args:
            profile: The profile.
            alias: The alias.
        """
        found = self._reading.lockfile.profiles.get(profile)
        if found is not None and alias in found.bindings:
            self._called[profile, alias] = self._monotonic()

    def read_again(self) -> None:
        """Read the lockfile at the next call, whether it has changed or not."""
        self._lockfile.forget()

    def _admit(self, lockfile: Lockfile) -> None:
        """Raise an error for a changed lockfile that is not to be used."""
        if self._has_aliases and not _has_aliases(lockfile):
            raise LockfileError("has lost all its aliases", path=self._path)
        lost = [] if self._accepts_removals else self._lost(lockfile)
        if lost:
            raise LockfileError(
                f"lacks aliases that were called in the last hour: {', '.join(lost)}; "
                "with --accept-removals, the gateway accepts that",
                path=self._path,
            )
        if self._agreed is None:
            return
        found = claims(lockfile, PROVIDERS)
        if all(each in self._agreed for each in found):
            return
        if not trusted_lockfiles().holds(self._path, fingerprint(found)):
            raise LockfileError(
                "has new settings for keys and addresses; if you agree, run llmring trust and "
                "start the gateway again",
                path=self._path,
            )

    def _lost(self, lockfile: Lockfile) -> list[str]:
        """Return the aliases in use that a changed lockfile lacks."""
        since = self._monotonic() - IN_USE_SECONDS
        # Calls may be reported meanwhile.
        called = [each for each, at in list(self._called.items()) if at >= since]
        profiles = lockfile.profiles
        return [
            f"{alias} ({profile})"
            for profile, alias in called
            if profile not in profiles or alias not in profiles[profile].bindings
        ]


def _has_aliases(lockfile: Lockfile) -> bool:
    return any(profile.bindings for profile in lockfile.profiles.values())
