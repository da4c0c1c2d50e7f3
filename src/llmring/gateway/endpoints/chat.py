"""Chats of clients: a request of any API in, an answer of the same API out, from any provider."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing
from typing import Self

from msgspec import Struct

from llmring.chat.parsed_request import Relay
from llmring.chat.response import LLMResponse
from llmring.client.replies.event_chunk import EventChunk
from llmring.gateway.answer_headers import CallFacts, Duration, answer_headers, limit_headers
from llmring.gateway.chats.call_report import call_report, events_of, with_report
from llmring.gateway.chats.client_events import ClientEvents
from llmring.gateway.chats.hidden_tokens import without_tokens
from llmring.gateway.chats.own_names import named_events, named_reply
from llmring.gateway.chats.read_chat import ReadChat, mark_of, read_chat
from llmring.gateway.errors import stream_error
from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.keep_alive import KeptAlive
from llmring.gateway.server_state import Gateway
from llmring.gateway.signatures.signature_keeper import SignatureKeeper
from llmring.gateway.wires import CHAT, OLLAMA, Wire
from llmring.wire import HttpHead

Chunks = AsyncGenerator[EventChunk, None]


async def answer_chat(
    gateway: Gateway,
    wire: Wire,
    request: GatewayRequest,
    *,
    model: str | None = None,
    stream: bool | None = None,
) -> GatewayAnswer:
    """Answer a chat of a client.

    Args:
        gateway: The gateway.
        wire: The client's API.
        request: The request.
        model: The name of the model, where the API has it in the path.
        stream: Whether the client asks for a stream, where the API has it in the path.

    Raises:
        LLMRingError: The request can't be read or sent, or no model answers.
    """
    began = time.perf_counter()
    call = read_chat(gateway, wire, request, model=model, stream=stream)
    times = _Times(began, time.perf_counter())
    route = None
    if gateway.cache.is_asked_for(gateway.ring.lockfile):
        route = gateway.ring.route(call.called.name, call.called.profile)
    if route is None or route.policy.cache is None:
        return await _answered(gateway, call, times)
    # Most gateways keep no answers.
    from llmring.gateway.chats.cached_chat import bypassed, bypassing, cached_chat

    cached = cached_chat(gateway, call, request, route)
    if cached is None:
        return bypassed(await _answered(gateway, bypassing(call), times))
    if call.asked.stream:
        answer = await _streamed(gateway, cached.call, cached.stream(), times)
    else:
        answer = await _whole(gateway, cached.call, cached.whole(), times)
    return cached.marked(answer)


async def _answered(gateway: Gateway, call: ReadChat, times: _Times) -> GatewayAnswer:
    """Answer with the answer of a model."""
    ring, arguments = gateway.ring, (call.request, call.called.profile, call.wishes)
    if call.asked.stream:
        return await _streamed(gateway, call, ring.stream_events(*arguments), times)
    if ring.relays_whole(call.request, call.called.profile):
        return await _relayed(gateway, call, times)
    return await _whole(gateway, call, ring.whole_events(*arguments), times)


class _Times(Struct, frozen=True):
    """The times at which a request had come and was sent on, by the counter for performance."""

    began: float
    sent: float

    def now(self) -> Duration:
        """Return the time that the call has taken so far."""
        now = time.perf_counter()
        return Duration(total=(now - self.began) * 1000, upstream=(now - self.sent) * 1000)


async def _relayed(gateway: Gateway, call: ReadChat, times: _Times) -> GatewayAnswer:
    """Answer with the bytes of a whole reply, from the one model that may give it."""
    found = await gateway.ring.answer_with_bytes(call.request, call.called.profile, call.wishes)
    gateway.affinity.answered(call.conversation, found.answer.model)
    events = _client_events(gateway, call)
    body, relay = found.body, found.relay
    if relay == "translated":
        chunk = EventChunk(model=found.answer.model, events=found.events, target=found.target)
        body = call.encoding.whole(events.take(chunk), call.envelope)
    elif call.name_in_bytes is not None:
        body, relay = named_reply(body, call.name_in_bytes), "adapted"
    headers = _headers(gateway, call, found.answer, events, times, relay)
    headers |= _limits(gateway, found.head)
    return GatewayAnswer(headers={"content-type": "application/json", **headers}, body=body)


async def _whole(
    gateway: Gateway, call: ReadChat, answer: Awaitable[list[EventChunk]], times: _Times
) -> GatewayAnswer:
    """Answer with a whole reply, which is read as a stream, so that it may take its time."""
    chunks = await answer
    gateway.affinity.answered(call.conversation, chunks[-1].model)
    events = _client_events(gateway, call)
    found = [each for chunk in chunks for each in events.take(chunk)]
    head = next((chunk.head for chunk in reversed(chunks) if chunk.head is not None), None)
    shown = _headers(gateway, call, chunks[-1], events, times)
    headers = {"content-type": "application/json", **_limits(gateway, head), **shown}
    return GatewayAnswer(headers=headers, body=call.encoding.whole(found, call.envelope))


async def _streamed(
    gateway: Gateway, call: ReadChat, chunks: Chunks, times: _Times
) -> GatewayAnswer:
    """Answer with a stream, whose head waits for the first content."""
    stream = _Stream(gateway, call, chunks)
    await stream.begin()
    headers = {"content-type": call.encoding.stream_type}
    if stream.first is not None:
        relay = "translated" if stream.first.raw is None else stream.first.relay
        if relay == "verbatim" and call.name_in_bytes is not None:
            relay = "adapted"
        headers |= _headers(gateway, call, stream.first, stream.events, times, relay)
        headers |= _limits(gateway, stream.first.head)
    return GatewayAnswer(headers=headers, body=stream)


class _Stream(AsyncIterator[bytes]):
    """A streamed answer, as the bytes that are sent to a client.

    Args:
        gateway: The gateway.
        call: The call.
        chunks: The answer.

    Attributes:
        first: The first piece of the answer, once it has come.
        events: The events to encode for the client.
    """

    def __init__(self, gateway: Gateway, call: ReadChat, chunks: Chunks) -> None:
        self.first: EventChunk | None = None
        self.events = _client_events(gateway, call)
        self._gateway = gateway
        self._call = call
        self._chunks = chunks
        self._encoder = call.encoding.encoder(call.envelope)
        self._pieces = KeptAlive(self._encoded(), self._encoder.keep_alive)
        self._has_ended = False

    async def begin(self) -> None:
        """Wait for the first content, or until the head must go out without.

        Raises:
            LLMRingError: No model answers.
        """
        try:
            await self._pieces.head_after(self._gateway.table.head_after)
        except BaseException:
            await self.aclose()
            raise

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._has_ended:
            raise StopAsyncIteration
        try:
            piece = await anext(self._pieces)
        except Exception as error:
            self._has_ended = True
            await self.aclose()
            if isinstance(error, StopAsyncIteration):
                raise
            return self._failing_end(error)
        # What has come together is sent together.
        more = self._pieces.take_ready()
        return b"".join((piece, *more)) if more else piece

    async def aclose(self) -> None:
        """Cancel the call, if it goes on."""
        self._has_ended = True
        await self._pieces.aclose()

    async def _encoded(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._chunks) as chunks:
            async for chunk in chunks:
                self.first = self.first or chunk
                if data := self._bytes_of(chunk):
                    yield data
        self._gateway.affinity.answered(self._call.conversation, chunk.model)

    def _bytes_of(self, chunk: EventChunk) -> bytes:
        encoder = self._encoder
        if chunk.raw is not None:
            # The encoder goes on if this model does not come to its end.
            encoder.adopt(chunk.raw, self.events.take(chunk))
            return self._shown_of(chunk, chunk.raw)
        pieces = [piece for each in self.events.take(chunk) for piece in encoder.encode(each)]
        if chunk.message is not None:
            pieces += encoder.end()
            if self._call.reports:
                return with_report(pieces, call_report(chunk))
        return b"".join(pieces)

    def _shown_of(self, chunk: EventChunk, raw: bytes) -> bytes:
        if self._call.name_in_bytes is not None:
            raw = named_events(raw, self._call.name_in_bytes)
        if self._call.reports:
            if chunk.message is None:
                return raw
            events = events_of(raw, self._call.encoding.stream_type)
            return with_report(events, call_report(chunk))
        is_hidden = self._call.wire is CHAT and not self._call.asked.include_usage
        return without_tokens(raw) if is_hidden else raw

    def _failing_end(self, error: Exception) -> bytes:
        """Return the end of a stream that fails, in the form of the client's API."""
        fault = stream_error(
            error,
            self._call.wire,
            request_id=self._call.request_id,
            quote=self._gateway.quotes_providers,
        )
        return b"".join(self._encoder.fail(fault))


