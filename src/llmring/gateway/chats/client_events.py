"""The events of an answer, made fit for the client: of any provider, in the client's own terms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct

from llmring.chat.events import EndMarked, Event, Finished, ReasoningDelta, Started, UsageReport
from llmring.client.replies.event_chunk import EventChunk
from llmring.dialects.foreign.tool_names import ForeignTool
from llmring.dialects.openai_responses.restored_calls import RestoredCalls
from llmring.dialects.relay.seal_replies import ReplySealer
from llmring.dialects.relay.sealed_signatures import SealKey
from llmring.gateway.signatures.signature_keeper import SignatureKeeper
from llmring.routing.targets import Target


class Shown(Struct, frozen=True, kw_only=True):
    """The part of an answer that a client sees.

    Attributes:
        reasoning: True if it sees the model's reasoning.
        model: The name that the answer gives to the model; None for the vendor's own.
    """

    reasoning: bool = True
    model: str | None = None


class ClientEvents:
    """The events to encode for a client, in place of those of the models that answer.

    Args:
        dialect: The name of the client's API.
        key: The key of the client's tenant.
        mark: Returns the mark of a model's endpoint.
        tools: The client's own tools by the names of their functions.
        shown: What the client sees.
        keeper: Keeps the signatures of calls that the client may return without; None for none.

    Attributes:
        lost: What the client's API has no place for; see `ReplySealer`.
    """

    def __init__(
        self,
        dialect: str,
        key: SealKey,
        mark: Callable[[Target], str],
        tools: Mapping[str, ForeignTool],
        shown: Shown,
        keeper: SignatureKeeper | None = None,
    ) -> None:
        self._dialect = dialect
        self._mark = mark
        self._shown = shown
        self._sealer = ReplySealer(key, dialect)
        self._calls = RestoredCalls(tools) if tools else None
        self._keeper = keeper
        self._is_own = False
        self._has_begun = False

    @property
    def lost(self) -> set[str]:
        """The kinds of content that the client's API has no place for."""
        return self._sealer.lost

    def take(self, chunk: EventChunk) -> list[Event]:
        """Return the events to encode for a piece of the answer."""
        if chunk.target is None and self._calls is None and self._sealer.passes(chunk.events):
            return [*chunk.events]
        events: list[Event] = []
        if chunk.target is not None:
            name = chunk.target.dialect.name
            self._is_own = name == self._dialect
            events += self._sealer.begin(name, self._mark(chunk.target))
        for event in self._seen(chunk.events):
            events += self._sealer.take(event)
        if self._keeper is not None:
            events = [self._keeper.take(event) for event in events]
        if self._calls is None:
            return events
        restored = [each for event in events for each in self._calls.take(event)]
        if chunk.message is not None:
            restored += self._calls.end()
        return restored

    def _seen(self, events: Iterable[Event]) -> Iterable[Event]:
        for event in events:
            match event:
                case Started():
                    if not self._has_begun:
                        # The IDs and names of an answer stay those of its beginning.
                        self._has_begun = True
                        yield self._started(event)
                case EndMarked():
                    pass
                case ReasoningDelta() if not self._shown.reasoning:
                    pass
                case Finished() if not self._is_own:
                    # The word of another API means nothing to the client.
                    yield Finished(event.reason, "", event.detail)
                case UsageReport():
                    yield UsageReport(event.usage)
                case _:
                    yield event

    def _started(self, event: Started) -> Started:
        # The IDs of another API would have another form.
        id_ = event.id if self._is_own else None
        model = event.model if self._shown.model is None else None
        return msgspec.structs.replace(event, id=id_, model=model)
