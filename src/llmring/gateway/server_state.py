"""The state that all requests of one gateway process share."""

from __future__ import annotations

from msgspec import Struct

from llmring.gateway.served_ring import ServedRing
from llmring.lockfile.gateway_table import GatewayTable


class Gateway(Struct, frozen=True, kw_only=True):
    """A gateway.

    Attributes:
        ring: The ring that makes the calls.
        table: The `[gateway]` table of the lockfile in use.
        secret: The secret that its seals are made with.
        profile: The profile of requests that name none; None for the lockfile's own.
        is_open: True if it serves without keys: clients may call models directly, choose a
            profile, and see the providers' messages.
    """

    ring: ServedRing
    table: GatewayTable
    secret: bytes
    profile: str | None = None
    is_open: bool = True
