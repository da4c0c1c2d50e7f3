"""The origin of a call that a gateway makes."""

from __future__ import annotations

from msgspec import Struct


class CallOrigin(Struct, frozen=True, kw_only=True):
    """The origin of a call that a gateway makes, as the ledger keeps it.

    Attributes:
        key: The name of the client's key, if it has one.
        team: The team of the key, if it has one.
        wire: The API that the client speaks.
        client: The client program, from its "user-agent".
        session: The client's own ID of the conversation, if it sends one.
        request_id: The ID of the client's request.
        renames: True if another name of the model is put into bytes that are passed on.
        cache: How the cache of answers takes part, such as "miss"; None without a cache.
    """

    key: str | None = None
    team: str | None = None
    wire: str | None = None
    client: str | None = None
    session: str | None = None
    request_id: str | None = None
    renames: bool = False
    cache: str | None = None
