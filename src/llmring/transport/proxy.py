"""The proxy for a host, from the variables that name proxies."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from llmring.exceptions import ConfigurationError

_DEFAULT_PORTS = {"http": 80, "https": 443}


def proxy_for(scheme: str, host: str, port: int | None = None) -> str | None:
    """Return the proxy for a host, from HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY.

    Loopback is never reached through a proxy: a proxy could not reach it.

    Args:
        scheme: "http" or "https".
        host: The host's name or address, without brackets.
        port: The port, if it is not the scheme's own.

    Raises:
        ConfigurationError: The proxy's kind is not supported, or its address is invalid.
    """
    from urllib.request import getproxies_environment, proxy_bypass

    from llmring.address import is_loopback, is_usable, without_login

    if is_loopback(host):
        return None
    proxies = getproxies_environment()
    kind = scheme if scheme in proxies else "all"
    proxy = proxies.get(kind)
    if proxy is None or proxy_bypass(host):
        return None
    if is_excepted(proxies.get("no", ""), host, port or _DEFAULT_PORTS.get(scheme)):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    if not is_usable(proxy):
        raise ConfigurationError(
            f"{kind.upper()}_PROXY is {without_login(proxy)!r}, which can't be used; set it to "
            f"a URL "
            "like http://proxy.example:8080, or name the host in NO_PROXY"
        )
    return proxy


def is_excepted(no_proxy: str, host: str, port: int | None) -> bool:
    """Return True if NO_PROXY names a host.

    An entry is a domain (with its subdomains, with or without a leading dot), a glob such as
    `*.internal`, an address, a range such as `10.0.0.0/8`, or `*`; each may end with a port.
    curl, Go and requests understand these too: https://curl.se/docs/manpage.html#--noproxy.

    Args:
        no_proxy: The variable's value.
        host: The host's name or address, without brackets.
        port: The port of the request.
    """
    name = host.lower().rstrip(".")
    entries = (entry for entry in re.split(r"[,\s]+", no_proxy.lower()) if entry)
    return any(_names(entry, name, port) for entry in entries)


def _names(entry: str, host: str, port: int | None) -> bool:
    if _is_address(host):
        return _covers(entry, host) or _covers(_without_port(entry, port), host)
    name = _without_port(entry, port).rstrip(".")
    if any(sign in name for sign in "*?["):
        return fnmatchcase(host, name)
    domain = name.removeprefix(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _without_port(entry: str, port: int | None) -> str:
    """Return the host of an entry; empty if the entry is for another port."""
    try:
        parts = urlsplit(f"//{entry}")
        own = parts.port
    except ValueError:
        return entry
    if own is None:
        return entry
    return (parts.hostname or "") if own == port else ""


def _covers(entry: str, address: str) -> bool:
    """Return True if an entry is this address, or a range that contains it."""
    try:
        return ip_address(address) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        return bool(entry) and fnmatchcase(address, entry)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
