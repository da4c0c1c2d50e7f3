"""The addresses of built-in providers, to which their requests and keys belong."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

from llmring.address import is_loopback, is_usable

_PORTS = {"http": 80, "https": 443}
_VARIABLE = re.compile(r"\{\w+\}")


class BuiltInProvider(Protocol):
    """The facts of a built-in provider that the checks use."""

    @property
    def base_url(self) -> str:
        """The address of its API."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Its further hosts; one that begins with a dot means all hosts below it."""

    @property
    def key_env(self) -> tuple[str, ...]:
        """The environment variables that hold its key."""

    @property
    def apis(self) -> Collection[str]:
        """The names of its APIs other than the default one."""


def leads_away(name: str, table: Mapping[str, Any], known: Mapping[str, BuiltInProvider]) -> bool:
    """Return True if a table sends requests neither to this machine nor to the provider itself.

    Without `api_key_env` such a table gets no key: that of a built-in provider is for its own
    addresses.

    Args:
        name: The provider's name.
        table: The provider's keys.
        known: The built-in providers, by name.
    """
    url = table.get("base_url")
    vendor = known.get(name.lower())
    if url is None or is_loopback(host_of(name, table, known)):
        return False
    return vendor is None or not is_home(url, vendor)


def is_home(url: str, vendor: BuiltInProvider) -> bool:
    """Return True if an address is a provider's own: by scheme, host and port.

    Any path of it is its own. A program's own addresses are all those on this machine. A variable
    in a host is one label.
    """
    if not is_usable(url):
        return False
    parts, own = urlsplit(url), urlsplit(vendor.base_url)
    host, usual = parts.hostname or "", own.hostname or ""
    if is_loopback(usual):
        return is_loopback(host)
    origin = (own.scheme, _port(own)) if usual else ("https", 443)
    return (parts.scheme, _port(parts)) == origin and any(
        re.fullmatch(_pattern(each), host) for each in (usual, *vendor.hosts) if each
    )


def _port(parts: SplitResult) -> int | None:
    return parts.port or _PORTS.get(parts.scheme)


def _pattern(host: str) -> str:
    """Return the pattern of a host with variables, or of all hosts below a domain."""
    below = "[a-z0-9.-]+" if host.startswith(".") else ""
    return below + "[a-z0-9-]+".join(map(re.escape, _VARIABLE.split(host)))


def owners_of(variable: str, known: Mapping[str, BuiltInProvider]) -> Mapping[str, BuiltInProvider]:
    """Return the built-in providers, by name, whose key an environment variable holds.

    Args:
        variable: The variable's name; case does not matter, as on Windows.
        known: The built-in providers, by name.
    """
    wanted = variable.upper()
    return {name: row for name, row in known.items() if wanted in map(str.upper, row.key_env)}


def is_stray_key(variable: str, url: str, known: Mapping[str, BuiltInProvider]) -> bool:
    """Return True if a variable holds a built-in provider's key, and an address is not its own.

    Args:
        variable: The variable's name.
        url: An address on another machine.
        known: The built-in providers, by name.
    """
    owners = owners_of(variable, known).values()
    return bool(owners) and not any(is_home(url, owner) for owner in owners)


def address_of(name: str, table: Mapping[str, Any], known: Mapping[str, BuiltInProvider]) -> str:
    """Return the address that a table gives a provider; empty if none is known."""
    vendor = known.get(name.lower())
    url: str = table.get("base_url") or (vendor.base_url if vendor else "")
    return url if is_usable(url) else ""


def host_of(name: str, table: Mapping[str, Any], known: Mapping[str, BuiltInProvider]) -> str:
    """Return the host that a table makes a provider's address; empty if no address is known."""
    return urlsplit(address_of(name, table, known)).hostname or ""
