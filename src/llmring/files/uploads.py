"""Providers' copies of one file: uploaded when first needed, and only once."""

from __future__ import annotations

import asyncio
import copy
import logging
from concurrent.futures import Future

from msgspec import Struct
from msgspec.structs import replace

from llmring.clock import Clock
from llmring.dialects.dialect import Dialect, FileStore, Outgoing, StoredFile
from llmring.exceptions import (
    ProviderError,
    ProviderRequestError,
    ProviderResponseError,
    ProviderTimeoutError,
    UnsupportedFeatureError,
)
from llmring.files.local_file import LocalFile
from llmring.providers.endpoint import Endpoint
from llmring.redaction import one_line
from llmring.routing.selection.prepare import Fetch
from llmring.wire import HttpHead, HttpRequest, is_success

log = logging.getLogger("llmring")

# Time limit for removing a file, and the pauses between looks at one being prepared.
DELETE_SECONDS = 30.0
FIRST_LOOK_SECONDS = 0.25
LONGEST_LOOK_SECONDS = 5.0


class FileHost(Struct, frozen=True):
    """A store of files: a provider's endpoint, its dialect, and the dialect's file API."""

    endpoint: Endpoint
    dialect: Dialect
    store: FileStore

    @property
    def place(self) -> tuple[str, str]:
        """Its identity: the provider and the address."""
        return self.endpoint.provider.name, self.endpoint.base_url

    def request(self, outgoing: Outgoing) -> HttpRequest:
        """Build the HTTP request to this store."""
        return self.endpoint.request(outgoing, self.dialect)


class UploadedCopy(Struct, frozen=True):
    """A provider's copy of a file.

    Attributes:
        host: The store that keeps it.
        stored: The stored file, as the provider describes it.
        content_hash: Hash of its content.
        expires: When the provider deletes it, in seconds since 1970; None for never.
    """

    host: FileHost
    stored: StoredFile
    content_hash: str
    expires: float | None

    def has_expired(self, clock: Clock) -> bool:
        """Check if the provider has deleted the copy by now."""
        return self.expires is not None and clock.now().timestamp() >= self.expires


# Outcome of an upload; None if the call that began it was cancelled.
_Outcome = UploadedCopy | ProviderError | None


