"""The shell around a call: opens, reads and closes what the walk over the models asks for.

All that can be decided without I/O is decided elsewhere. The synchronous calls of the public
object run this same shell, through `portal`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec

from llmring.chat.response import StreamChunk
from llmring.client.call import Reading, is_success, whole_reply
from llmring.client.http import HttpClient
from llmring.client.scripted import open_script
from llmring.client.settings import Settings
from llmring.exceptions import ConfigurationError, ProviderError, ProviderNotFoundError
from llmring.local import llama, mock
from llmring.routing.failover import Trial, Walk
from llmring.wire import HttpHead, HttpRequest

T = TypeVar("T")


class Exchange(Protocol):
    """An answer whose head is here and whose body is still coming."""

    head: HttpHead

    def expire_at(self, when: float | None) -> None:
        """End the answer at this time of the loop's clock; None for never."""

    async def read(self) -> bytes:
        """All that is left of the body."""

    async def chunk(self) -> bytes:
        """The next bytes of the body; empty at its end."""

    async def finish(self) -> None:
        """Let the rest of a body go by, where it is next to nothing."""

    def close(self) -> None:
        """Let the connection go."""


class Shell:
    """Sends calls, from any event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = HttpClient()
        self._openers = {
            "http": self._open_http,
            "https": self._open_http,
            "local": self._open_local,
            "mock": self._open_mock,
        }

    async def send(self, walk: Walk, settle: Callable[[Trial, HttpHead, bytes], T]) -> T:
        """The whole answer of the first model that gives one.

        Args:
            walk: The models to try.
            settle: Reads the answer to an attempt, and ends the attempt.

        Raises:
            ProviderError: None did.
        """
        for trial in walk:
            try:
                exchange = await self._open(walk, trial)
                try:
                    return settle(trial, exchange.head, await exchange.read())
                finally:
                    exchange.close()
            except ProviderError as error:
                fault = error
            # Outside the except clause, so that the error carries no foreign context with it.
            trial.failed(fault)
        raise walk.exhausted()

    async def stream(self, walk: Walk) -> AsyncGenerator[StreamChunk, None]:
        """The answer of the first model that gives one, in pieces.

        Raises:
            ProviderError: None did, or the one that had begun did not finish.
        """
        for trial in walk:
            try:
                exchange = await self._open(walk, trial)
                try:
                    if not is_success(exchange.head):
                        whole_reply(trial, exchange.head, await exchange.read())
                    reading = Reading(trial, exchange.head)
                    waiting = True
                    while not reading.done and (data := await exchange.chunk()):
                        for chunk in reading.feed(data):
                            if waiting:
                                # No other model can take over now, so none needs time kept.
                                waiting = False
                                exchange.expire_at(_loop_time(walk, walk.deadline))
                            yield chunk
                    for chunk in reading.end():
                        yield chunk
                    await exchange.finish()
                    return
                finally:
                    exchange.close()
            except ProviderError as error:
                fault = error
            trial.failed(fault)
        raise walk.exhausted()

    async def fetch(self, request: HttpRequest, seconds: float | None) -> tuple[HttpHead, bytes]:
        """The head and the whole body of the answer to one request, whatever its status.

        Args:
            request: What to send; it goes to one server, with no failover.
            seconds: How long it may take; None for as long as it does.

        Raises:
            ProviderError: No answer came.
        """
        exchange = await self._http.open(request, seconds)
        try:
            if seconds is not None:
                exchange.expire_at(asyncio.get_running_loop().time() + seconds)
            return exchange.head, await exchange.read()
        finally:
            exchange.close()

    async def aclose(self) -> None:
        """Close the running loop's connections."""
        await self._http.aclose()

    async def _open(self, walk: Walk, trial: Trial) -> Exchange:
        if trial.finish is not None:
            trial.http = await trial.finish(self.fetch, _seconds_left(walk, trial))
        seconds = _seconds_left(walk, trial)
        scheme = urlsplit(trial.http.url).scheme
        exchange = await self._openers[scheme](trial, seconds)
        exchange.expire_at(_loop_time(walk, trial.deadline))
        return exchange

    async def _open_http(self, trial: Trial, seconds: float | None) -> Exchange:
        return await self._http.open(trial.http, seconds)

    async def _open_mock(self, trial: Trial, seconds: float | None) -> Exchange:
        del seconds  # a script's head is there at once
        return await open_script(mock.play(trial.http))

    async def _open_local(self, trial: Trial, seconds: float | None) -> Exchange:
        try:
            # Loading a model takes a moment, and this loop has other calls to serve.
            served = await asyncio.to_thread(self._serve, trial.target.ref.model)
        except ConfigurationError as error:
            fault = ProviderNotFoundError(error.message)
        else:
            path = trial.http.url.removeprefix(trial.target.endpoint.base_url)
            request: HttpRequest = msgspec.structs.replace(
                trial.http,
                url=served.base_url + path,
                headers={**trial.http.headers, "authorization": f"Bearer {served.key}"},
            )
            return await self._http.open(request, seconds)
        raise fault

    def _serve(self, name: str) -> llama.Served:
        settings = self._settings
        return llama.serve(llama.locate(name, settings.local_model, settings.cache_dir))


def _seconds_left(walk: Walk, trial: Trial) -> float | None:
    return None if trial.deadline is None else max(0.0, trial.deadline - walk.clock())


def _loop_time(walk: Walk, deadline: float | None) -> float | None:
    """A time of the walk's clock as a time of the running loop's, which may be another."""
    if deadline is None:
        return None
    return asyncio.get_running_loop().time() + deadline - walk.clock()
