"""Fetching newer facts about models, only when the user asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from msgspec import Struct

from llmring.exceptions import LLMRingError
from llmring.registry import cache, update
from llmring.registry.catalog import Catalog
from llmring.transport.http_client import HttpClient
from llmring.wire import HttpHead

DEFAULT_SECONDS = 5.0

Outcome = Literal["updated", "unchanged", "overtaken"]


class RefreshResult(Struct, frozen=True, kw_only=True):
    """The result of fetching newer facts.

    Attributes:
        url: The address of the catalog, without secrets.
        outcome: "updated": a new catalog is in use. "unchanged": the server has no other than
            the one fetched before. "overtaken": another process has installed a newer one
            in the meantime.
        day: Date of the catalog now in use.
        models: Number of models in it.
        was: Date of the catalog in use before.
        sha256: Digest of the fetched catalog; None if nothing was fetched.
        check: The digest it was checked against: "demanded" by the caller, "published" with the
            catalog, or "none".
    """

    url: str
    outcome: Outcome
    day: date
    models: int
    was: date
    sha256: str | None
    check: update.Check


class _Downloaded(Struct, frozen=True):
    """A fetched catalog, and the ETag of this version."""

    body: bytes
    etag: str | None


async def refresh(
    folder: Path,
    url: str,
    *,
    today: date,
    sha256: str | None = None,
    force: bool = False,
    seconds: float = DEFAULT_SECONDS,
) -> RefreshResult:
    """Fetch a catalog, check it, and install it for all rings.

    Args:
        folder: Folder of the fetched catalogs.
        url: Address of the catalog: https, http on this machine, or a file.
        today: The date today; a catalog dated more than a day later is refused.
        sha256: The digest that it must have; by default the one published with it, if any.
        force: True to accept a catalog older than the one in use.
        seconds: Time limit for everything together.

    Raises:
        LLMRingError: The catalog could not be fetched or used; the current one stays in use.
    """
    present = cache.newest(folder)
    wanted = update.demanded(sha256) if sha256 else None
    source = _CatalogClient(seconds)
    try:
        return await _refresh(source, folder, url, wanted, present, today, force=force)
    except LLMRingError as error:
        raise LLMRingError(
            f"can't fetch newer facts from {update.place(url)}: {error.message}; "
            f"the catalog of {present.date} stays in use"
        ) from error
    finally:
        await source.aclose()


async def _refresh(
    source: _CatalogClient,
    folder: Path,
    url: str,
    wanted: update.Digest | None,
    present: Catalog,
    today: date,
    *,
    force: bool,
) -> RefreshResult:
    before = cache.fetched(folder)
    current = before.note if before is not None and before.catalog is present else None
    # Ask for changes only if the catalog here needs no other check.
    unconditional = (
        force or wanted is not None or current is None or current.url != update.place(url)
    )
    etag = None if unconditional or current is None else current.etag
    came = await source.catalog(url, etag)
    if came is None:
        return _result(url, "unchanged", present, present.date, None, None)
    digest = wanted or await source.digest(url)
    catalog = update.checked(came.body, digest, present.date, force=force, today=today)
    sha256 = update.sha256_of(came.body)
    outcome: Outcome = "updated"
    if current is not None and current.sha256 == sha256:
        outcome = "unchanged"
    note = cache.Note(
        url=update.place(url),
        sha256=sha256,
        etag=came.etag,
        over=present.date if catalog.date < present.date else None,
    )
    if not cache.keep(folder, note, came.body, catalog.date):
        outcome = "overtaken"
    return _result(url, outcome, cache.newest(folder), present.date, sha256, digest)


def _result(
    url: str,
    outcome: Outcome,
    catalog: Catalog,
    was: date,
    sha256: str | None,
    digest: update.Digest | None,
) -> RefreshResult:
    return RefreshResult(
        url=update.place(url),
        outcome=outcome,
        day=catalog.date,
        models=len(catalog.models),
        was=was,
        sha256=sha256,
        check=digest.by if digest else "none",
    )


class _CatalogClient:
    """A reader of catalogs and their digests, with one time limit for all.

    Args:
        seconds: The time limit.
    """

    def __init__(self, seconds: float) -> None:
        self._http = HttpClient()
        self._until = asyncio.get_running_loop().time() + seconds

    async def catalog(self, url: str, etag: str | None) -> _Downloaded | None:
        """Fetch a catalog; return None if it is still the version of this ETag."""
        if urlsplit(url).scheme == "file":
            return _Downloaded(_file(url), None)
        head, body = await self._get(url, etag)
        if update.is_unchanged(head, etag):
            return None
        update.require_success(head)
        return _Downloaded(body, head.headers.get("etag"))

    async def digest(self, url: str) -> update.Digest | None:
        """Fetch the digest published with a catalog; return None if none is."""
        there = update.digest_url(url)
        if urlsplit(there).scheme == "file":
            return update.published(_file(there)) if _path(there).exists() else None
        head, body = await self._get(there, None)
        if update.is_absent(head):
            return None
        update.require_success(head)
        return update.published(body)

    async def _get(self, url: str, etag: str | None) -> tuple[HttpHead, bytes]:
        for _ in range(update.MOST_REDIRECTS + 1):
            left = max(0.0, self._until - asyncio.get_running_loop().time())
            exchange = await self._http.open(update.request(url, etag), left)
            try:
                exchange.expire_at(self._until)
                there = update.redirected(url, exchange.head)
                if there is None:
                    return exchange.head, await self._body(exchange.chunk)
                url = there
            finally:
                exchange.close()
        raise LLMRingError("too many redirects; give the final address")

    async def _body(self, chunk: Callable[[], Awaitable[bytes]]) -> bytes:
        """Read a body, up to a limit of its size."""
        pieces: list[bytes] = []
        size = 0
        while piece := await chunk():
            size += len(piece)
            if size > update.MOST_BYTES:
                raise update.too_large()
            pieces.append(piece)
        return b"".join(pieces)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def _path(url: str) -> Path:
    return Path(url2pathname(urlsplit(url).path))


def _file(url: str) -> bytes:
    path = _path(url)
    try:
        # Anything but a regular file might never end.
        if not path.is_file():
            raise LLMRingError("the file does not exist")
        with path.open("rb") as file:
            return file.read(update.MOST_BYTES + 1)
    except OSError as error:
        raise LLMRingError(f"the file can't be read: {error.strerror}") from error