class Uploads:
    """The copies of one file, by store."""

    def __init__(self, file: LocalFile, clock: Clock) -> None:
        self._file = file
        self._clock = clock
        self._copies: dict[tuple[str, str], UploadedCopy] = {}
        self._underway: dict[tuple[object, ...], Future[_Outcome]] = {}

    def ids(self) -> dict[str, str]:
        """Return the ID of each copy, by the name of its provider."""
        return {
            uploaded.host.place[0]: uploaded.stored.id for uploaded in list(self._copies.values())
        }

    async def at(self, host: FileHost, fetch: Fetch, until: float | None) -> StoredFile:
        """Return the file's copy in a store; upload it if missing or outdated.

        Calls at the same time, from any thread, share one upload.

        Args:
            host: The store.
            fetch: Sends a request.
            until: When it must be ready, on the running loop's clock; None for no limit.

        Raises:
            ProviderError: The upload failed.
        """
        key = (*host.place, self._file.known.content_hash)
        while True:
            uploaded = self._good_copy(host)
            if uploaded is not None and uploaded.stored.ready:
                return uploaded.stored
            mine: Future[_Outcome] = Future()
            # So that cancelling one call that waits for it does not cancel it for all.
            mine.set_running_or_notify_cancel()
            shared = self._underway.setdefault(key, mine)
            if shared is mine:
                return await self._bring_for_all(host, fetch, until, mine, key)
            outcome = await self._wait_for(shared, until)
            if isinstance(outcome, ProviderError):
                raise copy.copy(outcome)

    async def drop(self, fetch: Fetch) -> None:
        """Delete all copies; failures are logged."""
        copies = list(self._copies.values())
        self._copies.clear()
        await asyncio.gather(*(_drop(uploaded, fetch, self._clock) for uploaded in copies))

    def _good_copy(self, host: FileHost) -> UploadedCopy | None:
        uploaded = self._copies.get(host.place)
        if (
            uploaded is None
            or uploaded.content_hash != self._file.known.content_hash
            or uploaded.has_expired(self._clock)
        ):
            return None
        return uploaded

    async def _bring_for_all(
        self,
        host: FileHost,
        fetch: Fetch,
        until: float | None,
        shared: Future[_Outcome],
        key: tuple[object, ...],
    ) -> StoredFile:
        outcome: _Outcome = None
        try:
            outcome = await self._upload_once(host, fetch, until)
        except ProviderError as error:
            outcome = error
            raise
        else:
            return outcome.stored
        finally:
            del self._underway[key]
            shared.set_result(outcome)

    async def _upload_once(self, host: FileHost, fetch: Fetch, until: float | None) -> UploadedCopy:
        uploaded = self._good_copy(host) or await self._replaced(host, fetch, until)
        if not uploaded.stored.ready and host.store.look is not None:
            look = host.request(host.store.look(uploaded.stored.id))
            try:
                stored = await self._prepared(host, look, fetch, until)
            except ProviderResponseError:
                # The provider could not read it, or has deleted it.
                self._copies.pop(host.place, None)
                raise
            uploaded = self._copies[host.place] = replace(uploaded, stored=stored)
        return uploaded

    async def _replaced(self, host: FileHost, fetch: Fetch, until: float | None) -> UploadedCopy:
        old = self._copies.pop(host.place, None)
        uploading = self._upload(host, fetch, until)
        if old is None:
            fresh = await uploading
        else:
            fresh, _ = await asyncio.gather(uploading, _drop(old, fetch, self._clock))
        self._copies[host.place] = fresh
        return fresh

    async def _upload(self, host: FileHost, fetch: Fetch, until: float | None) -> UploadedCopy:
        def read() -> tuple[HttpRequest, str]:
            content, content_hash = self._file.content()
            return host.request(host.store.upload(content)), content_hash

        # Reading a large file takes a moment, while this loop serves other calls.
        request, content_hash = await asyncio.to_thread(read)
        stored = await self._ask(host, request, fetch, until)
        lifetime = host.store.lifetime
        return UploadedCopy(
            host,
            stored,
            content_hash,
            None if lifetime is None else self._clock.now().timestamp() + lifetime,
        )

    async def _prepared(
        self, host: FileHost, look: HttpRequest, fetch: Fetch, until: float | None
    ) -> StoredFile:
        pause = FIRST_LOOK_SECONDS
        while True:
            left = _left(until)
            if left is not None and left <= pause:
                raise ProviderTimeoutError(
                    f"{self._file.name!r} is uploaded, but the provider is still preparing it; "
                    "call again later, or with a longer timeout"
                )
            await asyncio.sleep(pause)
            stored = await self._ask(host, look, fetch, until)
            if stored.ready:
                return stored
            pause = min(2 * pause, LONGEST_LOOK_SECONDS)

    async def _ask(
        self, host: FileHost, request: HttpRequest, fetch: Fetch, until: float | None
    ) -> StoredFile:
        head, body = await fetch(request, _left(until))
        if is_success(head):
            return host.store.stored(head, body)
        raise self._refused(host, head, body)

    def _refused(self, host: FileHost, head: HttpHead, body: bytes) -> ProviderError:
        error = host.dialect.explain(head, body)
        message = f"the upload of {self._file.name!r} failed: {error.message}"
        if not isinstance(error, ProviderRequestError):
            error.args = (message,)
            return error
        # Another model's provider may accept the file.
        return UnsupportedFeatureError(
            message,
            status=error.status,
            code=error.code,
            request_id=error.request_id,
            provider_message=error.provider_message,
        )

    async def _wait_for(self, shared: Future[_Outcome], until: float | None) -> _Outcome:
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.wrap_future(shared)
        except TimeoutError:
            fault = ProviderTimeoutError(
                f"the upload of {self._file.name!r}, started by another call, took too long"
            )
        raise fault


async def _drop(uploaded: UploadedCopy, fetch: Fetch, clock: Clock) -> None:
    if uploaded.has_expired(clock):
        return
    host = uploaded.host
    try:
        head, body = await fetch(
            host.request(host.store.delete(uploaded.stored.id)), DELETE_SECONDS
        )
    except ProviderError as error:
        why = one_line(error.message)
    else:
        if is_success(head) or head.status == 404:
            return
        why = one_line(host.dialect.explain(head, body).message)
    log.warning("%s could not remove the file %s: %s", host.place[0], uploaded.stored.id, why)


def _left(until: float | None) -> float | None:
    return None if until is None else max(0.0, until - asyncio.get_running_loop().time())
