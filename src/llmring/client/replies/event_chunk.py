"""A piece of a streamed answer with the events that it consists of."""

from __future__ import annotations

from llmring.chat.events import Event
from llmring.chat.parsed_request import Relay
from llmring.chat.response import StreamChunk
from llmring.routing.targets import Target
from llmring.wire import HttpHead


class EventChunk(StreamChunk, kw_only=True):
    """A piece of a streamed answer with the events that it consists of.

    Attributes:
        events: The events, with what repeats another model's text taken out.
        target: The model that begins to answer with this piece; None if it goes on.
            The chunk's `attempts` are then those before.
        adjusted: With a target, the changes to the request that this model needed.
        relay: With `target`, how much of a client's body the model was sent.
        raw: The bytes of the server that this piece is; None if a client can't be sent these.
        head: With `target`, the head of its answer.
    """

    events: tuple[Event, ...] = ()
    target: Target | None = None
    adjusted: tuple[str, ...] = ()
    relay: Relay = "translated"
    raw: bytes | None = None
    head: HttpHead | None = None
