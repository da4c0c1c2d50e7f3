"""The state that all requests of one gateway process share."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from llmring.clock import SYSTEM
from llmring.dialects.relay.sealed_signatures import SealKey
from llmring.gateway.affinity import Affinity
from llmring.gateway.answer_headers import LockDigest
from llmring.gateway.caller import Caller
from llmring.gateway.callers.key_check import KeyCheck
from llmring.gateway.lazy_cache import LazyCache
from llmring.gateway.served_ring import ServedRing
from llmring.gateway.signatures.kept_signatures import KeptSignatures
from llmring.gateway.watching.watching import Watching
from llmring.lockfile.gateway_table import GatewayTable


class Gateway(Struct, frozen=True, kw_only=True):
    """A gateway.

    Attributes:
        ring: The ring that makes the calls.
        table: The `[gateway]` table of the lockfile in use.
        secret: The secret that its seals are made with.
        profile: The profile of requests that name none; None for the lockfile's own.
        is_open: True if it serves this machine without keys: clients may call models directly,
            choose a profile, and see the providers' messages.
        access: The keys that its clients need; None if they never need any.
        affinity: The memory of the models that answered.
        signatures: The memory of signatures that clients return calls without.
        digest: The digest of its lockfile.
        cache: The answers that it keeps, if an alias asks for that.
        watching: The records of its calls; None for no records.
    """

    ring: ServedRing
    table: GatewayTable
    secret: bytes
    profile: str | None = None
    is_open: bool = True
    access: KeyCheck | None = None
    affinity: Affinity = msgspec.field(default_factory=lambda: Affinity(SYSTEM))
    signatures: KeptSignatures = msgspec.field(default_factory=lambda: KeptSignatures(SYSTEM))
    digest: LockDigest = msgspec.field(default_factory=LockDigest)
    cache: LazyCache = msgspec.field(default_factory=LazyCache)
    watching: Watching | None = None

    def seal_key(self, caller: Caller) -> SealKey:
        """Return the key of the seals of a caller, which are opened for no other one."""
        return SealKey(self.secret, caller.key_id)

    @property
    def quotes_providers(self) -> bool:
        """True if errors quote the messages of providers."""
        shown = self.table.show_upstream_errors
        return self.is_open if shown is None else shown
