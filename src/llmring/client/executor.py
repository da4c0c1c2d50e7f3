"""Execution of a planned call: each attempt is opened, read and closed.

Decisions that need no I/O are made elsewhere. Synchronous calls run the same code, through
`portal`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from llmring.chat.response import StreamChunk
from llmring.client.hedging import Race
from llmring.client.network import Network, Transport
from llmring.client.reply_reader import Reading, whole_reply
from llmring.config.settings import Settings
from llmring.exceptions import ProviderError
from llmring.limits.admission import Admission, Governor
from llmring.limits.backends import spending_of
from llmring.routing.attempt import Trial
from llmring.routing.call_context import Terms
from llmring.routing.circuits import CircuitObserver, Health
from llmring.routing.failover import Walk
from llmring.routing.latency import Speeds
from llmring.routing.policy import Policy
from llmring.transport.exchange import Exchange
from llmring.transport.http_client import HttpClient
from llmring.wire import HttpHead, HttpRequest, is_success

if TYPE_CHECKING:
    from pathlib import Path

    from llmring.replay.interceptor import Playback
    from llmring.replay.overrides import Stage

T = TypeVar("T")


class _Begun:
    """A streamed answer that has begun.

    Attributes:
        trial: The attempt.
        exchange: Its connection.
        reading: Turns its bytes into chunks.
        chunks: Chunks that are ready.
        ended: True if no more chunks follow.
    """

    def __init__(self, trial: Trial, exchange: Exchange, reading: Reading) -> None:
        self.trial = trial
        self.exchange = exchange
        self.reading = reading
        self.chunks: Iterator[StreamChunk] = iter(())
        self.ended = False

    def close(self) -> None:
        """Close the connection."""
        self.exchange.close()


class Shell:
    """Sends calls, from any event loop.

    Args:
        settings: The settings of the environment.
        health: The circuit breakers of models.
        speeds: How fast models have answered.
        folder_of: Returns the folder of test recordings, given the lockfile's setting.
        overrides: The overrides of tests; None outside of tests.
    """

    def __init__(
        self,
        settings: Settings,
        health: Health,
        speeds: Speeds,
        folder_of: Callable[[str | None], Path],
        overrides: Stage | None,
    ) -> None:
        self._health = health
        self._speeds = speeds
        self._observers = (speeds, CircuitObserver(health))
        self._folder_of = folder_of
        self._overrides = overrides
        self._http = HttpClient()
        self._clock = settings.clock
        self._network = Network(self._http, settings)
        self._governor = Governor(lambda: spending_of(settings, health), settings.clock)
        self._playback: Playback | None = None

    async def send(self, walk: Walk, settle: Callable[[Trial, HttpHead, bytes], T]) -> T:
        """Return the whole answer of the first model that answers.

        Args:
            walk: The models to try.
            settle: Reads the answer to an attempt, and ends the attempt.

        Raises:
            ProviderError: No model answered.
            LimitExceededError: The call exceeds a limit that the lockfile sets.
        """
        admission = self._admission(walk)
        try:
            if admission is not None:
                await admission.enter()
            answer = await self._send(walk, settle, admission)
        except BaseException as error:
            walk.report_end(error)
            raise
        finally:
            if admission is not None:
                admission.leave()
        walk.report_end(None)
        return answer

    def _admission(self, walk: Walk) -> Admission | None:
        """Add the ring's own observers to the call; return its admission if it is limited."""
        rules = walk.terms.rules
        if rules is None:
            walk.observers = (*walk.observers, *self._observers)
            return None
        admission = self._governor.admitted(rules, walk.deadline)
        walk.observers = (*walk.observers, admission, *self._observers)
        return admission

    async def _send(
        self,
        walk: Walk,
        settle: Callable[[Trial, HttpHead, bytes], T],
        admission: Admission | None,
    ) -> T:
        if self._health.has_failures:
            walk.blocked = await self._health.blocked(walk.targets)
        ask = partial(self._whole, walk, settle, admission)
        answer = await self._first(walk, ask)
        if answer is None:
            answer = await self._race(walk, ask, _nothing).first()
        if answer is None:
            raise walk.exhausted()
        return answer

    async def _first(self, walk: Walk, ask: Callable[[Trial], Awaitable[T]]) -> T | None:
        """Make the first attempt alone; None if it fails, or if attempts are to be hedged."""
        trial = None if self._hedges(walk) else walk.start()
        if trial is None:
            return None
        try:
            return await ask(trial)
        except ProviderError as error:
            fault = error
        # Outside the except clause, so that an error raised here has no unrelated context.
        await self._failed(walk, trial, fault)
        return None

    def _race(
        self, walk: Walk, ask: Callable[[Trial], Awaitable[T]], drop: Callable[[T], None]
    ) -> Race[T]:
        return Race(iter(walk), ask, partial(self._failed, walk), drop, self._patience(walk))

    async def _whole(
        self,
        walk: Walk,
        settle: Callable[[Trial, HttpHead, bytes], T],
        admission: Admission | None,
        trial: Trial,
    ) -> T:
        """Return the whole answer to one attempt."""
        if admission is not None:
            await admission.admit(walk, trial)
        exchange = await self._open(walk, trial)
        try:
            answer = settle(trial, exchange.head, await exchange.read())
        finally:
            exchange.close()
        walk.report_content(trial)
        await walk.report_settled(trial)
        return answer

    async def stream(self, walk: Walk) -> AsyncGenerator[StreamChunk, None]:
        """Yield the answer of the first model that answers, in chunks.

        If it breaks off, another model continues the answer or starts over.

        Args:
            walk: The models to try.

        Raises:
            ProviderError: No model answered, or an answer broke off and no other model may take
                over.
            LimitExceededError: The call exceeds a limit that the lockfile sets.
        """
        admission = self._admission(walk)
        try:
            if admission is not None:
                await admission.enter()
            async with aclosing(self._stream(walk, admission)) as chunks:
                async for chunk in chunks:
                    walk.report_chunk(chunk)
                    yield chunk
        except BaseException as error:
            walk.report_end(error)
            walk.report_result(error)
            raise
        finally:
            if admission is not None:
                admission.leave()
        walk.report_end(None)

    async def _stream(
        self, walk: Walk, admission: Admission | None
    ) -> AsyncGenerator[StreamChunk, None]:
        if self._health.has_failures:
            walk.blocked = await self._health.blocked(walk.targets)
        ask = partial(self._begin, walk, admission)
        race: Race[_Begun] | None = None
        begun = await self._first(walk, ask)
        while True:
            if begun is None:
                race = race or self._race(walk, ask, _Begun.close)
                begun = await race.first()
            if begun is None:
                raise walk.exhausted()
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
                await walk.report_settled(begun.trial)
                return
            finally:
                begun.close()
            await self._failed(walk, begun.trial, fault)
            begun = None

    def _hedges(self, walk: Walk) -> bool:
        """Check if a second model may be asked while the first has not answered."""
        # A request with side effects must not go to two models.
        return walk.terms.policy.hedge_after is not None and not walk.terms.effects

    def _patience(self, walk: Walk) -> Callable[[Trial], float | None]:
        """Build the function that returns how many seconds after an attempt the next may start."""
        if walk.terms.effects:
            # A request with side effects must not go to two models.
            return lambda _: None
        match walk.terms.policy.hedge_after:
            case "p95":
                return lambda trial: self._speeds.p95(trial.target)
            case seconds:
                return lambda _: seconds

    async def _failed(self, walk: Walk, trial: Trial, error: ProviderError) -> None:
        await walk.report_failure(trial, error)
        trial.failed(error)

    async def _begin(self, walk: Walk, admission: Admission | None, trial: Trial) -> _Begun:
        """Begin a streamed answer, up to its first chunk."""
        if admission is not None:
            await admission.admit(walk, trial)
        exchange = await self._open(walk, trial)
        try:
            if not is_success(exchange.head):
                whole_reply(trial, exchange.head, await exchange.read())
            begun = _Begun(trial, exchange, Reading(trial, exchange.head, walk.terms.shown))
            first = None
            while first is None:
                begun.chunks = iter(await self._more(begun))
                # Only one: a failure in the later chunks must come after this one is shown.
                first = next(begun.chunks, None)
                exchange.stall_after(walk.terms.policy.stall_timeout)
            begun.chunks = chain((first,), begun.chunks)
            # Later models get the time that is left.
            exchange.expire_at(_loop_time(walk, walk.deadline))
        except BaseException:
            exchange.close()
            raise
        walk.report_content(trial)
        return begun

    async def _more(self, begun: _Begun) -> Iterable[StreamChunk]:
        """Return the next chunks of a streamed answer, or the last ones."""
        if not begun.reading.done and (data := await begun.exchange.chunk()):
            return begun.reading.feed(data)
        begun.ended = True
        return begun.reading.end()

    async def fetch(self, request: HttpRequest, seconds: float | None) -> tuple[HttpHead, bytes]:
        """Send one request without failover; return the head and body, whatever the status.

        Args:
            request: The request.
            seconds: Time limit in seconds; None for no limit.

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
        transport = self._transport(walk.terms.policy)
        if trial.finish is not None:
            fetch = partial(_fetched, transport, walk.terms)
            trial.http = await trial.finish(fetch, _seconds_left(walk, trial))
        seconds = _seconds_left(walk, trial)
        with walk.sending(trial):
            exchange = await transport.open(trial.http, seconds, trial.target, walk.terms)
        exchange.expire_at(_loop_time(walk, trial.deadline))
        return exchange

    def _transport(self, policy: Policy) -> Transport:
        """Return the transport for the requests of a call."""
        if self._overrides is None and not (policy.faults or policy.mode):
            return self._network
        if self._playback is None:
            from llmring.replay.interceptor import Playback

            self._playback = Playback(self._network, self._folder_of, self._overrides, self._clock)
        return self._playback


def _nothing(_: object) -> None:
    """Discard a whole answer, which holds no connection."""


async def _fetched(
    transport: Transport, terms: Terms, request: HttpRequest, seconds: float | None
) -> tuple[HttpHead, bytes]:
    """Return the answer to a preliminary request of an attempt, such as an upload."""
    exchange = await transport.open(request, seconds, None, terms)
    try:
        if seconds is not None:
            exchange.expire_at(asyncio.get_running_loop().time() + seconds)
        return exchange.head, await exchange.read()
    finally:
        exchange.close()


def _seconds_left(walk: Walk, trial: Trial) -> float | None:
    return None if trial.deadline is None else max(0.0, trial.deadline - walk.clock())


def _loop_time(walk: Walk, deadline: float | None) -> float | None:
    """Convert a time of the walk's clock to the running loop's clock, which may differ."""
    if deadline is None:
        return None
    return asyncio.get_running_loop().time() + deadline - walk.clock()
