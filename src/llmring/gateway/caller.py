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
        profile: The profile of the key, if it has one.
        tags: The tags of the key, for the ledger.
        accounts: What its calls count for, apart from their alias.
    """

    key_id: str = ""
    key: str | None = None
    team: str | None = None
    profile: str | None = None
    tags: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()


ANYONE = Caller()
