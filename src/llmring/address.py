"""Checks and display of server addresses."""

import re
from urllib.parse import urlsplit

from llmring.redaction import MASK


def is_usable(url: str) -> bool:
    """Return True if this is a valid URL of an HTTP server."""
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
    """Return True if the name or address alone shows that the host is this machine."""
    import ipaddress

    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def without_login(url: str) -> str:
    """Mask the parts of an address that may be secret: user name, password and query."""
    whole, question, _ = url.partition("?")
    scheme, mark, rest = whole.rpartition("://")
    login, at, place = rest.rpartition("@")
    return scheme + mark + (MASK if login else "") + at + place + (question and question + MASK)


def variables_in(template: str) -> tuple[str, ...]:
    """Return the environment variables that an address names in braces."""
    return tuple(re.findall(r"\{(\w+)\}", template))
