"""A reply as a whole, a reply in pieces, and the fold from one to the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from llmring.chat.events import (
    Event,
    Failed,
    Finished,
    Garbled,
    ProviderItem,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.parts import Part, ProviderPart, ReasoningPart, TextPart
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.exceptions import ProviderError


class Attempt(Struct, frozen=True, kw_only=True):
    """One model of the alias, and what became of it.

    Attributes:
        model: The reference, "provider:model".
        outcome: "ok", "failed", "skipped" (nothing was sent), or "dropped" (another model, asked
            at the same time, was faster).
        reason: Why it failed or was skipped.
        status: HTTP status, where there was a response.
        ms: Milliseconds from sending to the outcome.
        adjusted: What of the request this model does not take and was left out.
        notes: What was remarkable about its answer: pieces that could not be read, say.
        error: The failure itself.
    """

    model: str
    outcome: Literal["ok", "failed", "skipped", "dropped"]
    reason: str | None = None
    status: int | None = None
    ms: float = 0.0
    adjusted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    error: ProviderError | None = None


class LLMResponse(Struct, kw_only=True):
    """The whole answer of the model that served the call.

    Attributes:
        content: The answer's text.
        model: The reference that answered, "provider:model".
        usage: Tokens, or None where the provider did not say.
        finish_reason: "stop", "length", "tool_calls", "content_filter", "error", or the
            provider's own word; None where it gave none.
        tool_calls: Calls that the model wants made, in OpenAI's form, or None.
        parsed: The answer as data, or as the type that was given, where a response format was
            asked for and the model answered in it.
        reasoning: The model's reasoning, where the provider shows it.
        refusal: The text with which the model declined, where the provider keeps it apart.
        cost: USD, or None where it is not known.
        cost_reason: Why the cost is not known, or what in it is an estimate.
        attempts: Every model that was tried or skipped, in order; the last one answered.
        served_model: The name that the provider itself gave for the model.
        native_finish_reason: The finish reason in the provider's words.
        id: The provider's ID of the answer.
        parts: The content with the reasoning, its signatures and the provider's own items in
            their order; None where it is nothing but text.
    """

    content: str
    model: str
    usage: Usage | None = None
    finish_reason: str | None = None
    tool_calls: list[ToolCall] | None = None
    parsed: Any = None
    reasoning: str | None = None
    refusal: str | None = None
    cost: Decimal | None = None
    cost_reason: str | None = None
    attempts: tuple[Attempt, ...] = ()
    served_model: str | None = None
    native_finish_reason: str | None = None
    id: str | None = None
    parts: tuple[Part, ...] | None = None

    @property
    def total_tokens(self) -> int | None:
        """Input and output tokens together, or None where the provider did not say."""
        return self.usage.total_tokens if self.usage is not None else None

    @property
    def message(self) -> Message:
        """The answer as the message to go on with: its text, reasoning and tool calls.

        Appended to the conversation, it gives the provider back what it needs, signatures
        included.
        """
        return Message("assistant", self.parts or self.content, tool_calls=self.tool_calls)


class StreamChunk(Struct, kw_only=True):
    """A piece of a streamed answer.

    Attributes:
        delta: A piece of the answer's text; may be empty.
        model: The reference that answers, "provider:model".
        finish_reason: In the last chunk only; see `LLMResponse`.
        usage: In the last chunk only.
        tool_calls: The calls that are complete so far; in the last chunk, all of them.
        reasoning: A piece of the model's reasoning.
        cost: In the last chunk only: USD, or None where it is not known.
        cost_reason: In the last chunk only: why the cost is not known.
        attempts: In the last chunk only: every model that was tried or skipped, in order.
        parsed: Where a response format was asked for, the answer so far as data; in the last
            chunk as in `LLMResponse`.
        message: In the last chunk only: as in `LLMResponse`.
        refusal: In the last chunk only: as in `LLMResponse`.
        restart: Whether another model begins the answer anew: what came before is to be dropped.
    """

    delta: str = ""
    model: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    tool_calls: list[ToolCall] | None = None
    reasoning: str | None = None
    cost: Decimal | None = None
    cost_reason: str | None = None
    attempts: tuple[Attempt, ...] = ()
    parsed: Any = None
    message: Message | None = None
    refusal: str | None = None
    restart: bool = False

    @property
    def content(self) -> str:
        """The same as `delta`."""
        return self.delta


class _OpenCall:
    __slots__ = ("arguments", "id", "kind", "name", "signature")

    def __init__(self) -> None:
        self.id: str | None = None
        self.kind: Literal["function", "custom"] = "function"
        self.name = ""
        self.arguments: list[str] = []
        self.signature: str | None = None


class _Thought:
    """Reasoning up to its signature, and how many pieces of text came before it."""

    __slots__ = ("after", "id", "signature", "text")

    def __init__(self, after: int) -> None:
        self.after = after
        self.text: list[str] = []
        self.signature: str | None = None
        self.id: str | None = None

    def goes_on_with(self, event: ReasoningDelta, after: int) -> bool:
        another = event.id is not None and self.id is not None and event.id != self.id
        return self.signature is None and self.after == after and not another

    def part(self, dialect: str) -> Part:
        return ReasoningPart("".join(self.text), self.signature, self.id, dialect)


class _Item:
    """An item of the provider's own, and how many pieces of text came before it."""

    __slots__ = ("after", "content")

    def __init__(self, after: int, content: Mapping[str, Any]) -> None:
        self.after = after
        self.content = content

    def part(self, dialect: str) -> Part:
        return ProviderPart(dialect, self.content)


