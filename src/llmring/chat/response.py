"""A reply as a whole, a reply in pieces, and the fold from one to the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal, assert_never

from msgspec import Struct

from llmring.chat.events import (
    Event,
    Failed,
    Finished,
    ReasoningDelta,
    RefusalDelta,
    Started,
    TextDelta,
    ToolCallDelta,
    Usage,
    UsageReport,
)
from llmring.chat.tools import ToolCall
from llmring.exceptions import ProviderError


class Attempt(Struct, frozen=True, kw_only=True):
    """One model of the alias, and what became of it.

    Attributes:
        model: The reference, "provider:model".
        outcome: "ok", "failed", or "skipped" (nothing was sent).
        reason: Why it failed or was skipped.
        status: HTTP status, where there was a response.
        ms: Milliseconds from sending to the outcome.
        adjusted: What of the request this model does not take and was left out.
        error: The failure itself.
    """

    model: str
    outcome: Literal["ok", "failed", "skipped"]
    reason: str | None = None
    status: int | None = None
    ms: float = 0.0
    adjusted: tuple[str, ...] = ()
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
        parsed: The answer as data, where a response format was asked for.
        reasoning: The model's reasoning, where the provider shows it.
        refusal: The text with which the model declined, where the provider keeps it apart.
        cost: USD, or None where it is not known.
        cost_reason: Why the cost is not known.
        attempts: Every model that was tried or skipped, in order; the last one answered.
        served_model: The name that the provider itself gave for the model.
        native_finish_reason: The finish reason in the provider's words.
        id: The provider's ID of the answer.
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

    @property
    def total_tokens(self) -> int | None:
        """Input and output tokens together, or None where the provider did not say."""
        return self.usage.total_tokens if self.usage is not None else None


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

    @property
    def content(self) -> str:
        """The same as `delta`."""
        return self.delta


class _OpenCall:
    __slots__ = ("arguments", "id", "name", "signature")

    def __init__(self) -> None:
        self.id: str | None = None
        self.name = ""
        self.arguments: list[str] = []
        self.signature: str | None = None


class Reply:
    """A reply being put together from its events.

    `add` gives the chunk that an event is worth to a reader, if any; `response` and
    `last_chunk` give the end.
    """

    __slots__ = (
        "_calls",
        "_id",
        "_model",
        "_reasoning",
        "_refusal",
        "_served",
        "_text",
        "_usage",
        "finished",
    )

    def __init__(self, model: str) -> None:
        self._model = model
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int, _OpenCall] = {}
        self._usage: Usage | None = None
        self._served: str | None = None
        self._id: str | None = None
        self.finished: Finished | None = None

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
                self._reasoning.append(text)
                return StreamChunk(reasoning=text, model=self._model) if text else None
            case RefusalDelta(text=text):
                self._refusal.append(text)
            case ToolCallDelta():
                return self._add_call(event)
            case Started(model=model, id=id_):
                self._served, self._id = model or self._served, id_ or self._id
            case UsageReport(usage=usage):
                self._usage = usage
            case Finished():
                self.finished = event
            case Failed(error=error):
                raise error
            case TextDelta():
                pass
            case _:
                assert_never(event)
        return None

    def _add_call(self, event: ToolCallDelta) -> StreamChunk | None:
        call = self._calls.get(event.index)
        done: list[ToolCall] | None = None
        if call is None:
            # A new call begins: those before it are complete, and the reader may have them.
            done = self._tool_calls() or None
            call = self._calls[event.index] = _OpenCall()
        call.id = event.id or call.id
        call.name = event.name or call.name
        call.signature = event.signature or call.signature
        if event.arguments:
            call.arguments.append(event.arguments)
        return StreamChunk(tool_calls=done, model=self._model) if done else None

    def _tool_calls(self) -> list[ToolCall]:
        return [self._tool_call(index, call) for index, call in self._calls.items()]

    def _tool_call(self, index: int, call: _OpenCall) -> ToolCall:
        arguments = "".join(call.arguments) or "{}"
        if call.id is None:
            # Google and Ollama may give no ID; this one is the same for the same reply.
            seed = f"{self._id}\0{index}\0{call.name}\0{arguments}"
            call.id = "call_" + hashlib.blake2s(seed.encode(), digest_size=12).hexdigest()
        result = ToolCall(
            id=call.id, type="function", function={"name": call.name, "arguments": arguments}
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
            reasoning="".join(self._reasoning) or None,
            refusal="".join(self._refusal) or None,
            served_model=self._served,
            native_finish_reason=finished.native if finished else None,
            id=self._id,
        )

    def last_chunk(self) -> StreamChunk:
        """What a stream ends with."""
        return StreamChunk(
            model=self._model,
            finish_reason=self._finish_reason(),
            usage=self._usage,
            tool_calls=self._tool_calls() or None,
        )

    def _finish_reason(self) -> str | None:
        if self.finished is None:
            return None
        # Google and Ollama say "stop" where the model asks for a tool.
        if self._calls and self.finished.reason == "stop":
            return "tool_calls"
        return self.finished.reason


def fold(model: str, events: Iterable[Event]) -> LLMResponse:
    """The whole reply that these events add up to.

    Raises:
        ProviderError: One of the events is the provider's failure.
    """
    reply = Reply(model)
    for event in events:
        reply.add(event)
    return reply.response()


def story(attempts: Sequence[Attempt]) -> str:
    """The attempts in words, one a line."""
    lines = []
    for attempt in attempts:
        detail = f": {attempt.reason}" if attempt.reason else ""
        lines.append(f"  {attempt.model} {attempt.outcome}{detail}")
    return "\n".join(lines)
