"""Addresses of servers: which can be used, which are this machine, and how they are shown."""

import re
from urllib.parse import urlsplit

from llmring.redaction import MASK


def is_usable(url: str) -> bool:
    """Whether this is the URL of an HTTP server."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and port != 0
        and all(0 < len(label) < 64 for label in host.removesuffix(".").split("."))
        and re.fullmatch("[!-~]+", url) is not None
    )


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its name or address alone."""
    import ipaddress

    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(url: str) -> str:
    """An address without what may be secret in it: user name and password, and the query."""
    whole, question, _ = url.partition("?")
    scheme, mark, rest = whole.rpartition("://")
    login, at, place = rest.rpartition("@")
    return scheme + mark + (MASK if login else "") + at + place + (question and question + MASK)


def variables_in(template: str) -> tuple[str, ...]:
    """The environment variables whose names stand in braces in an address, to be filled in."""
    return tuple(re.findall(r"\{(\w+)\}", template))
