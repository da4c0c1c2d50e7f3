"""Chats of aliases that keep their answers: given again, or shared with calls in progress.

Only calls of one kind share an answer while it comes: a stream can't take back what it has sent, a
whole answer can start over.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from decimal import Decimal
from typing import Literal

import msgspec

from llmring.answer_cache.gateway_cache import AnswerCache, seconds_of
from llmring.answer_cache.keeping import answer_to_keep, may_be_kept
from llmring.answer_cache.kept_answer import KeptAnswer
from llmring.answer_cache.request_key import key_of
from llmring.chat.events import Started
from llmring.chat.reply import fold
from llmring.client.replies.event_chunk import EventChunk
from llmring.client.replies.streamed_answer import streamed_answer
from llmring.client.route_cache import Route
from llmring.exceptions import LimitExceededError, ProviderError
from llmring.gateway.caller import Caller
from llmring.gateway.chats.read_chat import ReadChat
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.server_state import Gateway
from llmring.ledger.call_origin import CallOrigin
from llmring.lockfile.pins import plain_amount
from llmring.routing.policy import CacheScope
from llmring.routing.targets import Target

HEADER, SAVED, AGE, ATTEMPTS = (
    "x-llmring-cache",
    "x-llmring-saved",
    "age",
    "x-llmring-attempts",
)

# "hit" for a kept answer, "shared" for that of a call in progress, "miss" for a new one, "bypass"
# for one that can't be kept.
CacheOutcome = Literal["hit", "shared", "miss", "bypass"]

_NOTHING = Decimal(0)

_FRESH = frozenset({"no-cache", "max-age=0"})


class KeptChunk(EventChunk, kw_only=True):
    """All of an answer that was kept.

    Attributes:
        kept: What was kept.
    """

    kept: KeptAnswer


def cached_chat(
    gateway: Gateway, call: ReadChat, request: GatewayRequest, route: Route
) -> CachedChat | None:
    """Return the way of a chat through the kept answers; None if it has to go around them.

    Args:
        gateway: The gateway.
        call: The chat.
        request: The same, as the client sent it.
        route: The route of the alias, which keeps answers.
    """
    asked = request.headers.get("cache-control", "").lower()
    directives = {each.strip() for each in asked.split(",")}
    if "no-store" in directives or not may_be_kept(call.request):
        return None
    return CachedChat(gateway, call, route, request.caller, is_fresh=bool(directives & _FRESH))


def bypassing(call: ReadChat) -> ReadChat:
    """Return a chat that goes around the kept answers, as the ledger keeps it."""
    return _with_outcome(call, "bypass")


def bypassed(answer: GatewayAnswer) -> GatewayAnswer:
    """Return an answer that went around the kept ones, with the header for that."""
    return _with_headers(answer, {HEADER: "bypass"})


class CachedChat:
    """A chat whose answer is kept, or was.

    Args:
        gateway: The gateway.
        call: The chat.
        route: The route of the alias.
        caller: Who makes the call.
        is_fresh: True if the client wants a new answer.

    Attributes:
        call: The chat, whose answer is translated, so that others can be given it.
        outcome: Where the answer comes from, as far as that is known.
    """

    def __init__(
        self, gateway: Gateway, call: ReadChat, route: Route, caller: Caller, *, is_fresh: bool
    ) -> None:
        asked, body = call.request, call.request.verbatim
        if body is not None:
            asked = msgspec.structs.replace(
                asked, verbatim=msgspec.structs.replace(body, shows=False)
            )
        self.call = _with_outcome(msgspec.structs.replace(call, request=asked), "miss")
        self.outcome: CacheOutcome = "miss"
        self._ring = gateway.ring
        self._cache: AnswerCache = gateway.cache.opened(
            gateway.ring.settings, gateway.table.cache_memory
        )
        self._route = route
        self._seconds = seconds_of(route.policy.cache or "0h")
        self._key = answer_key(call, route, caller)
        # What an answer does not depend on, but its coming does.
        way = (call.asked.stream, asked.timeout, call.wishes.max_cost)
        self._flight_key = object() if is_fresh else (self._key, *way)
        self._is_fresh = is_fresh
        self._kept: KeptAnswer | None = None

    async def whole(self) -> list[EventChunk]:
        """Return the answer.

        Raises:
            LLMRingError: No model answers.
        """
        async with aclosing(self.stream()) as chunks:
            return [chunk async for chunk in chunks]

    async def stream(self) -> AsyncGenerator[EventChunk, None]:
        """Yield the answer.

        Raises:
            LLMRingError: No model answers, or the answer breaks off.
        """
        while True:
            flight = self._cache.flight(self._flight_key)
            leads = flight is None
            if flight is None:
                flight = self._cache.begin(self._flight_key, self._new(), self._keep)
            self.outcome = "miss" if leads else "shared"
            has_begun = False
            try:
                async with aclosing(flight.read()) as chunks:
                    async for chunk in chunks:
                        has_begun = True
                        yield self._own(chunk, leads=leads)
            except LimitExceededError:
                # The limit may be that of another client.
                if leads or has_begun:
                    raise
            else:
                return

    def marked(self, answer: GatewayAnswer) -> GatewayAnswer:
        """Return an answer with the headers that show where it comes from."""
        headers: dict[str, str] = {HEADER: self.outcome}
        if self._kept is None:
            return _with_headers(answer, headers)
        age = max(0.0, self._cache.now() - self._kept.at)
        headers[AGE] = str(int(age))
        if self._kept.cost is not None:
            headers[SAVED] = plain_amount(self._kept.cost)
        return _with_headers(answer, headers, without=ATTEMPTS)

    async def _new(self) -> AsyncGenerator[EventChunk, None]:
        """Yield the answer that is kept, or else that of a model."""
        kept = None if self._is_fresh else await self._cache.get(self._key, self._seconds)
        found = None if kept is None else self._again(kept)
        if found is not None:
            yield found
            return
        call = self.call
        arguments = (call.request, call.called.profile, call.wishes)
        if call.asked.stream:
            async with aclosing(self._ring.stream_events(*arguments)) as chunks:
                async for chunk in chunks:
                    yield chunk
        else:
            for chunk in await self._ring.whole_events(*arguments):
                yield chunk

    async def _keep(self, chunks: Sequence[EventChunk]) -> None:
        if isinstance(chunks[-1], KeptChunk):
            return
        kept = answer_to_keep(self.call.request, chunks, self._cache.now())
        if kept is not None:
            await self._cache.put(self._key, kept, self._seconds)

    def _own(self, chunk: EventChunk, *, leads: bool) -> EventChunk:
        """Return a piece of the answer as it is for this client; note it if it was free."""
        if isinstance(chunk, KeptChunk):
            self.outcome, self._kept = "hit", chunk.kept
        elif leads:
            return chunk
        if any(isinstance(event, Started) for event in chunk.events):
            chunk = _without_id(chunk)
        if chunk.message is None:
            return chunk
        call, kept = self.call, self._kept
        # No model was asked, so no tokens were used up.
        answer = msgspec.structs.replace(streamed_answer(chunk), usage=None)
        self._ring.record_hit(
            call.request,
            call.called.profile,
            call.wishes,
            answer,
            saved=chunk.cost if kept is None else kept.cost,
            cache=self.outcome,
        )
        return _free(chunk)

    def _again(self, kept: KeptAnswer) -> KeptChunk | None:
        """Return an answer that was kept; None if it can't be used any more."""
        target = self._target(kept)
        if target is None:
            return None
        try:
            answer = fold(kept.model, kept.events, kept.api)
        except ProviderError:
            return None
        return KeptChunk(
            model=kept.model,
            events=kept.events,
            target=target,
            message=answer.message,
            usage=answer.usage,
            finish_reason=answer.finish_reason,
            tool_calls=answer.tool_calls,
            served_model=answer.served_model,
            native_finish_reason=answer.native_finish_reason,
            id=answer.id,
            cost=_NOTHING,
            kept=kept,
        )

    def _target(self, kept: KeptAnswer) -> Target | None:
        """Return the model of an answer, with the API in which it came."""
        for each in self._route.models.fit_for(self.call.request).candidates:
            if isinstance(each, Target) and each.name == kept.model:
                known = (each, each.elsewhere)
                return next((x for x in known if x and x.dialect.name == kept.api), None)
        return None


