"""Newer facts of models: what is asked for, and the check of what comes.

Nothing here sends anything; a catalog is taken for good only by `checked`.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import Literal
from urllib.parse import urljoin, urlsplit, urlunsplit

import msgspec
from msgspec import Struct

from llmring.address import is_loopback, is_usable, shown
from llmring.exceptions import ConfigurationError, LLMRingError
from llmring.registry.catalog import Catalog, ModelFacts, Rates, decode
from llmring.wire import HttpHead, HttpRequest

# A catalog of a thousand models has some 500 kB. Counted after unpacking.
MOST_BYTES = 8 * 2**20
MOST_REDIRECTS = 5

Check = Literal["demanded", "published", "none"]

_MOVED = frozenset({301, 302, 303, 307, 308})
# Stores of files say one of these of a file that is not there.
_ABSENT = frozenset({403, 404, 410})
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


class Digest(Struct, frozen=True):
    """The SHA-256 that a catalog must have, in lower case, and who says so."""

    sha256: str
    by: Check


def address(text: str, *, named_by: str) -> str:
    """The address of a catalog, if facts may come from there.

    Args:
        text: The address as the user has it.
        named_by: What names it, for the error: "--url".

    Raises:
        ConfigurationError: It is of another kind, or would send facts unprotected.
    """
    fault = _objection(text)
    if fault is not None:
        raise ConfigurationError(f"{named_by} is {place(text)!r}, {fault}")
    return text


def place(url: str) -> str:
    """An address as it is shown and kept: without a login and a query, which may hold secrets."""
    return shown(re.sub(r"[?#].*", "", url, flags=re.DOTALL))


def beside(url: str) -> str:
    """Where the digest of a catalog is published: the same address with ".sha256" added."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path}.sha256"))


def demanded(text: str) -> Digest:
    """The digest that the user wants a catalog to have.

    Raises:
        ConfigurationError: It is none.
    """
    if not _SHA256.fullmatch(text.removeprefix("sha256:")):
        raise ConfigurationError("--sha256 takes the 64 hexadecimal digits of a SHA-256")
    return Digest(text.removeprefix("sha256:").lower(), "demanded")


def published(text: bytes) -> Digest:
    """The digest in a file beside a catalog, as sha256sum writes it.

    Raises:
        LLMRingError: There is none in it.
    """
    first = text[:200].decode("ascii", "replace").split()[:1]
    if not first or not _SHA256.fullmatch(first[0].removeprefix("sha256:")):
        raise LLMRingError(
            "the .sha256 beside it holds no SHA-256; whoever publishes the catalog writes it with "
            "sha256sum, and --sha256 names another"
        )
    return Digest(first[0].removeprefix("sha256:").lower(), "published")


def request(url: str, etag: str | None = None) -> HttpRequest:
    """The request for a catalog, or for its digest.

    Args:
        url: Where it is.
        etag: What the server called the version that is already here, if it is.
    """
    known = {"if-none-match": etag} if etag else {}
    return HttpRequest("GET", url, {"accept": "application/json, */*;q=0.5", **known}, b"")


def redirected(url: str, head: HttpHead) -> str | None:
    """Where the answer sends us instead; None where it does not.

    Raises:
        LLMRingError: Somewhere that no facts may come from.
    """
    if head.status not in _MOVED:
        return None
    there = urljoin(url, head.headers.get("location", ""))
    fault = _objection(there)
    if fault is None and urlsplit(there).scheme != urlsplit(url).scheme:
        fault = "which is another scheme"
    if fault is not None:
        raise LLMRingError(f"it sends to {place(there)!r}, {fault}")
    return there


def is_unchanged(head: HttpHead, etag: str | None) -> bool:
    """Whether the answer is that nothing has changed, to a request that allowed for that."""
    return head.status == 304 and etag is not None


def is_absent(head: HttpHead) -> bool:
    """Whether the answer is that there is no such file."""
    return head.status in _ABSENT


def require_success(head: HttpHead) -> None:
    """Refuse an answer that brings nothing.

    Raises:
        LLMRingError: Its status is not 200.
    """
    if head.status != 200:
        raise LLMRingError(f"the answer is {head.status}")


def too_large() -> LLMRingError:
    """The error for a body beyond `MOST_BYTES`."""
    return LLMRingError(f"it is larger than {MOST_BYTES // 2**20} MiB, which no catalog is")


def sha256_of(body: bytes) -> str:
    """The SHA-256 of a catalog's document."""
    return hashlib.sha256(body).hexdigest()


def checked(body: bytes, digest: Digest | None, present: date, *, force: bool) -> Catalog:
    """The catalog in a body, once it has passed every check.

    Args:
        body: What came.
        digest: The digest that it must have, if one is known.
        present: The day of the catalog that is in use.
        force: Whether an older one may take its place.

    Raises:
        LLMRingError: It fails a check.
    """
    if len(body) > MOST_BYTES:
        raise too_large()
    if digest is not None and sha256_of(body) != digest.sha256:
        says = "--sha256 demands" if digest.by == "demanded" else "the .sha256 beside it says"
        raise LLMRingError(
            f"its SHA-256 is {sha256_of(body)}, and {says} {digest.sha256}; it was damaged or "
            "replaced, or is being published at this moment"
        )
    try:
        catalog = decode(body)
        models = tuple(catalog.models)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LLMRingError(f"it is not a catalog that this llmring reads: {error}") from None
    if not models:
        raise LLMRingError("it holds no model")
    for facts in models:
        if not _is_sound(facts):
            raise LLMRingError(f"it has a figure of {facts} that can't be: below 0, or no number")
    if catalog.date < present and not force:
        raise LLMRingError(
            f"it is of {catalog.date}, older than the one in use; --force takes it nevertheless"
        )
    return catalog


def _is_sound(facts: ModelFacts) -> bool:
    """Whether the figures of a model are amounts."""
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
    """Why facts may not come from an address; None where they may."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "which is no address"
    if parts.scheme == "file":
        return None if host in ("", "localhost") and parts.path else "which names no file here"
    if not is_usable(url):
        return "which can't be used; it takes https://, or file:// and an absolute path"
    if parts.scheme == "http" and not is_loopback(host):
        return "which anybody on the way could change; it takes https://"
    return None
