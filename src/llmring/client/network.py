"""The transport of a ring: requests go to servers, to the local model, or to the mock provider."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

import msgspec

from llmring.bridge.inline import on_loop
from llmring.exceptions import ConfigurationError, ProviderNotFoundError
from llmring.local import llama, mock
from llmring.routing.call_context import CallContext
from llmring.routing.targets import Target
from llmring.transport.http_client import HttpClient
from llmring.transport.scripted import open_script
from llmring.wire import HttpRequest

if TYPE_CHECKING:
    from llmring.config.settings import Settings
    from llmring.transport.exchange import Exchange


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
