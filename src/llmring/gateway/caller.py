"""The callers of the gateway."""

from __future__ import annotations

from msgspec import Struct

from llmring.routing.account import Account


class Caller(Struct, frozen=True, kw_only=True):
    """A caller of the gateway.

    Attributes:
        key_id: The ID of the key; empty where the gateway needs no key.
        key: The name of the key, if there is one.
        team: The team of the key, if it has one.
        profile: The profile of the key, if it has one; "*" if the client may choose.
        tags: The tags of the key, for the ledger.
        accounts: What its calls count for, apart from their alias.
        aliases: The aliases that it may call, "*" for any characters; None for all.
        direct: True if the key may call models by "provider:model".
        wires: The APIs that it may speak; None for all.
        max_cost: USD that one of its calls may cost; None for no limit.
        is_admin: True if it may manage keys.
        is_terse: True if its answers have no headers about the call.
    """

    key_id: str = ""
    key: str | None = None
    team: str | None = None
    profile: str | None = None
    tags: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    aliases: tuple[str, ...] | None = None
    direct: bool = False
    wires: tuple[str, ...] | None = None
    max_cost: float | None = None
    is_admin: bool = False
    is_terse: bool = False


ANYONE = Caller()
