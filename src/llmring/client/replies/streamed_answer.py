"""Streamed answers as a whole."""

from __future__ import annotations

from llmring.chat.parts import CommentaryPart, ReasoningPart
from llmring.chat.response import LLMResponse, StreamChunk
from llmring.exceptions import ProviderResponseError


def streamed_answer(last: StreamChunk | None) -> LLMResponse:
    """Return the answer whose stream ended with this chunk.

    Raises:
        ProviderResponseError: It is not the last chunk of an answer.
    """
    if last is None or last.message is None:
        raise ProviderResponseError("the stream ended before the answer was complete")
    content, parts = last.message.content, last.message.parts
    thoughts = [part.text for part in parts if isinstance(part, ReasoningPart)]
    comments = [part.text for part in parts if isinstance(part, CommentaryPart)]
    return LLMResponse(
        content=last.message.text,
        model=last.model,
        usage=last.usage,
        finish_reason=last.finish_reason,
        tool_calls=last.tool_calls,
        parsed=last.parsed,
        reasoning="".join(thoughts) or None,
        refusal=last.refusal,
        cost=last.cost,
        cost_reason=last.cost_reason,
        attempts=last.attempts,
        served_model=last.served_model,
        native_finish_reason=last.native_finish_reason,
        id=last.id,
        parts=None if content is None or isinstance(content, str) else tuple(parts),
        citations=last.citations,
        commentary="\n\n".join(comments) or None,
    )
