"""Whole answers, streamed chunks, and the attempts that led to them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from msgspec import Struct

from llmring.chat.citation import Citations
from llmring.chat.cost import CostParts, part_cost, with_cost
from llmring.chat.events import Usage
from llmring.chat.parts import Part
from llmring.chat.request import Message
from llmring.chat.tools import ToolCall
from llmring.exceptions import ProviderError
from llmring.plain_data import PlainData


@with_cost
class Attempt(PlainData, Struct, frozen=True, kw_only=True):
    """An attempt to use one model of the alias, and its outcome.

    Attributes:
        model: The reference, "provider:model".
        outcome: "ok", "failed", "skipped" (nothing was sent), or "dropped" (a model that was asked
            at the same time answered first, or the call ended before the outcome was known).
        reason: Why it failed or was skipped.
        status: HTTP status, if there was a response.
        ms: Milliseconds from sending to the outcome.
        adjusted: Changes to the request, because this model does not accept parts of it.
        notes: Remarks on the answer, for example about parts that could not be read.
        usage: Tokens used, if the provider reported all of them.
        cost: Cost in USD; None if it is unknown, or nothing was charged.
        cost_reason: Why the cost is unknown or not exact; None if nothing was charged.
        cost_parts: The parts of `cost` in USD; None if unknown.
        error: The error, if the attempt failed.
    """

    __module__ = "llmring"

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
    cost_parts: CostParts | None = None
    error: ProviderError | None = None

    def __post_init__(self) -> None:
        part_cost(self)


def answer(
    model: str,
    content: str | Sequence[Part],
    calls: Sequence[ToolCall] | None,
) -> Message:
    """Build the message of an answer.

    Args:
        model: The model that answered, "provider:model".
        content: The answer's text or parts.
        calls: The calls that the model requests.
    """
    provider, colon, _ = model.partition(":")
    return Message("assistant", content, tool_calls=calls, origin=provider if colon else None)


@with_cost
class LLMResponse(PlainData, Struct, kw_only=True):
    """The whole answer of the model that served the call.

    Attributes:
        content: The answer's text, without commentary.
        model: The model that answered, "provider:model".
        usage: Token counts, or None if the provider did not report them.
        finish_reason: "stop", "length", "tool_calls" or "content_filter", or the provider's own
            word; None if there was none. An answer that ends in an error is a failed attempt.
        tool_calls: The calls that the model requests, in OpenAI's form, or None.
        parsed: The answer as data, or as an instance of the given type, if a response format was
            requested and the model answered in it.
        reasoning: The model's reasoning, if the provider shows it.
        refusal: The text with which the model declined, if the provider reports it separately.
        cost: Cost of all attempts in USD, or None if unknown.
        cost_reason: Why the cost is unknown, estimated or not exact.
        cost_parts: The parts of `cost` in USD; None if unknown.
        attempts: Every model that was tried or skipped, in order; the last one answered, unless
            every model has failed or refused, and the answer is a refusal.
        served_model: The provider's own name for the model that answered.
        native_finish_reason: The provider's own word for the finish reason.
        id: The provider's ID of the answer.
        parts: The content in order, with the reasoning, its signatures and the provider's own
            items; None if there is only text.
        citations: The sources of the answer, with the places in `content` that rest on them.
        commentary: The model's remarks on its work before the answer, if the provider marks them.
    """

    __module__ = "llmring"

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
    cost_parts: CostParts | None = None
    attempts: tuple[Attempt, ...] = ()
    served_model: str | None = None
    native_finish_reason: str | None = None
    id: str | None = None
    parts: tuple[Part, ...] | None = None
    citations: Citations = ()
    commentary: str | None = None

    def __post_init__(self) -> None:
        part_cost(self)

    @property
    def total_tokens(self) -> int | None:
        """Input and output tokens together, or None if the provider did not report them."""
        return self.usage.total_tokens if self.usage is not None else None

    @property
    def message(self) -> Message:
        """The answer as a message: text, reasoning and tool calls.

        Append it to the conversation to continue; it includes everything that the provider expects
        back, such as signatures.
        """
        return answer(self.model, self.parts or self.content, self.tool_calls)


@with_cost
class StreamChunk(PlainData, Struct, kw_only=True):
    """A piece of a streamed answer.

    Attributes:
        delta: A piece of the answer's text; may be empty.
        model: The model that answers, "provider:model".
        finish_reason: In the last chunk only; see `LLMResponse`.
        usage: In the last chunk only.
        tool_calls: The calls that are complete so far; in the last chunk, all of them.
        reasoning: A piece of the model's reasoning.
        cost: In the last chunk only: as in `LLMResponse`.
        cost_reason: In the last chunk only: as in `LLMResponse`.
        cost_parts: In the last chunk only: as in `LLMResponse`.
        attempts: In the last chunk only: every model that was tried or skipped, in order.
        parsed: If a response format was requested, the answer so far as data; in the last chunk
            as in `LLMResponse`.
        message: In the last chunk only: as in `LLMResponse`.
        refusal: In the last chunk only: as in `LLMResponse`.
        restart: True if the answer starts over, mostly with another model; discard the earlier
            chunks.
        served_model: In the last chunk only: as in `LLMResponse`.
        native_finish_reason: In the last chunk only: as in `LLMResponse`.
        id: In the last chunk only: as in `LLMResponse`.
        citations: Sources that became known with this chunk; in the last chunk, all of them.
        commentary: A piece of the model's remarks on its work; no part of the answer.
    """

    __module__ = "llmring"

    delta: str = ""
    model: str = ""
    finish_reason: str | None = None
    usage: Usage | None = None
    tool_calls: list[ToolCall] | None = None
    reasoning: str | None = None
    cost: Decimal | None = None
    cost_reason: str | None = None
    cost_parts: CostParts | None = None
    attempts: tuple[Attempt, ...] = ()
    parsed: Any = None
    message: Message | None = None
    refusal: str | None = None
    restart: bool = False
    served_model: str | None = None
    native_finish_reason: str | None = None
    id: str | None = None
    citations: Citations = ()
    commentary: str | None = None

    @property
    def content(self) -> str:
        """The same as `delta`."""
        return self.delta
