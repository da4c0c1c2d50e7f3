"""The limits on what a streamed answer may leave out: bytes, content, and time for other models.

While a text is being written, content must follow content. Before the first content, while the
model reasons, in an open tool call and while a provider's own tool works, an answer may send
nothing but signs of life for much longer: comments of server-sent events, Anthropic's `ping`,
Ollama's lines without content.

https://html.spec.whatwg.org/multipage/server-sent-events.html#authoring-notes
https://platform.claude.com/docs/en/build-with-claude/streaming#ping-events
"""

from __future__ import annotations

from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    Event,
    Finished,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    TextDelta,
    ToolCallDelta,
)
from llmring.dialects.dialect import Decoder
from llmring.exceptions import ProviderTimeoutError
from llmring.routing.reserve import USUAL_GAP_SECONDS, latest_end
from llmring.transport.exchange import answer_timeout, empty_answer_timeout


class StreamPatience:
    """The limits on how long one streamed answer may bring nothing; all times are the event loop's.

    Args:
        decoder: Decodes the answer; it knows when the vendor has ended a text.
        status: The HTTP status of the answer.
        now: The time at which the answer began.
        stall: Seconds without a byte, and within a text without content.
        first_content: Seconds without content outside of a text.
        deadline: When the call must be over; None for no limit.
        reserve: Most seconds to leave to the models after this one.

    Attributes:
        read_at: When the last sign of life came; 0 before the first.
    """

    __slots__ = (
        "_answer_at",
        "_content_at",
        "_deadline",
        "_decoder",
        "_ends",
        "_first_content",
        "_has_begun",
        "_reserve",
        "_stall",
        "_status",
        "_writes",
        "read_at",
    )

    def __init__(
        self,
        decoder: Decoder,
        status: int,
        now: float,
        *,
        stall: float,
        first_content: float,
        deadline: float | None,
        reserve: float,
    ) -> None:
        self._decoder = decoder
        self._status = status
        self._stall = stall
        self._first_content = first_content
        self._deadline = deadline
        self._reserve = reserve
        self._writes = self._ends = self._has_begun = False
        self._content_at = self._answer_at = now
        self.read_at = 0.0

    @property
    def interval(self) -> float:
        """Seconds after which to judge again at the latest, as `due` may have moved."""
        return min(self._stall, self._first_content)

    def see(self, event: Event) -> None:
        """Record an event in the bytes that came last."""
        kind = type(event)
        if kind is TextDelta or kind is RefusalDelta:
            self._writes = self._has_begun = True
            self._content_at = self._answer_at = self.read_at
        elif isinstance(event, ReasoningDelta):
            # A signature alone may also belong to a text that goes on.
            self._writes = self._writes and not event.text
            self._content_at = self.read_at
        elif isinstance(event, ToolCallDelta | ProviderItem) and not _is_empty(event):
            self._writes, self._has_begun = False, True
            self._content_at = self._answer_at = self.read_at
        elif kind is CommentaryDelta or kind is Cited:
            self._content_at = self.read_at
        elif kind is Finished:
            self._ends = True

    def lift_deadline(self) -> None:
        """Let the answer take as long as it brings content."""
        self._deadline, self._reserve = None, 0.0

    def forgive(self, now: float) -> None:
        """Start all limits again, after a time in which the caller read nothing."""
        self.read_at = self.read_at and now
        self._content_at = self._answer_at = now

    def due(self) -> float:
        """Return when the answer has failed if nothing comes until then."""
        due = self._content_at + self._content_limit
        if self.read_at:
            due = min(due, self.read_at + self._stall)
        return due if self._end is None else min(due, self._end)

    def verdict(self, now: float) -> ProviderTimeoutError | None:
        """Return the error of an answer that has brought too little; None if it may go on."""
        if self.read_at and now >= self.read_at + self._stall:
            return answer_timeout(self._stall, self._status)
        limit = self._content_limit
        if now >= self._content_at + limit:
            return empty_answer_timeout(limit, self._status)
        if self._end is not None and now >= self._end:
            return answer_timeout(None, self._status)
        return None

    @property
    def _content_limit(self) -> float:
        # After the reason for the end, only counts and marks are left.
        soon = self._ends or (self._writes and not self._decoder.text_ended)
        return self._stall if soon else self._first_content

    @property
    def _end(self) -> float | None:
        # Reasoning is not an answer yet: time for it is not taken from the models after this one.
        if not self._reserve:
            return self._deadline
        end = latest_end(self._deadline, self._answer_at, self._reserve)
        if end is not None and self._has_begun:
            end = max(end, self._answer_at + USUAL_GAP_SECONDS)
        return end


def _is_empty(event: ToolCallDelta | ProviderItem) -> bool:
    return isinstance(event, ToolCallDelta) and not (
        event.id or event.name or event.arguments or event.signature
    )
