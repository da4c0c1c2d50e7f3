"""An answer that breaks off after a part of it was shown: what another model is asked then."""

from __future__ import annotations

import msgspec

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.request import Message
from llmring.chat.response import StreamChunk
from llmring.routing.policy import OnStreamFailure

_GO_ON = (
    "Your answer above was cut off by a technical fault. Go on exactly where it ends, with the "
    "very next character. Repeat nothing, begin nothing anew, and do not mention the fault."
)

# A repetition shorter than this may well be meant.
LEAST_OVERLAP = 12
MOST_OVERLAP = 400


class Shown:
    """What the reader of a stream has been shown so far, by all models of the call.

    Args:
        structured: Whether the answer is data, whose halves do not fit together.
        wish: What the lockfile wants done when it breaks off, if it says.

    Attributes:
        calls: Whether there was a complete tool call, which the reader may have carried out.
        anything: Whether there was anything at all.
        resumes: Whether the next model is asked to go on from there.
    """

    __slots__ = ("_structured", "_text", "_wish", "anything", "calls", "resumes")

    def __init__(self, *, structured: bool = False, wish: OnStreamFailure | None = None) -> None:
        self._structured = structured
        self._wish = wish
        self._text: list[str] = []
        self.calls = self.anything = self.resumes = False

    @property
    def text(self) -> str:
        """The answer's text."""
        return "".join(self._text)

    def take(self, chunk: StreamChunk) -> None:
        """Take note of what the reader is about to be given."""
        if chunk.restart:
            self._text.clear()
            self.calls = False
        self.anything = True
        if chunk.delta:
            self._text.append(chunk.delta)
        if chunk.tool_calls:
            self.calls = True

    def plan(self) -> OnStreamFailure:
        """What is to be done now that the answer has broken off."""
        if self._wish == "raise" or (self.calls and self._wish != "restart"):
            # A call that was carried out must not be asked for a second time.
            return "raise"
        if not self.text.strip() or self._wish == "restart":
            # There is nothing to go on from, or nobody wants to.
            return "restart"
        if self._wish is None and self._structured:
            return "restart"
        return "continue"


# Of calls that are not streamed, which show nothing before they end.
NOTHING_SHOWN = Shown()


def continued(request: ParsedRequest, text: str, *, prefills: bool) -> ParsedRequest:
    """The request that asks for the rest of an answer.

    Args:
        request: The request as it was; it is not changed.
        text: The answer so far.
        prefills: Whether the model goes on from a last message of the assistant's by itself.
    """
    begun = Message("assistant", text.rstrip() if prefills else text)
    rest = [] if prefills else [Message("user", _GO_ON)]
    return msgspec.structs.replace(request, turns=[*request.turns, begun, *rest])


class Seam:
    """Takes out of a continuation what it repeats of the text before it.

    Text is held back only as long as it may still turn out to be such a repetition.

    Args:
        before: The answer so far.
    """

    __slots__ = ("_before", "_held", "_open")

    def __init__(self, before: str) -> None:
        self._before = before[-MOST_OVERLAP:]
        self._held = ""
        self._open = True

    def feed(self, text: str) -> str:
        """What of this is to be shown."""
        if not self._open:
            return text
        self._held += text
        if len(self._held) < MOST_OVERLAP and self._held in self._before:
            return ""
        return self.end()

    def end(self) -> str:
        """What is still held back, less what is repeated."""
        self._open = False
        held, self._held = self._held, ""
        for length in range(min(len(held), len(self._before)), LEAST_OVERLAP - 1, -1):
            if self._before.endswith(held[:length]):
                return held[length:]
        return held
