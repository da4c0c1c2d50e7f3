"""Checks and display of server addresses."""

import re
from urllib.parse import urlsplit

from llmring.redaction import MASK

# Such an address has the path of the socket, with its slashes encoded, as its host.
UNIX_SCHEME = "http+unix"


def is_usable(url: str) -> bool:
    """Return True if this is a valid URL of an HTTP server, or of one at a Unix socket."""
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return False
    is_socket = _is_socket(host)
    return (
        parts.scheme in ((UNIX_SCHEME,) if is_socket else ("http", "https"))
        and port != 0
        and not (is_socket and port)
        and (is_socket or all(0 < len(each) < 64 for each in host.removesuffix(".").split(".")))
        and re.fullmatch("[!-~]+", url) is not None
    )


def _is_socket(host: str) -> bool:
    return host[:3].lower() == "%2f"


def is_loopback(host: str) -> bool:
    """Return True if the name or address alone shows that the host is this machine."""
    import ipaddress

    if host == "localhost" or host.endswith(".localhost") or _is_socket(host):
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
