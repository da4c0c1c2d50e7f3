"""The shell around a call: opens, reads and closes what the walk over the models asks for.

All that can be decided without I/O is decided elsewhere. The synchronous calls of the public
object run this same shell, through `portal`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import msgspec

from llmring.chat.response import StreamChunk
from llmring.client import stage
from llmring.client.bookkeeping import UNKEPT, Page
from llmring.client.call import Reading, is_success, whole_reply
from llmring.client.exchange import Exchange
from llmring.client.governor import Admission, Governor
from llmring.client.http import HttpClient
from llmring.client.race import Race
from llmring.client.scripted import open_script
from llmring.client.settings import Settings
from llmring.client.shared_state import spending_of
from llmring.exceptions import (
    ConfigurationError,
    LimitExceededError,
    ProviderError,
    ProviderNotFoundError,
)
from llmring.local import llama, mock
from llmring.routing.failover import Walk
from llmring.routing.health import Health
from llmring.routing.policy import Policy
from llmring.routing.prepared import Fetch
from llmring.routing.speed import Speeds
from llmring.routing.targets import Target
from llmring.routing.trial import Trial
from llmring.wire import HttpHead, HttpRequest

if TYPE_CHECKING:
    from pathlib import Path

    from llmring.client.playback import Opener, Playback

T = TypeVar("T")


class _Begun:
    """A streamed answer that has begun.

    Attributes:
        trial: The attempt.
        exchange: Its connection.
        reading: Reads what comes.
        chunks: What has come of it.
        ended: Whether that is all.
    """

    def __init__(self, trial: Trial, exchange: Exchange, reading: Reading) -> None:
        self.trial = trial
        self.exchange = exchange
        self.reading = reading
        self.chunks: Iterator[StreamChunk] = iter(())
        self.ended = False

    def close(self) -> None:
        """Let the connection go."""
        self.exchange.close()


class Shell:
    """Sends calls, from any event loop.

    Args:
        settings: What the environment says.
        health: Remembers which models have failed of late.
        speeds: Remembers how fast models have answered.
        folder_of: Gives the folder of recordings, for tests, out of what the lockfile says of it.
    """

    def __init__(
        self,
        settings: Settings,
        health: Health,
        speeds: Speeds,
        folder_of: Callable[[str | None], Path],
    ) -> None:
        self._settings = settings
        self._health = health
        self._speeds = speeds
        self._folder_of = folder_of
        self._http = HttpClient()
        self._governor = Governor(lambda: spending_of(settings, health), settings.clock)
        self._playback: Playback | None = None

    async def send(self, walk: Walk, settle: Callable[[Trial, HttpHead, bytes], T]) -> T:
        """The whole answer of the first model that gives one.

        Args:
            walk: The models to try.
            settle: Reads the answer to an attempt, and ends the attempt.

        Raises:
            ProviderError: None did.
            LimitExceededError: The lockfile limits such calls, and this one is beyond.
        """
        with _Watched(walk):
            async with self._governor.admitted(walk.terms.rules, walk.deadline) as admission:
                return await self._send(walk, settle, admission)

    async def _send(
        self,
        walk: Walk,
        settle: Callable[[Trial, HttpHead, bytes], T],
        admission: Admission,
    ) -> T:
        walk.blocked = await self._health.blocked(walk.targets)
        ask = partial(self._whole, walk, settle, admission)
        failed = partial(self._failed, admission)
        race = Race(iter(walk), ask, failed, _nothing, self._patience(walk))
        answer = await race.first()
        if answer is None:
            raise walk.exhausted()
        return answer

    async def _whole(
        self,
        walk: Walk,
        settle: Callable[[Trial, HttpHead, bytes], T],
        admission: Admission,
        trial: Trial,
    ) -> T:
        """The whole answer to one attempt."""
        await admission.admit(walk, trial)
        exchange = await self._open(walk, trial)
        try:
            answer = settle(trial, exchange.head, await exchange.read())
        finally:
            exchange.close()
        self._speeds.note(trial.target, trial.seconds)
        await self._settle(admission, trial)
        return answer

    async def stream(self, walk: Walk, page: Page = UNKEPT) -> AsyncGenerator[StreamChunk, None]:
        """The answer of the first model that gives one, in pieces.

        Where it breaks off, another model goes on from there, or begins anew.

        Args:
            walk: The models to try.
            page: Takes notes of the call.

        Raises:
            ProviderError: None did, or the one that had begun did not finish and none may take
                its place.
            LimitExceededError: The lockfile limits such calls, and this one is beyond.
        """
        try:
            with _Watched(walk):
                async with (
                    self._governor.admitted(walk.terms.rules, walk.deadline) as admission,
                    aclosing(self._stream(walk, admission)) as chunks,
                ):
                    async for chunk in chunks:
                        page.begun()
                        if chunk.message is not None:
                            page.answered(chunk)
                        yield chunk
        except BaseException as error:
            page.failed(error)
            raise

    async def _stream(self, walk: Walk, admission: Admission) -> AsyncGenerator[StreamChunk, None]:
        walk.blocked = await self._health.blocked(walk.targets)
        ask = partial(self._begin, walk, admission)
        failed = partial(self._failed, admission)
        race = Race(iter(walk), ask, failed, _Begun.close, self._patience(walk))
        while (begun := await race.first()) is not None:
            try:
                while True:
                    for chunk in begun.chunks:
                        begun.trial.committed = True
                        walk.terms.shown.take(chunk)
                        yield chunk
                    if begun.ended:
                        break
                    begun.chunks = iter(await self._more(begun))
                await begun.exchange.finish()
            except ProviderError as error:
                fault = error
            else:
                await self._settle(admission, begun.trial)
                return
            finally:
                begun.close()
            await failed(begun.trial, fault)
        raise walk.exhausted()

    def _patience(self, walk: Walk) -> Callable[[Trial], float | None]:
        """How long to wait for an attempt before another is made beside it."""
        if walk.terms.effects:
            # What may act must not be asked of two models.
            return lambda _: None
        match walk.terms.policy.hedge_after:
            case "p95":
                return lambda trial: self._speeds.p95(trial.target)
            case seconds:
                return lambda _: seconds

    async def _settle(self, admission: Admission, trial: Trial) -> None:
        await admission.answered(trial)
        await self._health.answered(trial.target)

    async def _failed(self, admission: Admission, trial: Trial, error: ProviderError) -> None:
        await admission.failed(trial, error)
        await self._health.failed(trial.target, error, trial.silence(error))
        trial.failed(error)

    async def _begin(self, walk: Walk, admission: Admission, trial: Trial) -> _Begun:
        """A streamed answer up to its first chunk."""
        await admission.admit(walk, trial)
        exchange = await self._open(walk, trial)
        try:
            if not is_success(exchange.head):
                whole_reply(trial, exchange.head, await exchange.read())
            begun = _Begun(trial, exchange, Reading(trial, exchange.head, walk.terms.shown))
            first = None
            while first is None:
                begun.chunks = iter(await self._more(begun))
                # No further: what comes after may be a failure, when this has been shown.
                first = next(begun.chunks, None)
                exchange.stall_after(walk.terms.policy.stall_timeout)
            begun.chunks = chain((first,), begun.chunks)
            # The next model, should it be needed, can have what is left then.
            exchange.expire_at(_loop_time(walk, walk.deadline))
        except BaseException:
            exchange.close()
            raise
        self._speeds.note(trial.target, trial.seconds)
        trial.watch.first()
        return begun

    async def _more(self, begun: _Begun) -> Iterable[StreamChunk]:
        """The next chunks of a streamed answer, or the last ones."""
        if not begun.reading.done and (data := await begun.exchange.chunk()):
            return begun.reading.feed(data)
        begun.ended = True
        return begun.reading.end()

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
        await self._health.aclose()

    async def _open(self, walk: Walk, trial: Trial) -> Exchange:
        policy = walk.terms.policy
        if trial.finish is not None:
            trial.http = await trial.finish(self._fetch_for(policy), _seconds_left(walk, trial))
        seconds = _seconds_left(walk, trial)
        opener = self._opener(trial.target, trial.http.url.partition(":")[0])
        with trial.watch.sending():
            if stage.takes_part(policy):
                exchange = await self._played().open(
                    policy,
                    trial.target,
                    trial.http,
                    seconds,
                    opener,
                    walk.terms.asked,
                )
            else:
                exchange = await opener(trial.http, seconds)
        exchange.expire_at(_loop_time(walk, trial.deadline))
        return exchange

    def _fetch_for(self, policy: Policy) -> Fetch:
        """What sends the requests that come before an attempt's own."""
        if not stage.takes_part(policy):
            return self.fetch

        async def fetch(request: HttpRequest, seconds: float | None) -> tuple[HttpHead, bytes]:
            exchange = await self._played().open(policy, None, request, seconds, self._http.open)
            try:
                return exchange.head, await exchange.read()
            finally:
                exchange.close()

        return fetch

    def _played(self) -> Playback:
        if self._playback is None:
            from llmring.client.playback import Playback

            self._playback = Playback(self._folder_of, self._settings.clock)
        return self._playback

    def _opener(self, target: Target, scheme: str) -> Opener:
        """What sends requests to a model whose address has this scheme."""
        match scheme:
            case "local":
                return partial(self._open_local, target)
            case "mock":
                return _open_mock
            case _:
                return self._http.open

    async def _open_local(
        self, target: Target, request: HttpRequest, seconds: float | None
    ) -> Exchange:
        try:
            # Loading a model takes a moment, and this loop has other calls to serve.
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

    def _serve(self, name: str) -> llama.Served:
        settings = self._settings
        return llama.serve(llama.locate(name, settings.local_model, settings.cache_dir))


def _nothing(_: object) -> None:
    """A whole answer has no connection to let go."""


async def _open_mock(request: HttpRequest, seconds: float | None) -> Exchange:
    del seconds  # a script's head is there at once
    return await open_script(mock.play(request))


class _Watched:
    """Tells whoever watches a call of its end, whatever that is."""

    __slots__ = ("_walk",)

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, LimitExceededError):
            error.attempts = tuple(self._walk.attempts)
        self._walk.terms.watch.end(error)


def _seconds_left(walk: Walk, trial: Trial) -> float | None:
    return None if trial.deadline is None else max(0.0, trial.deadline - walk.clock())


def _loop_time(walk: Walk, deadline: float | None) -> float | None:
    """A time of the walk's clock as a time of the running loop's, which may be another."""
    if deadline is None:
        return None
    return asyncio.get_running_loop().time() + deadline - walk.clock()