def _client_events(gateway: Gateway, call: ReadChat) -> ClientEvents:
    return ClientEvents(
        call.wire.dialect.name,
        call.seal_key,
        lambda target: mark_of(gateway.secret, target.endpoint),
        call.tools,
        call.shown,
        _keeper(gateway, call),
    )


def _keeper(gateway: Gateway, call: ReadChat) -> SignatureKeeper | None:
    """Return what keeps the signatures of calls, for APIs whose clients return calls without."""
    if call.wire not in (CHAT, OLLAMA):
        return None
    reply_id = call.envelope.id if call.wire is CHAT else None
    return SignatureKeeper(gateway.signatures, call.conversation, call.request.turns, reply_id)


def _limits(gateway: Gateway, head: HttpHead | None) -> dict[str, str]:
    return limit_headers(head) if gateway.table.show_upstream_limits else {}


def _headers(
    gateway: Gateway,
    call: ReadChat,
    answer: EventChunk | LLMResponse,
    events: ClientEvents,
    times: _Times,
    relay: Relay = "translated",
) -> dict[str, str]:
    if isinstance(answer, EventChunk) and answer.message is None:
        changes = answer.adjusted
    else:
        changes = answer.attempts[-1].adjusted if answer.attempts else ()
    facts = CallFacts(
        alias=call.called.alias,
        profile=call.called.profile,
        relay=relay,
        lock=gateway.digest.of(gateway.ring.lockfile),
        notes=(*changes, *sorted(f"{each} left out" for each in events.lost)),
    )
    return answer_headers(answer, facts, times.now())
