"""A reply as a whole, a reply in pieces, and the attempts that led to it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from llmring.chat.events import Usage
from llmring.chat.parts import Part
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
        usage: The tokens that it took, where the provider has told all of them.
        cost: USD of these; None where that is not known, or nothing was charged for.
        cost_reason: Why the cost is not known, or what in it is not exact; None where nothing
            was charged for.
        error: The failure itself.
    """

    model: str
    outcome: Literal["ok", "failed", "skipped", "dropped"]
    reason: str | None = None
    status: int | None = None
    ms: float = 0.0
    adjusted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage | None = None
    cost: Decimal | None = None
    cost_reason: str | None = None
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
        cost: USD of all attempts, or None where it is not known.
        cost_reason: Why the cost is not known, or what in it is an estimate or not exact.
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
        cost: In the last chunk only: as in `LLMResponse`.
        cost_reason: In the last chunk only: as in `LLMResponse`.
        attempts: In the last chunk only: every model that was tried or skipped, in order.
        parsed: Where a response format was asked for, the answer so far as data; in the last
            chunk as in `LLMResponse`.
        message: In the last chunk only: as in `LLMResponse`.
        refusal: In the last chunk only: as in `LLMResponse`.
        restart: Whether another model begins the answer anew: what came before is to be dropped.
        served_model: In the last chunk only: as in `LLMResponse`.
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
    served_model: str | None = None

    @property
    def content(self) -> str:
        """The same as `delta`."""
        return self.delta


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