class Reply:
    """A reply being put together from its events.

    `add` gives the chunk that an event is worth to a reader, if any; `response` and
    `last_chunk` give the end.

    Args:
        model: The reference that answers.
        dialect: The API that answers, by its name.
    """

    __slots__ = (
        "_beside_text",
        "_calls",
        "_dialect",
        "_id",
        "_model",
        "_refusal",
        "_served",
        "_text",
        "_usage",
        "finished",
        "garbled",
    )

    def __init__(self, model: str, dialect: str = "") -> None:
        self._model = model
        self._dialect = dialect
        self._text: list[str] = []
        self._beside_text: list[_Thought | _Item] = []
        self._refusal: list[str] = []
        self._calls: dict[int, _OpenCall] = {}
        self._usage: Usage | None = None
        self._served: str | None = None
        self._id: str | None = None
        self.finished: Finished | None = None
        self.garbled: list[ProviderError] = []

    def add(self, event: Event) -> StreamChunk | None:
        """Take one event in.

        Raises:
            ProviderError: The event is the provider's failure.
        """
        if type(event) is TextDelta:
            self._text.append(event.text)
            return StreamChunk(delta=event.text, model=self._model)
        match event:
            case ReasoningDelta(text=text):
                self._think(event)
                return StreamChunk(reasoning=text, model=self._model) if text else None
            case ToolCallDelta():
                return self._add_call(event)
            case Failed(error=error):
                raise error
            case _:
                self._note(event)
        return None

    def _note(self, event: Event) -> None:
        """Take in what shows nothing."""
        match event:
            case RefusalDelta(text=text):
                self._refusal.append(text)
            case ProviderItem(content=content):
                self._beside_text.append(_Item(len(self._text), content))
            case Started(model=model, id=id_):
                self._served, self._id = model or self._served, id_ or self._id
            case UsageReport(usage=usage):
                self._usage = usage
            case Finished():
                self.finished = event
            case Garbled(error=error):
                self.garbled.append(error)

    def _think(self, event: ReasoningDelta) -> None:
        last = self._beside_text[-1] if self._beside_text else None
        if isinstance(last, _Thought) and last.goes_on_with(event, len(self._text)):
            thought = last
        else:
            thought = _Thought(len(self._text))
            self._beside_text.append(thought)
        if event.text:
            thought.text.append(event.text)
        thought.signature = event.signature
        thought.id = event.id or thought.id

    def _parts(self) -> tuple[Part, ...] | None:
        """The parts in their order, or None where there is nothing but text."""
        if not self._beside_text:
            return None
        parts: list[Part] = []
        shown = 0
        for each in self._beside_text:
            if text := "".join(self._text[shown : each.after]):
                parts.append(TextPart(text))
            shown = each.after
            parts.append(each.part(self._dialect))
        if text := "".join(self._text[shown:]):
            parts.append(TextPart(text))
        return tuple(parts)

    def _reasoning(self) -> str | None:
        thoughts = (each for each in self._beside_text if isinstance(each, _Thought))
        return "".join(piece for thought in thoughts for piece in thought.text) or None

    def _add_call(self, event: ToolCallDelta) -> StreamChunk | None:
        call = self._calls.get(event.index)
        done: list[ToolCall] | None = None
        if call is None:
            # A new call begins: those before it are complete, and the reader may have them.
            done = self._tool_calls() or None
            call = self._calls[event.index] = _OpenCall()
        call.id = event.id or call.id
        call.name = event.name or call.name
        call.kind = event.kind
        call.signature = event.signature or call.signature
        if event.arguments:
            call.arguments.append(event.arguments)
        return StreamChunk(tool_calls=done, model=self._model) if done else None

    def _tool_calls(self) -> list[ToolCall]:
        return [self._tool_call(index, call) for index, call in self._calls.items()]

    def _tool_call(self, index: int, call: _OpenCall) -> ToolCall:
        arguments = "".join(call.arguments)
        if call.kind == "function":
            arguments = arguments or "{}"
        if call.id is None:
            # Google and Ollama may give no ID; this one is the same for the same reply.
            seed = f"{self._id}\0{index}\0{call.name}\0{arguments}"
            call.id = "call_" + hashlib.blake2s(seed.encode(), digest_size=12).hexdigest()
        result = ToolCall(
            id=call.id, type=call.kind, function={"name": call.name, "arguments": arguments}
        )
        if call.signature is not None:
            result["signature"] = call.signature
        return result

    def response(self) -> LLMResponse:
        """The reply so far, as a whole."""
        finished = self.finished
        return LLMResponse(
            content="".join(self._text),
            model=self._model,
            usage=self._usage,
            finish_reason=self._finish_reason(),
            tool_calls=self._tool_calls() or None,
            reasoning=self._reasoning(),
            refusal="".join(self._refusal) or None,
            served_model=self._served,
            native_finish_reason=finished.native if finished else None,
            id=self._id,
            parts=self._parts(),
        )

    def last_chunk(self, whole: str | None = None) -> StreamChunk:
        """What a stream ends with.

        Args:
            whole: All of the text, where another model began it.
        """
        calls = self._tool_calls() or None
        content = (self._parts() or "".join(self._text)) if whole is None else whole
        return StreamChunk(
            model=self._model,
            finish_reason=self._finish_reason(),
            usage=self._usage,
            tool_calls=calls,
            message=Message("assistant", content, tool_calls=calls),
            refusal="".join(self._refusal) or None,
        )

    def fault(self) -> str | None:
        """Why this can't be the whole answer, now that nothing more comes; None where it is."""
        if self.finished is None:
            if self.garbled:
                return f"the stream ended before the answer was complete; {self.garbled[0].message}"
            return "the stream ended before the answer was complete"
        if self.garbled and (self._calls or self.finished.reason == "tool_calls"):
            # Text with a gap is still of use; a call with a gap must not be made.
            return f"what could not be read may belong to a tool call; {self.garbled[0].message}"
        return None

    def _finish_reason(self) -> str | None:
        if self.finished is None:
            return None
        # Google and Ollama say "stop" where the model asks for a tool.
        if self._calls and self.finished.reason == "stop":
            return "tool_calls"
        return self.finished.reason


def fold(model: str, events: Iterable[Event], dialect: str = "") -> LLMResponse:
    """The whole reply that these events add up to; arguments as for `Reply`.

    Raises:
        ProviderError: One of the events is the provider's failure.
    """
    reply = Reply(model, dialect)
    for event in events:
        reply.add(event)
    return reply.response()


def story(attempts: Sequence[Attempt]) -> str:
    """The attempts in words, one a line; what happened again in the same way is counted."""
    told: dict[str, int] = {}
    for attempt in attempts:
        detail = f": {attempt.reason}" if attempt.reason else ""
        line = f"  {attempt.model} {attempt.outcome}{{}}{detail}"
        told[line] = told.get(line, 0) + 1
    return "\n".join(
        line.replace("{}", f" {count} times" if count > 1 else "", 1)
        for line, count in told.items()
    )
