"""Whole answers with the bytes that they came as, for a server that passes these on."""

from __future__ import annotations

from msgspec import Struct

from llmring.chat.events import Event, ShownAsAnswer
from llmring.chat.parsed_request import Relay
from llmring.chat.response import LLMResponse
from llmring.client.replies.fitting_events import events_of_fitting, fitting
from llmring.client.replies.reply_reader import whole_reply
from llmring.routing.attempt import AttemptState
from llmring.routing.targets import Target
from llmring.wire import HttpHead


class RelayedAnswer(Struct, frozen=True, kw_only=True):
    """A whole answer, and what it came as.

    Attributes:
        answer: The answer.
        target: The model.
        relay: How much of a client's body the model was sent.
        body: The bytes of its answer, without secrets that it repeats.
        events: The same, decoded, if the client has to get it in another form.
        head: The head of its answer.
    """

    answer: LLMResponse
    target: Target
    relay: Relay
    body: bytes
    events: tuple[Event, ...]
    head: HttpHead


class WholeBytes:
    """The answers to the attempts of a call, with their bytes."""

    def __init__(self) -> None:
        self._bodies: dict[str, tuple[AttemptState, HttpHead, bytes]] = {}

    @property
    def targets(self) -> list[Target]:
        """The models that have answered."""
        return [attempt.target for attempt, _, _ in self._bodies.values()]

    def settle(self, attempt: AttemptState, head: HttpHead, body: bytes) -> LLMResponse:
        """Return the answer of an attempt; see `whole_reply`."""
        self._bodies[attempt.target.name] = attempt, head, body
        return whole_reply(attempt, head, body)

    def of(self, answer: LLMResponse) -> RelayedAnswer:
        """Return an answer of these attempts with its bytes."""
        attempt, head, body = self._bodies[answer.model]
        body = attempt.target.masked(body)
        relay: Relay = attempt.relay or "translated"
        if fitting(answer) is not answer:
            # The bytes have more than the value that was asked for.
            relay, events = "translated", [*events_of_fitting(answer)]
        else:
            events = attempt.target.decode(head, body) if relay == "translated" else []
        return RelayedAnswer(
            answer=answer,
            target=attempt.target,
            relay=relay,
            body=body,
            head=head,
            events=tuple(event for event in events if not isinstance(event, ShownAsAnswer)),
        )
