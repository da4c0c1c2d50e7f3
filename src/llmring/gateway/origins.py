"""The hosts by which clients reach the gateway, and the web pages that may call it.

A web page can send requests to programs on its reader's machine, under a name that leads there, or
across origins. Browsers send both facts in headers that a page can't change.
https://fetch.spec.whatwg.org/#origin-header
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from llmring.address import is_loopback
from llmring.gateway.http import GatewayAnswer
from llmring.gateway.refusals import ForbiddenError, RefusedCallError
from llmring.lockfile.gateway_table import GatewayTable

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?", re.IGNORECASE)
_JSON = re.compile(r"application/([\w.+-]+\+)?json")

_METHODS = "GET, HEAD, POST, OPTIONS"
_PREFLIGHT_SECONDS = "600"


class MissingHostError(RefusedCallError):
    """A call without a usable host."""

    status = 400


class WrongMediaTypeError(RefusedCallError):
    """A call whose body is not JSON."""

    status = 415


def check_host(host: str | None, table: GatewayTable, bound: str | None = None) -> None:
    """Check that a request names a host that leads to this gateway.

    Args:
        host: The header Host; None if it is missing or occurs twice.
        table: The settings of the gateway.
        bound: The address of this machine at which the request has arrived.

    Raises:
        MissingHostError: The header is missing or no name of a host.
        ForbiddenError: The name is unknown.
    """
    name, is_local = _name_of(host or "")
    if not name:
        raise MissingHostError("the request needs one header Host, with the name of a host")
    if is_local or name in table.hosts or name.strip("[]") == bound:
        return
    raise ForbiddenError(
        f"the host {name[:255]!r} is unknown here; add it to hosts in [gateway] of the lockfile"
    )


@functools.lru_cache(maxsize=256)
def _name_of(host: str) -> tuple[str, bool]:
    """Return the name in a header Host, if it is one, and True if it is this machine's."""
    found = _HOST.fullmatch(host)
    if found is None:
        return "", False
    name = found[1].lower().removesuffix(".")
    return name, is_loopback(name.strip("[]"))


def check_origin(headers: Mapping[str, str], table: GatewayTable) -> str | None:
    """Check that a web page may send this request; return its origin if it is another site.

    Args:
        headers: The headers, by their names in lower case; the host has been checked.
        table: The settings of the gateway.

    Raises:
        ForbiddenError: The page may not.
    """
    origin = headers.get("origin")
    if origin is None:
        # Browsers leave Origin out of some requests for a page's images and links.
        if headers.get("sec-fetch-site") == "cross-site" and not _is_navigation(headers):
            raise ForbiddenError("a web page of another site may not call the gateway")
        return None
    if origin.lower() in table.cors:
        return origin
    if urlsplit(origin).netloc.lower() == headers.get("host", "").lower():
        return None
    raise ForbiddenError(
        f"web pages of {origin[:255]!r} may not call the gateway; "
        "add the origin to cors in [gateway] of the lockfile"
    )


def _is_navigation(headers: Mapping[str, str]) -> bool:
    return headers.get("sec-fetch-mode") == "navigate"


def check_media_type(headers: Mapping[str, str]) -> None:
    """Check that a body is sent as JSON, as no web page can without a preflight.

    Some programs name no type at all. A page can do that too, but a browser then names the page.

    Args:
        headers: The headers, by their names in lower case.

    Raises:
        WrongMediaTypeError: It is not.
    """
    given = headers.get("content-type")
    if given == "application/json" or (given is None and not _of_browser(headers)):
        return
    media_type = (given or "").partition(";")[0].strip().lower()
    if _JSON.fullmatch(media_type) is None:
        sent = f"{media_type:.100}" or "a text without a type"
        raise WrongMediaTypeError(
            f"the body came as {sent}; send it as JSON, with this header (curl: "
            "-H 'content-type: application/json')"
        )


def _of_browser(headers: Mapping[str, str]) -> bool:
    return any(name in headers for name in ("origin", "referer", "sec-fetch-site"))


def preflight(origin: str, headers: Mapping[str, str]) -> GatewayAnswer:
    """Answer a browser's question what a page may send.

    https://fetch.spec.whatwg.org/#cors-preflight-request

    Args:
        origin: The origin, which may call the gateway.
        headers: The headers of the request, by their names in lower case.
    """
    allowed = {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": _METHODS,
        "access-control-allow-headers": headers.get("access-control-request-headers", ""),
        "access-control-max-age": _PREFLIGHT_SECONDS,
        "vary": "origin, access-control-request-headers",
    }
    if headers.get("access-control-request-private-network") == "true":
        allowed["access-control-allow-private-network"] = "true"
    return GatewayAnswer(status=204, headers=allowed)


def shared_headers(origin: str, names: Collection[str]) -> dict[str, str]:
    """Return the headers that let a page of another site read an answer.

    Args:
        origin: The origin, which may call the gateway.
        names: The names of the answer's headers.
    """
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": ", ".join(names),
        "vary": "origin",
    }
