"""Reading a streamed answer as the events of its API, for a server that passes them on.

What such a server has sent it can't take back. So a tool call is given once it is complete, as long
as another model could still answer, and a refusal and the end once the answer is known to be one.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec

from llmring.chat.events import (
    Cited,
    CommentaryDelta,
    Event,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    ShownAsAnswer,
    Started,
    TextDelta,
    ToolCallDelta,
    UsageReport,
)
from llmring.chat.response import Attempt, StreamChunk
from llmring.chat.tools import ToolCall
from llmring.client.answer_schema import AnswerForm, answer_form, is_widened
from llmring.client.replies.event_bytes import ENDS, EventBytes
from llmring.client.replies.event_chunk import EventChunk
from llmring.client.replies.fitting_events import read_back
from llmring.client.replies.reply_reader import StreamReader
from llmring.exceptions import ValidationError
from llmring.routing.attempt import AttemptState
from llmring.routing.stream_resume import StreamProgress
from llmring.routing.targets import Target
from llmring.transport.unpack import BodyLimits, too_large
from llmring.wire import HttpHead


class ReplyEventReader(StreamReader):
    """A streamed answer being read as events; arguments as for `StreamReader`."""

    def __init__(
        self, attempt: AttemptState, head: HttpHead, progress: StreamProgress, limits: BodyLimits
    ) -> None:
        super().__init__(attempt, head, progress, limits)
        policy = attempt.context.policy
        self._model = attempt.target.name
        self._first_head: HttpHead | None = head
        self._holds_calls = policy.tool_calls == "whole" and attempt.has_successors
        self._calls: dict[int, list[ToolCallDelta]] = {}
        # The call that is being shown piece by piece.
        self._shown_call: list[ToolCallDelta] = []
        # Before the first content, since nothing is sent until there is one.
        self._early: list[Event] = []
        self._refusal: list[Event] = []
        self._report: UsageReport | None = None
        self._end: Finished | None = None
        self._target: Target | None = attempt.target
        self._form = _form_to_read_back(attempt)
        self._most_held = _ALL if self._form is not None else _most_held(policy.stream_commit)
        if progress.anything:
            self._most_held = 0
        self._held: list[EventChunk] = []
        self._held_length = 0
        self._splitter = _splitter(attempt, head, progress)
        question = attempt.context.question
        self._brings_several = question is not None and question.answers > 1
        # The bytes and the chunks of events that wait for others.
        self._raw: list[bytes] = []
        self._waiting: list[StreamChunk] = []
        # The call of the last piece, and whether a server has mixed the pieces of several.
        self._last_call: int | None = None
        self._is_mixed = False

    def feed(self, data: bytes) -> Iterator[StreamChunk]:
        """Return the chunks that these bytes complete.

        Raises:
            ProviderError: The provider reports a failure, or its answer can't be read.
        """
        if self._splitter is None:
            return super().feed(data)
        pieces = self._splitter.feed(data)
        if self._splitter.unfinished > self._most_bytes:
            raise too_large("an event of the answer", self._most_bytes)
        return self._relayed(pieces)

    def _relayed(self, pieces: list[bytes]) -> Iterator[StreamChunk]:
        texts: list[str] = []
        begin = 0
        for at, piece in enumerate(pieces):
            if self.done:
                break
            if self._splitter is None:
                yield from super().feed(piece)
                continue
            events = self._decoder.feed(piece)
            if (
                len(events) == 1
                and type(event := events[0]) is TextDelta
                and event.text
                and self._flows()
            ):
                begin = begin if texts else at
                texts.append(event.text)
                continue
            if texts:
                yield self._texts(texts, pieces[begin:at])
                texts = []
            chunks = [*self._shown(events)]
            self._waiting += chunks
            self._raw.append(piece)
            if self._brings_several and not chunks:
                self._see_other(piece)
            if self._waiting and not self._waits():
                yield from self._with_raw()
        if texts:
            yield self._texts(texts, pieces[begin : begin + len(texts)])

    def _waits(self) -> bool:
        """Return True if what has come is shown later, in the order of the bytes."""
        return bool(self._refusal) or self._end is not None or any(self._calls.values())

    def _flows(self) -> bool:
        """Return True if a text is shown as soon as it comes, and as it comes."""
        held = self._most_held or self._waiting or self._raw or self._is_mixed
        changes = held or self._trimmer is not None or self._restarts
        alone = self._target is None and not self._brings_several
        return alone and not changes and not self._waits()

    def _texts(self, texts: list[str], pieces: list[bytes]) -> EventChunk:
        """Return one chunk for texts that came together."""
        raw = self._attempt.target.masked(b"".join(pieces))
        return self._flowing(TextDelta("".join(texts)), raw)

    def _flowing(self, text: TextDelta, raw: bytes | None = None) -> EventChunk:
        """Return the chunk of a text that is shown as it comes."""
        if self._patience is not None:
            self._patience.see(text)
        self._reply.add(text)
        return EventChunk(model=self._model, delta=text.text, events=(text,), raw=raw)

    def _see_other(self, piece: bytes) -> None:
        """Take a piece of another answer than the first one, which no events come of."""
        if b"{" not in piece:
            return
        if self._patience is not None:
            self._patience.see(CommentaryDelta(""))
        if self._target is None:
            self._waiting.append(EventChunk(model=self._model))

    def _with_raw(self, at: int = 0) -> Iterator[StreamChunk]:
        """Yield the chunks that wait, one of them with the bytes of all."""
        raw, chunks = b"".join(self._raw), self._waiting
        self._raw, self._waiting = [], []
        if self._is_mixed:
            # Clients take one call after the other, which these bytes do not bring.
            self._splitter = None
        shown = [each for each in chunks if isinstance(each, EventChunk) and not self._is_mixed]
        for each in shown:
            each.raw = b""
        if shown:
            shown[at].raw = self._attempt.target.masked(raw)
        yield from chunks

    def _shown(self, events: Iterable[Event]) -> Iterator[StreamChunk]:
        for event in events:
            if type(event) is TextDelta and event.text and self._flows():
                # Nearly all events are of this kind.
                yield self._flowing(event)
                continue
            if self._patience is not None:
                self._patience.see(event)
            chunk = self._reply.add(event)
            if chunk is None:
                self._note_usage(event)
            for each in self._chunks(event, chunk):
                yield from self._committed(each)

    def end(self) -> Iterator[StreamChunk]:
        """Yield the remaining chunks at the end of the bytes, then the last; ends the attempt.

        Raises:
            ProviderError: The answer is incomplete.
        """
        if self._splitter is None:
            yield from self._ended()
            return
        rest = self._splitter.end()
        if rest and not self.done:
            self._waiting += super().feed(rest)
            self._raw.append(rest)
        # Read to its end first: what can't be read is not shown.
        self._waiting += self._ended()
        if not self.done:
            # Some servers end without it, or stall before it.
            self._raw.append(self._attempt.target.dialect.relaying.end_mark)
        # With the last one, whose answer is known with its cost.
        yield from self._with_raw(at=-1)

    def _ended(self) -> Iterator[StreamChunk]:
        for chunk in super().end():
            if isinstance(chunk, EventChunk):
                yield chunk
            elif chunk.message is None:
                yield from self._committed(self._text(chunk))
            else:
                yield from self._last(chunk)

    def _kept(self, last: StreamChunk) -> EventChunk:
        """Return the last chunk with the events of a refusal, none of which was shown."""
        ends = (self._report, self._end)
        return EventChunk(
            model=self._model,
            events=(*self._early, *self._refusal, *(each for each in ends if each is not None)),
            target=self._target,
            head=self._first_head,
            **{name: getattr(last, name) for name in _FIELDS},
        )

    def _last(self, chunk: StreamChunk) -> Iterator[EventChunk]:
        calls = [*self._complete_calls()]
        held, self._held, self._most_held = self._held, [], 0
        yield from held if self._form is None else read_back(self._form, held)
        yield from calls
        ends = (self._report, self._end)
        fields = {name: getattr(chunk, name) for name in _FIELDS}
        yield self._piece(
            [*self._refusal, *(each for each in ends if each is not None)],
            **fields,
            cost=chunk.cost,
            attempts=chunk.attempts,
        )

    def _chunks(self, event: Event, chunk: StreamChunk | None) -> Iterator[EventChunk]:
        """Yield what is to be shown for an event, and for those held back until it came."""
        match event:
            case Started():
                self._early.append(event)
            case UsageReport():
                self._report = event
                if self._target is not None:
                    self._early.append(event)
            case Finished():
                self._end = event
            case RefusalDelta():
                self._refusal.append(event)
            case ToolCallDelta():
                yield from self._take_call(event)
            case ShownAsAnswer():
                # What was sent can't be taken back.
                return
            case TextDelta() | Cited() | CommentaryDelta():
                yield from self._complete_calls()
                if chunk is not None and self._show(chunk):
                    yield self._text(chunk)
            case _:
                yield from self._complete_calls()
                yield from self._other(event, chunk)

    def _other(self, event: Event, chunk: StreamChunk | None) -> Iterator[EventChunk]:
        if chunk is None and self._target is not None:
            # An answer does not begin with a signature or an item alone.
            self._early.append(event)
            return
        shown = StreamChunk(model=self._model) if chunk is None else chunk
        if self._show(shown):
            reasoning = event.text if isinstance(event, ReasoningDelta) else None
            yield self._piece([event], reasoning=reasoning, restart=shown.restart)

    def _text(self, chunk: StreamChunk) -> EventChunk:
        events: list[Event] = []
        if chunk.delta:
            events.append(TextDelta(chunk.delta))
        if chunk.commentary:
            events.append(CommentaryDelta(chunk.commentary))
        if chunk.citations:
            events.append(Cited(chunk.citations))
        return self._piece(
            events,
            delta=chunk.delta,
            restart=chunk.restart,
            citations=chunk.citations,
            commentary=chunk.commentary,
        )

    def _take_call(self, piece: ToolCallDelta) -> Iterator[EventChunk]:
        again = piece.index in self._calls and piece.index != self._last_call
        self._is_mixed = self._is_mixed or again
        self._last_call = piece.index
        if self._holds_calls or not self._may_follow(piece):
            self._calls.setdefault(piece.index, []).append(piece)
            return
        begins = piece.index not in self._calls
        self._calls.setdefault(piece.index, [])
        yield self._call_chunk([piece], [piece] if begins else [])

    def _may_follow(self, piece: ToolCallDelta) -> bool:
        """Return True if a piece of a call may be shown now.

        Clients take one call after the other, but some servers mix the pieces of several: those of
        the others wait until the call that is shown has all its arguments, or its end comes.
        """
        shown, waiting = self._shown_call, any(self._calls.values())
        if piece.index not in self._calls and not waiting and _is_complete(shown):
            self._shown_call = [piece]
            return True
        if shown and shown[0].index == piece.index:
            shown.append(piece)
            return True
        return piece.index in self._calls and not self._calls[piece.index]

    def _complete_calls(self) -> Iterator[EventChunk]:
        """Yield the calls that were held back, which are complete now."""
        calls = [pieces for pieces in self._calls.values() if pieces]
        if calls:
            self._calls, self._shown_call = {}, []
            yield self._call_chunk([*chain.from_iterable(calls)], [each[0] for each in calls])

    def _call_chunk(self, pieces: list[ToolCallDelta], begun: list[ToolCallDelta]) -> EventChunk:
        chunk = StreamChunk(model=self._model)
        self._mark(chunk)
        calls = [_named(each) for each in begun] or None
        return self._piece(pieces, restart=chunk.restart, tool_calls=calls)

    def _committed(self, chunk: EventChunk) -> Iterator[EventChunk]:
        """Yield the chunks that may be shown, now that this one has come."""
        if not self._most_held:
            yield chunk
            return
        self._held.append(chunk)
        self._held_length += len(chunk.delta)
        if self._held_length >= self._most_held or (chunk.tool_calls and self._most_held < _ALL):
            held, self._held, self._most_held = self._held, [], 0
            yield from held

    def _piece(
        self, events: Sequence[Event], *, attempts: tuple[Attempt, ...] = (), **fields: Any
    ) -> EventChunk:
        """Return a chunk of these events, after those that came before the first content."""
        early, self._early = self._early, []
        target, self._target = self._target, None
        head, self._first_head = self._first_head, None
        if target is not None and not attempts:
            attempts = self._attempt.earlier
        return EventChunk(
            model=self._model,
            events=(*early, *events),
            target=target,
            adjusted=() if target is None else self._attempt.adjusted,
            relay=self._attempt.relay or "translated",
            attempts=attempts,
            head=head,
            **fields,
        )


def _form_to_read_back(attempt: AttemptState) -> AnswerForm | None:
    """Return the form of an answer which may come in a wider one; None if it comes as it is."""
    question = attempt.context.question
    if question is None or question.output is None or attempt.relay in ("verbatim", "adapted"):
        return None
    try:
        form = answer_form(question.output)
    except ValidationError:
        return None  # what can't be checked can't be read back
    return form if is_widened(form) else None


def _splitter(attempt: AttemptState, head: HttpHead, progress: StreamProgress) -> EventBytes | None:
    """Return the splitter of an answer whose bytes a client gets; None if it gets others."""
    question = attempt.context.question
    verbatim = question.verbatim if question is not None else None
    if verbatim is None or not verbatim.shows or attempt.relay in (None, "translated"):
        return None
    ends = ENDS.get(head.content_type)
    if ends is None or progress.anything:
        return None
    return EventBytes(ends)


_ALL = sys.maxsize
_FIELDS = tuple(
    name
    for name in StreamChunk.__struct_fields__
    if name not in ("model", "attempts", "cost", "cost_parts")
)


def _most_held(commit: str | int) -> int:
    """Return the number of characters from which on an answer is shown."""
    if commit == "first":
        return 0
    return commit if isinstance(commit, int) else _ALL


def _named(piece: ToolCallDelta) -> ToolCall:
    """Return the call that begins with a piece."""
    function = {"name": piece.name or "", "arguments": ""}
    return {"id": piece.id or "", "type": piece.kind, "function": function}  # type: ignore[typeddict-item]


def _is_complete(call: list[ToolCallDelta]) -> bool:
    """Return True if the pieces of a call have all its arguments, as far as they show it."""
    if not call or call[0].kind == "custom":
        return True
    try:
        msgspec.json.decode("".join(each.arguments for each in call))
    except msgspec.DecodeError:
        return False
    return True
