"""The ring of a server, whose calls are those of its clients."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from os import PathLike
from typing import TYPE_CHECKING, cast

import msgspec
from msgspec import UNSET, UnsetType

from llmring.chat.events import Started
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.token_count import TokenCount
from llmring.client.answer_schema import answer_form
from llmring.client.call_record import CallStart
from llmring.client.operations.offered_models import OfferedModel, offered, offered_directly
from llmring.client.replies.event_chunk import EventChunk
from llmring.client.replies.event_reader import ReplyEventReader
from llmring.client.replies.fitting_events import fitting_events
from llmring.client.replies.refused_answers import refused_answer
from llmring.client.replies.reply_reader import whole_reply
from llmring.client.replies.streamed_answer import streamed_answer
from llmring.client.replies.whole_bytes import RelayedAnswer, WholeBytes
from llmring.client.ring import LLMRing
from llmring.client.ring_core import RingCore
from llmring.client.structured import in_form
from llmring.clock import Clock
from llmring.config.active_lockfile import ActiveLockfile, CallableNames
from llmring.exceptions import LLMRingError
from llmring.gateway.served_record import ServedRecord, ServedRecorder
from llmring.gateway.watching.running_call import WatchingObserver
from llmring.ledger.call_origin import CallOrigin
from llmring.routing.backoff import MOST_SERVED_SECONDS
from llmring.routing.call_wishes import CallWishes
from llmring.routing.stream_resume import Delivery

if TYPE_CHECKING:
    from decimal import Decimal

    from llmring.chat.embedding import EmbeddingResponse
    from llmring.chat.response import LLMResponse
    from llmring.client.operations.embed import EmbeddingRequest
    from llmring.client.route_cache import Route
    from llmring.config.settings import Settings
    from llmring.lockfile.document import Lockfile
    from llmring.providers.endpoint import Endpoint
    from llmring.routing.failover import Failover
    from llmring.routing.plan import Plan
    from llmring.routing.policy import Policy
    from llmring.telemetry.server_trace import ServerTrace


class ServedRing(LLMRing):
    """A ring that makes the calls of a server's clients, and has no lockfile of a calling package.

    Args:
        lockfile_path: As for `LLMRing`.
        timeout: As for `LLMRing`.
        environ: As for `LLMRing`.
    """

    _most_pauses = MOST_SERVED_SECONDS
    _recorder_kind = ServedRecorder
    _own_hooks = (WatchingObserver(),)

    def __init__(
        self,
        lockfile_path: str | PathLike[str] | None = None,
        *,
        timeout: float | UnsetType | None = UNSET,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        RingCore.__init__(
            self,
            lockfile_path,
            None,
            timeout=timeout,
            on_attempt=None,
            on_failover=None,
            telemetry="auto",
            environ=environ,
        )

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """The endpoint of each provider, by its name."""
        return self._active_lockfile.latest().endpoints

    @property
    def ledger_pending(self) -> int:
        """The number of calls that are not yet written to the ledger."""
        return self._recorder.pending

    async def open_circuits(self) -> frozenset[str]:
        """Return the references of the models that calls skip, as they have failed."""
        if not self._circuits.has_failures:
            return frozenset()
        found = await self._circuits.snapshot()
        return frozenset(each.model for each in found if each.state == "open")

    def server_trace(
        self, method: str, route: str, headers: Mapping[str, str]
    ) -> ServerTrace | None:
        """Begin the span of a request to the server; None if OpenTelemetry is not set up.

        Args:
            method: The method.
            route: The path, with placeholders for names.
            headers: The headers.
        """
        # An environment that has not imported OpenTelemetry has not set it up.
        if "opentelemetry" not in sys.modules:
            return None
        from llmring.telemetry.server_trace import server_trace

        return server_trace(self._telemetry, method, route, headers)

    @property
    def clock(self) -> Clock:
        """The clock that the ring goes by."""
        return self._settings.clock

    @property
    def settings(self) -> Settings:
        """The settings of the environment."""
        return self._settings

    @property
    def active_lockfile(self) -> ActiveLockfile:
        """The lockfile in use, which is read again when it changes."""
        return self._active_lockfile

    @property
    def lockfile(self) -> Lockfile:
        """The lockfile in use."""
        return self._active_lockfile.latest().lockfile

    def callable_names(self, profile: str | None = None) -> CallableNames:
        """Return the names that calls in a profile may give as their model.

        Args:
            profile: The profile; by default the active one.

        Raises:
            ConfigurationError: The profile does not exist.
        """
        return self._active_lockfile.callable_names(profile)

    def offered_models(
        self, names: Iterable[str], profile: str | None = None
    ) -> list[OfferedModel]:
        """Return the facts about names that calls can give.

        Names that can't be called are left out.

        Args:
            names: Aliases, or models as "provider:model".
            profile: As for `chat`.
        """
        reading = self._active_lockfile.now()
        models = []
        for name in names:
            with contextlib.suppress(LLMRingError):
                found = self._active_lockfile.look_up(name, profile, reading)
                policy = self._planner.policy(found)
                candidates = self._planner.targets(found, policy, reading)
                models.append(offered(name, found, candidates, policy))
        return models

    def models_of_providers(self) -> list[OfferedModel]:
        """Return the known models of the providers that have keys.

        A frozen lockfile, which allows only its own models, has no such models.
        """
        reading = self._active_lockfile.now()
        if reading.frozen is not None:
            return []
        today = self._settings.clock.today()
        return [*offered_directly(reading.known.models, reading.endpoints, today)]

    def route(self, model: str, profile: str | None) -> Route | None:
        """Return the route of the calls of an alias; None for calls that will fail for want of one.

        Args:
            model: The alias, or "provider:model".
            profile: The profile of the lockfile; None for the usual one.
        """
        try:
            return self._planner.route(model, profile)
        except LLMRingError:
            return None

    def relays_whole(self, request: ParsedRequest, profile: str | None) -> bool:
        """Return True if a whole answer is asked as one, and may come as the model's bytes.

        Where other models could go on, answers are asked as streams: a model that stalls shows it.
        With several answers to a request, none could.

        Args:
            request: The request.
            profile: The profile of the lockfile; None for the usual one.

        Raises:
            LLMRingError: The call names no model that there is.
        """
        own = request.verbatim
        return request.answers > 1 or (
            own is not None and own.shows and self._planner.is_alone(request, profile, own.dialect)
        )

    async def answer_with_bytes(
        self, request: ParsedRequest, profile: str | None, wishes: CallWishes | None = None
    ) -> RelayedAnswer:
        """Return a whole answer with the bytes that it came as.

        Args:
            request: The request.
            profile: The profile of the lockfile; None for the usual one.
            wishes: The client's wishes, if it has any.

        Raises:
            LLMRingError: No model answered.
        """
        # Of several answers, only the first one is read.
        output = request.output if request.answers == 1 else None
        form = None if output is None else answer_form(output)
        failover = self._plan(request, profile, wishes, stream=False, delivery=Delivery.WHOLE)
        found = WholeBytes()
        try:
            answer = await self._executor.send(failover, found.settle, refused_answer)
            if form is not None:
                repair = partial(self._repaired, failover, found.settle, found.targets)
                answer = await in_form(form, request, answer, repair)
        except BaseException as error:
            failover.report_result(error)
            raise
        failover.report_result(answer)
        return found.of(answer)

    def explain_parsed(
        self, request: ParsedRequest, tokens: int | None, profile: str | None
    ) -> tuple[Plan, Policy]:
        """Return what a call would do, and the settings of the lockfile for it.

        Args:
            request: The request; it may lack messages.
            tokens: Tokens of the prompt, if known.
            profile: The profile of the lockfile; None for the usual one.

        Raises:
            LLMRingError: The call names no model that there is.
        """
        from llmring.client.explain import explain

        found = self._active_lockfile.look_up(request.model or "", profile)
        plan = explain(request, tokens, found, self._planner, self._circuits)
        policy = self._planner.policy(found)
        if policy.timeout is None:
            policy = msgspec.structs.replace(policy, timeout=self._timeout)
        return plan, policy

    async def embed_for(
        self,
        name: str,
        request: EmbeddingRequest,
        profile: str | None,
        seconds: float | None,
        wishes: CallWishes,
    ) -> EmbeddingResponse:
        """Return the vectors of texts, as `embed` does.

        Args:
            name: The alias, or "provider:model".
            request: The texts.
            profile: The profile of the lockfile; None for the usual one.
            seconds: The time limit; None for no limit.
            wishes: The client's wishes.

        Raises:
            LLMRingError: No model answered.
        """
        return await self._embed(request, name, profile, seconds, wishes)

    async def count_parsed(self, request: ParsedRequest, profile: str | None) -> TokenCount:
        """Count the input tokens of a request, as `count_tokens` does.

        Args:
            request: The request.
            profile: The profile of the lockfile; None for the usual one.

        Raises:
            LLMRingError: No model can count them.
        """
        return await self._count(request, profile)

    def record_hit(
        self,
        request: ParsedRequest,
        profile: str | None,
        wishes: CallWishes,
        answer: LLMResponse,
        *,
        saved: Decimal | None = None,
        cache: str = "hit",
    ) -> None:
        """Write a call to the ledger that a cache has answered, without cost.

        Args:
            request: The request.
            profile: The profile of the lockfile; None for the usual one.
            wishes: The client's wishes, with the origin of the call.
            answer: The answer as it was given before.
            saved: USD that it has cost then, if known.
            cache: How the cache took part; see `CallOrigin`.
        """
        origin = msgspec.structs.replace(wishes.origin or CallOrigin(), cache=cache)
        start = CallStart("chat", request.model, profile, request, origin=origin)
        record = self._recorder.record(start)
        if not isinstance(record, ServedRecord):
            return
        reading = self._active_lockfile.now()
        with contextlib.suppress(LLMRingError):
            found = self._active_lockfile.look_up(request.model or "", profile, reading)
            record.found(found.alias, tuple, reading.stamp(profile))
        record.on_hit(answer, saved)

    def stream_events(
        self, request: ParsedRequest, profile: str | None, wishes: CallWishes | None = None
    ) -> AsyncGenerator[EventChunk, None]:
        """Stream an answer as events, to be passed on to a client.

        The time limit of the call ends with the first content. A client can't take back what it
        was sent: where an answer would have to start over, the call fails.

        Args:
            request: The request.
            profile: The profile of the lockfile; None for the usual one.
            wishes: The client's wishes, if it has any.

        Raises:
            LLMRingError: No model answered, or an answer broke off and no other model may go on.
        """
        failover = self._plan(request, profile, wishes, stream=True, delivery=Delivery.FINAL)
        return self._events(failover)

    def _events(self, failover: Failover) -> AsyncGenerator[EventChunk, None]:
        chunks = self._executor.stream(failover, ReplyEventReader)
        return cast("AsyncGenerator[EventChunk, None]", chunks)

    async def whole_events(
        self, request: ParsedRequest, profile: str | None, wishes: CallWishes | None = None
    ) -> list[EventChunk]:
        """Return a whole answer as its events, asked for as a stream.

        A model that stalls shows it, and what came before a failure may be used or dropped. If the
        answer is to have a form, it has it.

        Args:
            request: The request.
            profile: The profile of the lockfile; None for the usual one.
            wishes: The client's wishes, if it has any.

        Raises:
            LLMRingError: No model answered, or the answer does not have the form.
        """
        form = None if request.output is None else answer_form(request.output)
        failover = self._plan(request, profile, wishes, stream=True, delivery=Delivery.WHOLE)
        found: list[EventChunk] = []
        async with aclosing(self._events(failover)) as chunks:
            async for chunk in chunks:
                if chunk.restart:
                    found.clear()
                found.append(chunk)
        _name_the_last(found)
        if form is None:
            return found
        targets = [chunk.target for chunk in found if chunk.target is not None]
        try:
            repair = partial(self._repaired, failover, whole_reply, targets)
            answer = await in_form(form, request, streamed_answer(found[-1]), repair)
        except BaseException as error:
            failover.report_result(error)
            raise
        failover.report_result(answer)
        return fitting_events(found, answer, targets)


def _name_the_last(chunks: Sequence[EventChunk]) -> None:
    """Let an answer that was begun by another model name the one that ended it."""
    starts = [event for chunk in chunks for event in chunk.events if isinstance(event, Started)]
    if len(starts) < 2:
        return
    first = msgspec.structs.replace(starts[0], model=starts[-1].model)
    begun = next(chunk for chunk in chunks if starts[0] in chunk.events)
    begun.events = tuple(first if event is starts[0] else event for event in begun.events)