def answer_key(call: ReadChat, route: Route, caller: Caller) -> str:
    """Return the key under which the answer of a chat is kept.

    Args:
        call: The chat.
        route: The route of the alias.
        caller: Who makes the call.
    """
    models = [
        (each.name, each.endpoint.base_url, each.dialect.name)
        if isinstance(each, Target)
        else (str(each.ref),)
        for each in route.models.fit_for(call.request).candidates
    ]
    return key_of(
        call.request,
        route.reading.identity.anywhere,
        call.called.profile,
        call.called.name,
        models,
        msgspec.to_builtins(route.policy),
        _scope(route.policy.cache_scope, caller),
    )


def _scope(scope: CacheScope, caller: Caller) -> tuple[str, ...]:
    if scope == "all":
        return ("all",)
    if scope == "team" and caller.team is not None:
        return ("team", caller.team)
    return ("key", caller.key_id)


def _free(chunk: EventChunk) -> EventChunk:
    free: EventChunk = msgspec.structs.replace(chunk, cost=_NOTHING, cost_reason=None)
    return free


def _without_id(chunk: EventChunk) -> EventChunk:
    """Return the beginning of an answer without its ID, as each client is given another one."""
    events = tuple(
        Started(event.model) if isinstance(event, Started) else event for event in chunk.events
    )
    begun: EventChunk = msgspec.structs.replace(chunk, events=events)
    return begun


def _with_outcome(call: ReadChat, outcome: CacheOutcome) -> ReadChat:
    origin = msgspec.structs.replace(call.wishes.origin or CallOrigin(), cache=outcome)
    wishes = msgspec.structs.replace(call.wishes, origin=origin)
    marked: ReadChat = msgspec.structs.replace(call, wishes=wishes)
    return marked


def _with_headers(
    answer: GatewayAnswer, headers: dict[str, str], without: str | None = None
) -> GatewayAnswer:
    kept = {name: text for name, text in answer.headers.items() if name != without}
    marked: GatewayAnswer = msgspec.structs.replace(answer, headers={**kept, **headers})
    return marked
