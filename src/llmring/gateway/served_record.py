"""Records of a gateway's calls, which have more in the ledger than others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from llmring.chat.parsed_request import Relay
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.client.call_record import Answer, CallRecord, CallStart, Recorder
from llmring.client.replies.event_chunk import EventChunk
from llmring.ledger.call_origin import CallOrigin
from llmring.ledger.writer import Ledger
from llmring.routing.attempt import AttemptState
from llmring.routing.observers import ObservedAttempt


class ServedRecord(CallRecord):
    """The record of one call of a gateway.

    Args:
        recorder: As for `CallRecord`.
        ledger: As for `CallRecord`.
        start: As for `CallRecord`.
    """

    def __init__(self, recorder: Recorder, ledger: Ledger, start: CallStart) -> None:
        super().__init__(recorder, ledger, start)
        self._origin = start.origin or CallOrigin()
        self._relays = start.relays and start.kind == "chat"
        self._relay: Relay | None = None
        self._notes: tuple[str, ...] = ()
        self._saved: Decimal | None = None

    def on_attempt_settled(self, attempt: ObservedAttempt) -> None:
        """Note how much of a client's request the model was sent that has answered."""
        if isinstance(attempt, AttemptState) and self._relay is None:
            self._see(attempt.relay or "translated", attempt.adjusted)

    def on_chunk(self, chunk: StreamChunk) -> None:
        """Note how the answer comes with its first chunk; see `CallRecord`."""
        if self._relay is None and isinstance(chunk, EventChunk):
            self._see("translated" if chunk.raw is None else chunk.relay, chunk.adjusted)
        super().on_chunk(chunk)

    def on_hit(self, answer: LLMResponse, saved: Decimal | None) -> None:
        """Write a call that the cache of answers has answered.

        Args:
            answer: The answer as it was given before.
            saved: USD that it has cost then.
        """
        self._saved = saved
        self._see("translated", ())
        free = msgspec.structs.replace(
            answer, cost=Decimal(0), cost_reason=None, cost_parts=None, attempts=()
        )
        self.on_answer(free)

    def _see(self, relay: Relay, notes: tuple[str, ...]) -> None:
        if not self._relays:
            relay = "translated"
        elif relay == "verbatim" and self._origin.renames:
            relay = "adapted"
        self._relay, self._notes = relay, notes

    def _more(self, answer: Answer | None, attempts: Sequence[Attempt]) -> Mapping[str, Any]:
        origin = self._origin
        if answer is not None and attempts:
            self._notes = attempts[-1].adjusted
        if answer is not None and self._relay is None:
            self._relay = "translated"
        return {
            "key": origin.key,
            "team": origin.team,
            "wire": origin.wire,
            "client": origin.client,
            "session": origin.session,
            "request_id": origin.request_id,
            "relay": self._relay,
            "notes": self._notes,
            "cache": origin.cache,
            "saved": self._saved,
        }


class ServedRecorder(Recorder):
    """Writes a gateway's calls to the ledger; arguments as for `Recorder`."""

    _keeps_journal = True
    _kind = ServedRecord
