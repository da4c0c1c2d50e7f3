"""The rules by which a key may be used: its time, its APIs and its addresses."""

from __future__ import annotations

import functools
from datetime import datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from llmring.access.access_records import AccessKey


def has_expired(key: AccessKey, now: datetime) -> bool:
    """Return True if the time of a key is over."""
    return key.expires is not None and key.expires <= now


def allows_api(key: AccessKey, api: str) -> bool:
    """Return True if a key may speak an API."""
    return key.wires is None or api in key.wires


def allows_address(key: AccessKey, address: str) -> bool:
    """Return True if a key may come from an address.

    Args:
        key: The key.
        address: The address of the client; one that can't be read is in no network.
    """
    if key.nets is None:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in _network(net) for net in key.nets)


@functools.lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text, strict=False)
