"""Requests to a vendor: sent, and repeated where that can create nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.vendors.vendor_clock import VendorClock
from llmring.dialects.dialect import Outgoing
from llmring.exceptions import (
    ProviderConnectionError,
    ProviderError,
    ProviderRateLimitError,
    ProviderTimeoutError,
    UnreadableResponseError,
)
from llmring.routing.failure_policy import is_passing
from llmring.routing.targets import Target
from llmring.wire import HttpHead, is_success

T = TypeVar("T")

# Large files may go over slow lines.
_SECONDS = 60.0
_FILE_SECONDS = 3600.0
_TRIES = 5
_FIRST_PAUSE = 2.0
_MOST_PAUSE = 60.0


def may_have_acted(error: ProviderError) -> bool:
    """Check if the vendor may have created what a request asked for, although it failed.

    After any fault of a server the vendor's list is worth a look: what is created twice is paid
    twice.
    """
    match error:
        case ProviderRateLimitError():
            return False
        case ProviderConnectionError():
            return error.reached
        case ProviderTimeoutError() | UnreadableResponseError():
            return True
    return error.status is None or error.status >= 500 or error.status in (408, 409)


class VendorDoor:
    """Sends requests to the vendor of a model.

    Args:
        calls: The ring.
        target: The model.
        clock: The clock.
    """

    def __init__(self, calls: BatchCalls, target: Target, clock: VendorClock) -> None:
        self._calls = calls
        self._target = target
        self._clock = clock

    async def once(
        self, outgoing: Outgoing, read: Callable[[HttpHead, bytes], T], *, large: bool = False
    ) -> T:
        """Send a request once, and return the decoded reply.

        Args:
            outgoing: The request.
            read: Decodes the reply.
            large: True if the body may take a long time.

        Raises:
            ProviderError: The vendor did not do it; see also `may_have_acted`.
        """
        request = self._target.endpoint.request(outgoing, self._target.dialect)
        try:
            head, body = await self._calls.fetch(request, _FILE_SECONDS if large else _SECONDS)
            if not is_success(head):
                raise self._target.dialect.explain(head, self._target.masked(body))
            return read(head, body)
        except ProviderError as error:
            raise self._signed(error) from error.__cause__

    async def repeated(self, outgoing: Outgoing, read: Callable[[HttpHead, bytes], T]) -> T:
        """Send a request that creates nothing, again after passing errors.

        Raises:
            ProviderError: The last error.
        """
        for pause in self._pauses():
            try:
                return await self.once(outgoing, read)
            except ProviderError as error:
                await self._pause(error, pause)
        return await self.once(outgoing, read)

    async def download(self, outgoing: Outgoing, path: Path) -> None:
        """Fetch a file, again after passing errors; it is there only as a whole.

        Raises:
            ProviderError: The last error.
        """
        for pause in self._pauses():
            try:
                return await self._downloaded(outgoing, path)
            except ProviderError as error:
                await self._pause(error, pause)
        return await self._downloaded(outgoing, path)

    async def pages(
        self,
        listing: Callable[[str | None], Outgoing],
        listed: Callable[[HttpHead, bytes, str | None], tuple[Sequence[T], str | None]],
        is_last: Callable[[Sequence[T]], bool],
    ) -> list[T]:
        """Return the items of a list, up to a page that is the last one needed.

        Raises:
            ProviderError: A page could not be fetched.
        """
        found: list[T] = []
        mark: str | None = None
        while True:
            here = mark
            items, mark = await self.repeated(listing(here), _of_page(listed, here))
            found.extend(items)
            if mark is None or is_last(items):
                return found

    async def _downloaded(self, outgoing: Outgoing, path: Path) -> None:
        request = self._target.endpoint.request(outgoing, self._target.dialect)
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            try:
                head = await self._calls.download(request, file.write, _FILE_SECONDS)
                if not is_success(head):
                    raise self._target.dialect.explain(head, b"")
            except ProviderError as error:
                raise self._signed(error) from error.__cause__
        unfinished.replace(path)

    def _pauses(self) -> list[float]:
        return [min(_FIRST_PAUSE * 2**turn, _MOST_PAUSE) for turn in range(_TRIES - 1)]

    async def _pause(self, error: ProviderError, seconds: float) -> None:
        """Wait before the request is sent again.

        Raises:
            ProviderError: It is not a passing error.
        """
        if not is_passing(error):
            raise error
        await self._clock.sleep(max(seconds, min(error.retry_after or 0.0, _MOST_PAUSE)))

    def _signed(self, error: ProviderError) -> ProviderError:
        error.provider = error.provider or self._target.ref.provider
        return error


def _of_page(
    listed: Callable[[HttpHead, bytes, str | None], tuple[Sequence[T], str | None]],
    mark: str | None,
) -> Callable[[HttpHead, bytes], tuple[Sequence[T], str | None]]:
    return lambda head, body: listed(head, body, mark)
