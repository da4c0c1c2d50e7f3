"""Execution of a planned call: each attempt is opened, read and closed.

Decisions that need no I/O are made elsewhere. Synchronous calls run the same code, in the calling
thread as long as they need no event loop; see `bridge.inline`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

from llmring.bridge.inline import INLINE, here, now, on_loop
from llmring.chat.response import StreamChunk
from llmring.client.hedging import Race
from llmring.client.network import Network, Transport, opened
from llmring.client.replies.refused_answers import refused_chunk
from llmring.client.replies.reply_reader import StreamReader, whole_reply
from llmring.client.replies.streamed_attempts import OpenStream, StreamedAttempts
from llmring.config.settings import Settings
from llmring.exceptions import LimitExceededError, ProviderError, ProviderTimeoutError
from llmring.limits.admission import Admission, AdmissionControl
from llmring.limits.backends import leases_for
from llmring.routing.attempt import AttemptState
from llmring.routing.call_wishes import CallPatience
from llmring.routing.circuits import CircuitObserver, Circuits, OpenCircuit
from llmring.routing.failover import Failover, WithdrawnError
from llmring.routing.latency import Latencies
from llmring.routing.policy import Policy
from llmring.transport.exchange import Exchange
from llmring.transport.http_client import HttpClient
from llmring.transport.http_errors import ring_closed
from llmring.wire import HttpHead, HttpRequest, is_success

if TYPE_CHECKING:
    from pathlib import Path

    from llmring.replay.interceptor import Interceptor
    from llmring.replay.overrides import Overrides

T = TypeVar("T")


def _no_refusal(_: Failover) -> None:
    """Return None: the answer is not one that a provider's policy refuses."""


