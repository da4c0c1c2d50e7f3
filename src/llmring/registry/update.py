"""Requests for a newer catalog, and the checks of the reply.

This module does no I/O. Only `checked` decides that a catalog may be used.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date, timedelta
from typing import Literal
from urllib.parse import urljoin, urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from llmring.address import is_loopback, is_usable, without_login
from llmring.exceptions import ConfigurationError, LLMRingError
from llmring.registry.catalog import Catalog, ModelFacts, Rates, decode
from llmring.wire import HttpHead, HttpRequest

# The size after decompression. A catalog of a thousand models has about 500 kB.
MOST_BYTES = 8 * 2**20
MOST_REDIRECTS = 5

Check = Literal["demanded", "published", "none"]

# A catalog may be dated in another time zone.
_MOST_AHEAD = timedelta(days=1)

_MOVED = frozenset({301, 302, 303, 307, 308})
# File stores answer with one of these if a file does not exist.
_ABSENT = frozenset({403, 404, 410})
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


class Digest(Struct, frozen=True):
    """The SHA-256 that a catalog must have, in lower case, and where it comes from."""

    sha256: str
    by: Check


def address(text: str, *, named_by: str) -> str:
    """Return the address of a catalog if it is allowed.

    Args:
        text: The address as given by the user.
        named_by: The setting that gives it, for the error: "--url".

    Raises:
        ConfigurationError: The address is not usable, or not protected by https.
    """
    fault = _objection(text)
    if fault is not None:
        raise ConfigurationError(f"{named_by} is {place(text)!r}, {fault}")
    return text


def place(url: str) -> str:
    """Return an address without login and query, which may hold secrets, to show or store it."""
    return without_login(re.sub(r"[?#].*", "", url, flags=re.DOTALL))


def digest_url(url: str) -> str:
    """Return the address of a catalog's digest: the catalog's own with ".sha256" added."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path}.sha256"))


def demanded(text: str) -> Digest:
    """Parse the digest that the user requires of a catalog.

    Raises:
        ConfigurationError: The text is not a SHA-256.
    """
    if not _SHA256.fullmatch(text.removeprefix("sha256:")):
        raise ConfigurationError("--sha256 takes the 64 hexadecimal digits of a SHA-256")
    return Digest(text.removeprefix("sha256:").lower(), "demanded")


def published(text: bytes) -> Digest:
    """Parse the digest file of a catalog, as written by sha256sum.

    Raises:
        LLMRingError: The file does not begin with a SHA-256.
    """
    first = text[:200].decode("ascii", "replace").split()[:1]
    if not first or not _SHA256.fullmatch(first[0].removeprefix("sha256:")):
        raise LLMRingError(
            "its .sha256 file does not contain a SHA-256; write it with sha256sum, or give the "
            "digest by --sha256"
        )
    return Digest(first[0].removeprefix("sha256:").lower(), "published")


def request(url: str, etag: str | None = None) -> HttpRequest:
    """Build the request for a catalog, or for its digest.

    Args:
        url: The address.
        etag: The server's ETag of the stored version, if any.
    """
    known = {"if-none-match": etag} if etag else {}
    return HttpRequest("GET", url, {"accept": "application/json, */*;q=0.5", **known}, b"")


def redirected(url: str, head: HttpHead) -> str | None:
    """Return the address that a reply redirects to; None without a redirect.

    Raises:
        LLMRingError: The new address is not allowed.
    """
    if head.status not in _MOVED:
        return None
    there = urljoin(url, head.headers.get("location", ""))
    fault = _objection(there)
    if fault is None and urlsplit(there).scheme != urlsplit(url).scheme:
        fault = "which is another scheme"
    if fault is not None:
        raise LLMRingError(f"it redirects to {place(there)!r}, {fault}")
    return there


def is_unchanged(head: HttpHead, etag: str | None) -> bool:
    """Return True if the reply to a conditional request is "not modified"."""
    return head.status == 304 and etag is not None


def is_absent(head: HttpHead) -> bool:
    """Return True if the reply means that the file does not exist."""
    return head.status in _ABSENT


def require_success(head: HttpHead) -> None:
    """Reject an unsuccessful reply.

    Raises:
        LLMRingError: The status is not 200.
    """
    if head.status != 200:
        raise LLMRingError(f"the server answered with status {head.status}")


def too_large() -> LLMRingError:
    """Build the error for a body beyond `MOST_BYTES`."""
    return LLMRingError(f"it is larger than {MOST_BYTES // 2**20} MiB, too large for a catalog")


def sha256_of(body: bytes) -> str:
    """Hash a catalog's document."""
    return hashlib.sha256(body).hexdigest()


def checked(
    body: bytes, digest: Digest | None, present: date, *, force: bool, today: date | None = None
) -> Catalog:
    """Check the body of a reply and decode the catalog in it.

    Args:
        body: The body.
        digest: The digest that the body must have, if known.
        present: The date of the current catalog.
        force: Whether an older catalog may replace the current one.
        today: The date today, which a catalog can't be far ahead of; None for no such check.

    Raises:
        LLMRingError: A check fails.
    """
    if len(body) > MOST_BYTES:
        raise too_large()
    if digest is not None and sha256_of(body) != digest.sha256:
        origin = "--sha256" if digest.by == "demanded" else "the .sha256 file"
        raise LLMRingError(
            f"its SHA-256 is {sha256_of(body)}, not {digest.sha256} as in {origin}; it is damaged, "
            "was replaced, or is being published: try again later"
        )
    try:
        catalog = decode(body)
        models = tuple(catalog.models)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LLMRingError(f"it is not a catalog that this llmring reads: {error}") from None
    if not models:
        raise LLMRingError("it contains no models")
    for facts in models:
        if not _is_sound(facts):
            raise LLMRingError(f"it has an invalid figure for {facts}: negative or not a number")
    if today is not None and catalog.date > today + _MOST_AHEAD:
        # It would outlast every later catalog.
        raise LLMRingError(
            f"it is dated {catalog.date}, in the future; today is {today}: ask its publisher, or "
            "set this machine's clock"
        )
    if catalog.date < present and not force:
        raise LLMRingError(
            f"the catalog of {catalog.date} is older than the current one; use --force to install "
            "it"
        )
    return catalog


def _is_sound(facts: ModelFacts) -> bool:
    """Return True if all figures of a model are valid amounts."""
    counts = (facts.context_window, facts.max_input, facts.max_output)
    tables: list[Rates | None] = []
    for prices in (facts.prices, *(change.prices for change in facts.announced)):
        tables += [prices, prices.long_context if prices else None]
    amounts = [
        getattr(rates, name)
        for rates in tables
        if rates is not None
        for name in Rates.__struct_fields__
    ]
    return all(count is None or count > 0 for count in counts) and all(
        amount is None or (amount.is_finite() and amount >= 0) for amount in amounts
    )


def _objection(url: str) -> str | None:
    """Explain why an address is not allowed; None if it is."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "which is not an address"
    if parts.scheme == "file":
        return None if host in ("", "localhost") and parts.path else "which is not a local file"
    if not is_usable(url):
        return "which can't be used; use https://, or file:// with an absolute path"
    if parts.scheme == "http" and not is_loopback(host):
        return "which is not protected against tampering; use https://"
    return None
