"""The `[gateway]` table of a lockfile, with the values of the keys that it leaves out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from llmring.lockfile.document import Lockfile
from llmring.lockfile.file import LockfileSource


class GatewayTable(Struct, frozen=True, kw_only=True):
    """The settings of a gateway that belong to the project.

    Attributes:
        names: Aliases by rule: a name, or the beginning of names and "*".
        head_after: Seconds without content after which a stream is begun all the same.
        body_limit: Largest body of a request in bytes, after unpacking.
        cache_memory: Bytes of memory that each process has for kept answers.
        cors: Origins of web pages that may call the gateway.
        hosts: Names of hosts, in lower case, by which clients reach the gateway.
        show_upstream_errors: True if errors quote the provider's message; None for only where the
            gateway serves this machine alone.
        show_upstream_limits: True if answers have the provider's headers about its limits.
        body_model: The model that replies name: the one that answered, or the client's own name.
        allow: What clients may ask of providers that they may not by default: "mcp" for servers
            that their requests name.
        keys: The keys of clients, as written.
        metrics_keys: True if metrics have the names of keys.
        queue: Seconds that a call may wait while the limits of its alias are reached.
        when_blind: The way of calls with limits while other machines can't be asked for the counts:
            this machine keeps to its share of the limits, or refuses the calls.
    """

    names: Mapping[str, str] = {}
    head_after: float = 15.0
    body_limit: int = 32 * 2**20
    cache_memory: int = 64 * 2**20
    cors: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    show_upstream_errors: bool | None = None
    show_upstream_limits: bool = False
    body_model: Literal["served", "asked"] = "served"
    allow: tuple[Literal["mcp"], ...] = ()
    keys: tuple[Mapping[str, Any], ...] = ()
    metrics_keys: bool = False
    queue: float = 5.0
    when_blind: Literal["share", "refuse"] = "share"


_USUAL = GatewayTable()


def gateway_table(lockfile: Lockfile, source: LockfileSource) -> GatewayTable:
    """Return the table of a lockfile; that of a package's lockfile is ignored.

    Args:
        lockfile: The lockfile.
        source: Its place.
    """
    if not lockfile.gateway or not source.writable:
        return _USUAL
    table = msgspec.convert(lockfile.gateway, GatewayTable)
    return msgspec.structs.replace(table, hosts=tuple(host.lower() for host in table.hosts))