class Executor:
    """Sends calls, from any event loop.

    Args:
        settings: The settings of the environment.
        circuits: The circuit breakers of models.
        latencies: How fast models have answered.
        folder_of: Returns the folder of test recordings, given the lockfile's setting.
        overrides: The overrides of tests; None outside of tests.
    """

    def __init__(
        self,
        settings: Settings,
        circuits: Circuits,
        latencies: Latencies,
        folder_of: Callable[[str | None], Path],
        overrides: Overrides | None,
    ) -> None:
        self._circuits = circuits
        self._latencies = latencies
        self._observers = (latencies, CircuitObserver(circuits))
        self._folder_of = folder_of
        self._overrides = overrides
        self._limits = settings.transport.limits
        self._http = HttpClient(settings.transport)
        self._clock = settings.clock
        self._network = Network(self._http, settings)
        self._admission_control = AdmissionControl(lambda: leases_for(settings), settings.clock)
        self._interceptor: Interceptor | None = None
        # The calls in progress, by where each began; None for one whose connections were closed.
        self._calls: dict[Failover, object] = {}

    async def send(
        self,
        failover: Failover,
        settle: Callable[[AttemptState, HttpHead, bytes], T],
        refused: Callable[[Failover], T | None] = _no_refusal,
    ) -> T:
        """Return the whole answer of the first model that answers.

        Args:
            failover: The models to try.
            settle: Reads the answer to an attempt, and ends the attempt.
            refused: Returns the answer that a provider refused, if no model has another.

        Raises:
            ProviderError: No model answered.
            LimitExceededError: The call exceeds a limit that the lockfile sets.
        """
        admission = self._admission(failover)
        self._calls[failover] = here()
        try:
            if admission is not None:
                await on_loop()
                await admission.enter()
            ask: Callable[[AttemptState], Awaitable[T]]
            if failover.context.patience is None:
                ask = partial(self._whole, failover, settle, admission)
            else:
                await on_loop()
                ask = self._patient(failover, failover.context.patience, admission, settle)
            first = await self.first_answer(failover, ask)
            answer = await self._later_answer(failover, ask) if first is None else first
        except (ProviderError, LimitExceededError) as error:
            kept = refused(failover)
            if kept is None:
                failover.report_end(error)
                raise
            answer = kept
        except BaseException as error:
            failover.report_end(error)
            raise
        finally:
            self._leave(failover, admission)
        failover.report_end(None)
        return answer

    def _admission(self, failover: Failover) -> Admission | None:
        """Add the ring's own observers to the call; return its admission if it is limited."""
        rules = failover.context.rules
        if rules is None:
            failover.observers = (*failover.observers, *self._observers)
            return None
        # A call with patience waits for as long as it takes.
        deadline = failover.deadline if failover.context.patience is None else None
        admission = self._admission_control.admitted(rules, deadline)
        failover.observers = (*failover.observers, admission, *self._observers)
        return admission

    def _patient(
        self,
        failover: Failover,
        patience: CallPatience,
        admission: Admission | None,
        settle: Callable[[AttemptState, HttpHead, bytes], T],
    ) -> Callable[[AttemptState], Awaitable[T]]:
        """Build the function that makes an attempt of a call with patience."""
        from llmring.limits.patient_attempts import PatientAttempts

        send = partial(self._whole, failover)
        attempts = PatientAttempts(failover, patience, admission, settle, send, self._circuits)
        return attempts.ask

    def _blocked(self, failover: Failover) -> Awaitable[Mapping[str, OpenCircuit]]:
        """Return the open circuits of a call; see `Circuits`."""
        if failover.context.patience is None:
            return self._circuits.blocked(failover.targets)
        from llmring.limits.patient_attempts import closed_circuits

        return closed_circuits(self._circuits, failover, failover.context.patience)

    def _leave(self, failover: Failover, admission: Admission | None) -> None:
        del self._calls[failover]
        if admission is not None:
            admission.leave()

    async def _later_answer(
        self, failover: Failover, ask: Callable[[AttemptState], Awaitable[T]]
    ) -> T:
        answer = await self.race(failover, ask, _drop_nothing).first()
        if answer is None:
            raise failover.exhausted()
        return answer

    async def first_answer(
        self, failover: Failover, ask: Callable[[AttemptState], Awaitable[T]]
    ) -> T | None:
        """Make the first attempt alone; None if it fails, or if attempts are to be hedged."""
        if self._circuits.has_failures:
            failover.blocked = await self._blocked(failover)
        attempt = None if self._hedges(failover) else failover.start()
        if attempt is None:
            return None
        try:
            return await ask(attempt)
        except ProviderError as error:
            fault = error
        # Outside the except clause, so that an error raised here has no unrelated context.
        await self.attempt_failed(failover, attempt, fault)
        return None

    def race(
        self,
        failover: Failover,
        ask: Callable[[AttemptState], Awaitable[T]],
        drop: Callable[[T], None],
    ) -> Race[T]:
        """Return the race of the other attempts; arguments as for `Race`."""
        return Race(
            iter(failover),
            ask,
            partial(self.attempt_failed, failover),
            drop,
            self._hedge_delay(failover),
        )

    async def _whole(
        self,
        failover: Failover,
        settle: Callable[[AttemptState, HttpHead, bytes], T],
        admission: Admission | None,
        attempt: AttemptState,
    ) -> T:
        """Return the whole answer to one attempt."""
        if admission is not None:
            await admission.admit(failover, attempt)
        exchange = await self._open(failover, attempt)
        exchange.expire_at(_local_time(failover, attempt.deadline))
        try:
            answer = settle(attempt, exchange.head, await exchange.read())
        finally:
            exchange.close()
        failover.report_content(attempt)
        await failover.report_settled(attempt)
        return answer

    async def stream(
        self, failover: Failover, reader: type[StreamReader] = StreamReader
    ) -> AsyncGenerator[StreamChunk, None]:
        """Yield the answer of the first model that answers, in chunks.

        If it breaks off, another model continues the answer or starts over.

        Args:
            failover: The models to try.
            reader: Reads the answers.

        Raises:
            ProviderError: No model answered, or an answer broke off and no other model may take
                over.
            LimitExceededError: The call exceeds a limit that the lockfile sets.
        """
        admission = self._admission(failover)
        streams = StreamedAttempts(
            self, failover, partial(self._begin_stream, failover, admission, reader), admission
        )
        progress = failover.context.progress
        last: StreamChunk | None = None
        self._calls[failover] = here()
        try:
            # In this one generator, as each chunk passes through all generators around it.
            while (opened := await streams.next()) is not None:
                try:
                    while True:
                        for chunk in opened.chunks:
                            opened.attempt.committed = True
                            if chunk.message is not None or not progress.anything:
                                failover.report_chunk(chunk)
                            progress.take(chunk)
                            yield chunk
                        if opened.ended:
                            break
                        opened.chunks = await self._next_chunks(opened)
                    await opened.exchange.finish()
                except ProviderError as error:
                    streams.fault = error
                finally:
                    opened.close()
        except BaseException as error:
            last = _refused_answer(failover, error)
            if last is None:
                raise
        finally:
            self._leave(failover, admission)
        # Before the last chunk, at which the caller may stop.
        failover.report_end(None)
        if last is not None:
            failover.report_chunk(last)
            yield last

    def _hedges(self, failover: Failover) -> bool:
        """Check if a second model may be asked while the first has not answered."""
        # A request with side effects must not go to two models.
        return failover.context.policy.hedge_after is not None and not failover.context.effects

    def _hedge_delay(self, failover: Failover) -> Callable[[AttemptState], float | None]:
        """Build the function that returns how many seconds after an attempt the next may start."""
        if failover.context.effects:
            # A request with side effects must not go to two models.
            return lambda _: None
        match failover.context.policy.hedge_after:
            case "p95":
                return lambda attempt: self._latencies.p95(attempt.target)
            case seconds:
                return lambda _: seconds

    async def attempt_failed(
        self, failover: Failover, attempt: AttemptState, error: ProviderError
    ) -> None:
        """Report the failure of an attempt, and end it.

        Raises:
            ProviderError: No other model may be tried after it.
        """
        if isinstance(error, WithdrawnError):
            return
        # Before anything remembers it, as circuits do.
        attempt.sign(error)
        await failover.report_failure(attempt, error)
        attempt.fail(error)

    async def _begin_stream(
        self,
        failover: Failover,
        admission: Admission | None,
        reads: type[StreamReader],
        attempt: AttemptState,
    ) -> OpenStream:
        """Begin a streamed answer, up to its first chunk."""
        if admission is not None:
            await admission.admit(failover, attempt)
        exchange = await self._open(failover, attempt)
        exchange.expire_at(_local_time(failover, attempt.deadline))
        try:
            if not is_success(exchange.head):
                whole_reply(attempt, exchange.head, await exchange.read())
            progress = failover.context.progress
            reader = reads(attempt, exchange.head, progress, self._limits)
            opened = OpenStream(attempt, exchange, reader)
            policy, end = failover.context.policy, _local_time(failover, failover.deadline)
            patience = reader.patience(
                now(),
                stall=policy.stall_timeout,
                first_content=policy.first_content_timeout,
                deadline=end,
            )
            exchange.watch(patience)
            first = None
            while first is None:
                opened.chunks = await self._next_chunks(opened)
                # Only one: a failure in the later chunks must come after this one is shown.
                first = next(opened.chunks, None)
            opened.chunks = chain((first,), opened.chunks)
            # From here on it's the content that keeps time for the later models.
            if failover.context.until_content:
                patience.lift_deadline()
                failover.deadline = end = None
            exchange.expire_at(end)
        except BaseException:
            exchange.close()
            raise
        failover.report_content(attempt)
        return opened

    async def _next_chunks(self, opened: OpenStream) -> Iterator[StreamChunk]:
        """Return the next chunks of a streamed answer, or the last ones."""
        if not opened.reader.done:
            try:
                data = await opened.exchange.chunk()
            except ProviderTimeoutError as error:
                if error.stalled_for is None or not opened.reader.finished:
                    raise
                # The answer is whole; only the mark at the end of the stream is missing.
                opened.attempt.note(f"after the answer's last word {error.message}")
                data = b""
            if data:
                opened.attempt.chunks += 1
                return opened.reader.feed(data)
        opened.ended = True
        return opened.reader.end()

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
                exchange.expire_at(now() + seconds)
            return exchange.head, await exchange.read()
        finally:
            exchange.close()

    async def download(
        self, request: HttpRequest, write: Callable[[bytes], object], seconds: float | None
    ) -> HttpHead:
        """Send one request, and pass on the body of a good answer in pieces, however large it is.

        Args:
            request: The request.
            write: Takes the next bytes of the body.
            seconds: Time limit in seconds; None for no limit.

        Raises:
            ProviderError: No whole answer came.
        """
        exchange = await self._http.open(request, seconds)
        try:
            if seconds is not None:
                exchange.expire_at(now() + seconds)
            if is_success(exchange.head):
                while data := await exchange.chunk():
                    write(data)
            return exchange.head
        finally:
            exchange.close()

    async def aclose(self) -> None:
        """Close the running loop's connections; its calls in progress send nothing more."""
        self._end_calls(here())
        await self._http.aclose()
        await self._circuits.aclose()

    def close(self) -> None:
        """Close the connections of synchronous callers; see `aclose`."""
        self._end_calls(INLINE)
        self._http.close()

    def _end_calls(self, place: object) -> None:
        for failover, began in list(self._calls.items()):
            if began is place:
                self._calls[failover] = None

    def _open(self, failover: Failover, attempt: AttemptState) -> Awaitable[Exchange]:
        """Send the request of an attempt; the awaited exchange has the head of its answer."""
        if self._calls[failover] is None:
            raise ring_closed()
        transport = self._transport(failover.context.policy)
        attempt.is_sent = True
        return opened(transport, failover, attempt)

    def _transport(self, policy: Policy) -> Transport:
        """Return the transport for the requests of a call."""
        if self._overrides is None and not (policy.faults or policy.mode):
            return self._network
        if self._interceptor is None:
            from llmring.replay.interceptor import Interceptor

            self._interceptor = Interceptor(
                self._network, self._folder_of, self._overrides, self._clock
            )
        return self._interceptor


def _refused_answer(failover: Failover, error: BaseException) -> StreamChunk | None:
    """Return the chunk with an answer that a provider refused; None if the error ends the call."""
    last = None
    if isinstance(error, ProviderError | LimitExceededError):
        last = refused_chunk(failover)
    if last is None:
        failover.report_end(error)
        failover.report_result(error)
    return last


def _drop_nothing(_: object) -> None:
    """Discard a whole answer, which holds no connection."""


def _local_time(failover: Failover, deadline: float | None) -> float | None:
    """Convert a time of the failover's clock to the running loop's clock, which may differ."""
    return None if deadline is None else now() + deadline - failover.clock()
