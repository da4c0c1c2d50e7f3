"""Reasoning that a server puts between `<think>` tags at the beginning of an answer's content.

Models such as DeepSeek R1, MiniMax M2 and Qwen 3 write their reasoning in this form. Most servers
move it to a field of its own; those that leave it in the content are marked in their rows.
"""

from __future__ import annotations

from collections.abc import Iterable

from llmring.chat.events import Event, Finished, ReasoningDelta, TextDelta, ToolCallDelta
from llmring.dialects.dialect import Decoder

OPENING, CLOSING = "<think>", "</think>"


def untagged(events: Iterable[Event]) -> list[Event]:
    """Return the events of a whole reply, with reasoning between tags as reasoning."""
    splitter = _TagSplitter()
    result = [found for event in events for found in splitter.take(event)]
    return [*result, *splitter.end()]


class UntaggedDecoder:
    """A decoder of a streamed reply that turns reasoning between tags into reasoning.

    Args:
        inner: The decoder of the server's own events.

    Attributes:
        done: True once the vendor has marked the end of the reply.
    """

    __slots__ = ("_inner", "_splitter", "done")

    def __init__(self, inner: Decoder) -> None:
        self._inner = inner
        self._splitter = _TagSplitter()
        self.done = False

    @property
    def text_ended(self) -> bool:
        """True after the API has marked the end of a text; see `Decoder`."""
        return self._inner.text_ended

    def feed(self, data: bytes) -> list[Event]:
        """Return the events that these bytes complete."""
        events = self._split(self._inner.feed(data))
        self.done = self._inner.done
        return events

    def end(self) -> list[Event]:
        """Return the remaining events when the connection ends."""
        return [*self._split(self._inner.end()), *self._splitter.end()]

    def _split(self, events: Iterable[Event]) -> list[Event]:
        return [found for event in events for found in self._splitter.take(event)]


class _TagSplitter:
    """State while splitting the content of one reply.

    Text is held back only while it may be part of a tag, or white space next to one. Without a
    closing tag, all of the content is reasoning: the model never came to its answer.
    """

    __slots__ = ("_held", "_place")

    def __init__(self) -> None:
        self._place = "start"
        self._held = ""

    def take(self, event: Event) -> list[Event]:
        if type(event) is TextDelta:
            return self._text(event.text)
        if self._held and isinstance(event, ToolCallDelta | Finished):
            return [*self.end(), event]
        return [event]

    def end(self) -> list[Event]:
        """Return what is held back: nothing more can make a tag of it."""
        held, self._held = self._held, ""
        if self._place == "start":
            return [TextDelta(held)] if held else []
        rest = held.rstrip() if self._place == "reasoning" else ""
        return [ReasoningDelta(rest)] if rest else []

    def _text(self, text: str) -> list[Event]:
        if self._place == "text":
            return [TextDelta(text)]
        self._held += text
        if self._place == "start":
            begun = self._held.lstrip()
            if len(begun) < len(OPENING) and OPENING.startswith(begun):
                return []
            if not begun.startswith(OPENING):
                self._place = "text"
                return self._released(TextDelta(self._held))
            self._place, self._held = "opened", begun.removeprefix(OPENING)
        return self._reasoning()

    def _reasoning(self) -> list[Event]:
        if self._place == "closed":
            return self._answer()
        if self._place == "opened":
            self._held = self._held.lstrip()
            if not self._held:
                return []
            self._place = "reasoning"
        thought, closing, answer = self._held.partition(CLOSING)
        if closing:
            thought = thought.rstrip()
            self._place, self._held = "closed", answer
            begun: list[Event] = [ReasoningDelta(thought)] if thought else []
            return begun + self._answer()
        shown = len(thought) - _held_back(thought)
        self._held = thought[shown:]
        return [ReasoningDelta(thought[:shown])] if shown else []

    def _answer(self) -> list[Event]:
        self._held = self._held.lstrip()
        if not self._held:
            return []
        self._place = "text"
        return self._released(TextDelta(self._held))

    def _released(self, event: Event) -> list[Event]:
        self._held = ""
        return [event]


def _held_back(text: str) -> int:
    """Return the length of the end that may belong to the closing tag or precede it."""
    for length in range(min(len(CLOSING) - 1, len(text)), 0, -1):
        if CLOSING.startswith(text[-length:]):
            text = text[:-length]
            return length + len(text) - len(text.rstrip())
    return len(text) - len(text.rstrip())
