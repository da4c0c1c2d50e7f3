"""The count of wrong keys by address, so that keys can't be guessed in numbers.

Many clients may share the address of a proxy, so a key that was right from it goes on.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address, ip_network

from llmring.redaction import one_line

MOST = 10
SECONDS = 60.0

_MOST_ADDRESSES = 10_000
# A client with IPv6 has a network of addresses.
_IPV6_PREFIX = 64


class _Tries:
    """The wrong keys of an address since some time."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.count = 0


class Guesses:
    """The wrong keys of the last minute, by address, in one process.

    Args:
        on_block: Called with the address when it has sent too many.
        monotonic: Returns a time in seconds that only grows.
    """

    def __init__(
        self, on_block: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._on_block = on_block
        self._monotonic = monotonic
        # The address that began longest ago comes first.
        self._tries: OrderedDict[str, _Tries] = OrderedDict()
        self._right: OrderedDict[tuple[str, str], None] = OrderedDict()

    def count(self, address: str) -> None:
        """Count a wrong key."""
        place, now = _place(address), self._monotonic()
        tries = self._tries.get(place)
        if tries is None or now - tries.since >= SECONDS:
            self._tries.pop(place, None)
            tries = self._tries[place] = _Tries(now)
            if len(self._tries) > _MOST_ADDRESSES:
                self._tries.popitem(last=False)
        tries.count += 1
        if tries.count == MOST:
            self._on_block(one_line(place))

    def remember(self, address: str, key_id: str) -> None:
        """Remember that a key was right."""
        seen = (address, key_id)
        if seen not in self._right:
            self._right[seen] = None
            if len(self._right) > _MOST_ADDRESSES:
                self._right.popitem(last=False)

    def wait(self, address: str, key_id: str = "") -> float:
        """Return the seconds for which a key from an address is refused; 0 if it is not.

        Args:
            address: The address.
            key_id: The ID of the key, if it is right.
        """
        if not self._tries:
            return 0.0
        tries = self._tries.get(_place(address))
        if tries is None or tries.count < MOST or (key_id and (address, key_id) in self._right):
            return 0.0
        return max(0.0, tries.since + SECONDS - self._monotonic())


def _place(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return str(ip_network((found, _IPV6_PREFIX), strict=False))
    return address
