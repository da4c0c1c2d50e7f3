"""The gateway as its lockfile has it now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from llmring.config.settings import trusted_lockfiles
from llmring.exceptions import LLMRingError, LockfileError
from llmring.gateway.affinity import Affinity
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.server_state import Gateway
from llmring.lockfile.consent import Claim, claims, fingerprint
from llmring.lockfile.document import Lockfile
from llmring.lockfile.gateway_table import gateway_table
from llmring.providers.table import PROVIDERS


class LiveGateway:
    """A gateway whose settings follow its lockfile.

    A lockfile that can't be read changes nothing. Neither does one that has lost all aliases, such
    as a file that is being written, nor one whose settings need the user's consent if it was only
    found in the folder.

    Args:
        ring: The ring that makes the calls.
        secret: As for `Gateway`.
        profile: As for `Gateway`.
        is_open: As for `Gateway`.
        needs_consent: True if later versions of the lockfile need the user's consent. What it
            holds now has been agreed to.

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
    ) -> None:
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
        agreed = claims(lockfile, PROVIDERS) if needs_consent else None
        self._lockfile.admit(_check(source.path, agreed, has_aliases=_has_aliases(lockfile)))

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

    def read_again(self) -> None:
        """Read the lockfile at the next call, whether it has changed or not."""
        self._lockfile.forget()


def _has_aliases(lockfile: Lockfile) -> bool:
    return any(profile.bindings for profile in lockfile.profiles.values())


def _check(
    path: Path, agreed: tuple[Claim, ...] | None, *, has_aliases: bool
) -> Callable[[Lockfile], None]:
    """Return the check of a changed lockfile.

    Args:
        path: The lockfile.
        agreed: The settings that the user has agreed to; None for all.
        has_aliases: True if it has had aliases.
    """

    def check(lockfile: Lockfile) -> None:
        if has_aliases and not _has_aliases(lockfile):
            raise LockfileError("has lost all its aliases", path=path)
        if agreed is None:
            return
        found = claims(lockfile, PROVIDERS)
        if all(each in agreed for each in found):
            return
        if not trusted_lockfiles().holds(path, fingerprint(found)):
            raise LockfileError(
                "has new settings for keys and addresses; if you agree, run llmring trust and "
                "start the gateway again",
                path=path,
            )

    return check
