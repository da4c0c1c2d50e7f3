"""Resuming a stream that failed after a part of it was shown, with another model."""

from __future__ import annotations

from enum import Enum, auto

import msgspec

from llmring.chat.citation import Citations
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.request import Message
from llmring.chat.response import StreamChunk
from llmring.routing.policy import OnStreamFailure

_GO_ON = (
    "Your answer above was cut off by a technical fault. Go on exactly where it ends, with the "
    "very next character. Repeat nothing, do not start over, and do not mention the fault."
)

# A shorter repetition may be intended.
LEAST_OVERLAP = 12
MOST_OVERLAP = 400


class Delivery(Enum):
    """The way in which a caller is given an answer that comes as a stream.

    Attributes:
        REVOCABLE: In pieces, which it discards if the answer starts over.
        FINAL: In pieces, which it keeps.
        WHOLE: At its end.
    """

    REVOCABLE = auto()
    FINAL = auto()
    WHOLE = auto()


class StreamProgress:
    """The part of a streamed answer that has been shown so far, by all models of the call.

    Args:
        structured: Whether the answer is data, which can't be continued by another model.
        on_failure: The lockfile's setting for a stream that fails, if any.
        delivery: How the caller is given the answer.

    Attributes:
        calls: Whether a complete tool call was shown, which the caller may have carried out.
        anything: Whether anything was shown.
        resumes: Whether the next model is asked to continue the answer.
        citations: The sources of the text, with places in the text of all models.
    """

    __slots__ = (
        "_delivery",
        "_on_failure",
        "_structured",
        "_text",
        "anything",
        "calls",
        "citations",
        "resumes",
    )

    def __init__(
        self,
        *,
        structured: bool = False,
        on_failure: OnStreamFailure | None = None,
        delivery: Delivery = Delivery.REVOCABLE,
    ) -> None:
        self._delivery = delivery
        self._structured = structured
        self._on_failure = on_failure
        self._text: list[str] = []
        self.citations: Citations = ()
        self.calls = self.anything = self.resumes = False

    @property
    def text(self) -> str:
        """The answer's text."""
        return "".join(self._text)

    def take(self, chunk: StreamChunk) -> None:
        """Record a chunk that is about to be shown."""
        if chunk.restart:
            self._text.clear()
            self.citations = ()
            self.calls = False
        self.anything = True
        if chunk.delta:
            self._text.append(chunk.delta)
        if chunk.citations:
            self.citations += chunk.citations
        if chunk.tool_calls:
            self.calls = True

    def next_step(self) -> OnStreamFailure:
        """Decide how to react, now that the stream has failed."""
        step = self._next_step()
        match self._delivery:
            case Delivery.FINAL if step == "restart" and (self.calls or self.text.strip()):
                return "raise"
            case Delivery.WHOLE if step == "raise":
                # No call was carried out, and nothing was shown that could be wrong.
                return "restart"
        return step

    def _next_step(self) -> OnStreamFailure:
        if self._on_failure == "raise" or (self.calls and self._on_failure != "restart"):
            # A call that was carried out must not be asked for a second time.
            return "raise"
        if not self.text.strip() or self._on_failure == "restart":
            # No text to continue, or the lockfile asks for a restart.
            return "restart"
        if self._on_failure is None and self._structured:
            return "restart"
        return "continue"


# For calls that are not streamed, which show nothing before they end.
NO_PROGRESS = StreamProgress()


def continued(request: ParsedRequest, text: str, *, prefills: bool) -> ParsedRequest:
    """Return the request for the rest of an answer.

    Args:
        request: The request as it was; it is not changed.
        text: The answer so far.
        prefills: Whether the model continues a last message of the assistant by itself.
    """
    begun = Message("assistant", text.rstrip() if prefills else text)
    rest = [] if prefills else [Message("user", _GO_ON)]
    return msgspec.structs.replace(request, turns=[*request.turns, begun, *rest])


class OverlapTrimmer:
    """A filter that removes from a continuation what it repeats of the text before it.

    Text is held back only while it may still turn out to be such a repetition. White space is
    kept as it was sent, since it matters in code, with two exceptions: one space between two words
    that both sides give, and the white space that a model was not sent, if it gives that itself.

    Args:
        before: The answer so far.
        stripped: Whether the model was sent the answer without the white space at its end.
    """

    __slots__ = ("_before", "_blank", "_open", "_pending")

    def __init__(self, before: str, *, stripped: bool = False) -> None:
        self._before = before[-MOST_OVERLAP:]
        self._blank = before[len(before.rstrip()) :] if stripped else ""
        self._pending = ""
        self._open = True

    @property
    def holds_back(self) -> bool:
        """True while text may be held back."""
        return self._open

    def feed(self, text: str) -> str:
        """Return the part of this text, and of text held back, to show now."""
        if not self._open:
            return text
        self._pending += text
        if len(self._pending) < MOST_OVERLAP and self._pending in self._before:
            return ""
        return self.end()

    def end(self) -> str:
        """Return the text still held back, without what it repeats."""
        self._open = False
        pending, self._pending = self._pending, ""
        for length in range(min(len(pending), len(self._before)), LEAST_OVERLAP - 1, -1):
            if self._before.endswith(pending[:length]) and _is_repetition(pending[:length]):
                return pending[length:]
        if self._blank:
            return pending[_shared(self._blank, pending) :]
        if pending[:1] == " " and _is_word_end(self._before) and not pending[1:2].isspace():
            return pending[1:]
        return pending


def _shared(one: str, other: str) -> int:
    """Count the characters with which both texts begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _is_word_end(text: str) -> bool:
    """Check if a text ends with one space after a word."""
    return text[-1:] == " " and not text[-2:-1].isspace()


def _is_repetition(text: str) -> bool:
    """Check if a text that occurs on both sides is one that the model repeats.

    In text of one pattern, such as indentation, a row of dashes or zeros, it may as well go on.
    """
    if len(text.strip()) < LEAST_OVERLAP:
        return False
    return not any(text.startswith(text[at:]) for at in range(1, len(text) // 2 + 1))
