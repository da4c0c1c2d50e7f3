"""The transport of a ring: requests go to servers, to the local model, or to the mock provider."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING, Protocol

import msgspec

from llmring.bridge.inline import now, on_loop
from llmring.exceptions import ConfigurationError, ProviderNotFoundError
from llmring.local import llama, mock
from llmring.routing.attempt import AttemptState
from llmring.routing.call_context import CallContext
from llmring.routing.failover import Failover
from llmring.routing.selection.prepare import Finish
from llmring.routing.targets import Target
from llmring.transport.exchange import Exchange
from llmring.transport.http_client import HttpClient
from llmring.transport.scripted import open_script
from llmring.wire import HttpHead, HttpRequest

if TYPE_CHECKING:
    from llmring.config.settings import Settings


class Transport(Protocol):
    """Sends the requests of calls."""

    def open(
        self,
        request: HttpRequest,
        seconds: float | None,
        target: Target | None,
        context: CallContext,
    ) -> Awaitable[Exchange]:
        """Send a request and wait for the head of its answer.

        Args:
            request: The request.
            seconds: Seconds to wait for the head; None for no limit.
            target: The model; None for a request to no model, such as an upload.
            context: The terms of the call.

        Raises:
            ProviderError: No answer came.
        """


class Network:
    """The transport outside of tests: the address of a request decides where it goes.

    Args:
        http: Sends over HTTP.
        settings: Settings that locate the local model.
    """

    def __init__(self, http: HttpClient, settings: Settings) -> None:
        self._http = http
        self._settings = settings

    def open(
        self,
        request: HttpRequest,
        seconds: float | None,
        target: Target | None,
        context: CallContext,
    ) -> Awaitable[Exchange]:
        """Send a request; see `Transport`."""
        del context  # the same network serves all calls
        if request.url.startswith("http"):
            return self._http.open(request, seconds)
        if target is not None and request.url.startswith("local:"):
            return self._open_local(target, request, seconds)
        if request.url.startswith("mock:"):
            return open_script(mock.play(request))
        return self._http.open(request, seconds)

    async def _open_local(
        self, target: Target, request: HttpRequest, seconds: float | None
    ) -> Exchange:
        await on_loop()
        try:
            # In a thread, because loading a model would block the loop.
            served = await asyncio.to_thread(self._serve, target.ref.model)
        except ConfigurationError as error:
            fault = ProviderNotFoundError(error.message)
            fault.fix = error.message.partition("; ")[2] or None
        else:
            path = request.url.removeprefix(target.endpoint.base_url)
            there: HttpRequest = msgspec.structs.replace(
                request,
                url=served.base_url + path,
                headers={**request.headers, "authorization": f"Bearer {served.key}"},
            )
            return await self._http.open(there, seconds)
        raise fault

    def _serve(self, name: str) -> llama.RunningServer:
        settings = self._settings
        return llama.serve(llama.locate(name, settings.local_model, settings.cache_dir))


def opened(transport: Transport, failover: Failover, attempt: AttemptState) -> Awaitable[Exchange]:
    """Send the request of an attempt; the awaited exchange has the head of its answer.

    Args:
        transport: Sends it.
        failover: The call.
        attempt: The attempt.

    Raises:
        ProviderError: No answer came.
    """
    if attempt.finish is None:
        return _asked(transport, failover, attempt)
    return _finish_and_ask(transport, failover, attempt, attempt.finish)


def _asked(transport: Transport, failover: Failover, attempt: AttemptState) -> Awaitable[Exchange]:
    observed = failover.sending(attempt)
    seconds = _seconds_left(failover, attempt)
    opening = transport.open(attempt.http, seconds, attempt.target, failover.context)
    return opening if observed is None else _observed(observed, opening)


async def _observed(
    observed: AbstractContextManager[object], opening: Awaitable[Exchange]
) -> Exchange:
    with observed:
        return await opening


async def _finish_and_ask(
    transport: Transport, failover: Failover, attempt: AttemptState, finish: Finish
) -> Exchange:
    """Send what the request of an attempt needs first, such as uploads, and then the request."""
    await on_loop()
    fetch = partial(_fetch, transport, failover.context)
    attempt.http = await finish(fetch, _seconds_left(failover, attempt))
    return await _asked(transport, failover, attempt)


async def _fetch(
    transport: Transport, context: CallContext, request: HttpRequest, seconds: float | None
) -> tuple[HttpHead, bytes]:
    """Return the answer to a preliminary request of an attempt, such as an upload."""
    exchange = await transport.open(request, seconds, None, context)
    try:
        if seconds is not None:
            exchange.expire_at(now() + seconds)
        return exchange.head, await exchange.read()
    finally:
        exchange.close()


def _seconds_left(failover: Failover, attempt: AttemptState) -> float | None:
    return None if attempt.deadline is None else max(0.0, attempt.deadline - failover.clock())
