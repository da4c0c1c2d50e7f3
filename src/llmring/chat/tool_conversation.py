"""What comes of a conversation in which a model called Python functions."""

from __future__ import annotations

from msgspec import Struct

from llmring.chat.request import Message
from llmring.chat.response import LLMResponse
from llmring.chat.tools import ToolCall


class ToolRun(Struct, frozen=True):
    """One call of a function that the model asked for.

    Attributes:
        call: What the model asked for.
        message: What it was told.
        error: Why there was no result: the function's own exception, or a ValidationError for a
            call that could not be made.
    """

    call: ToolCall
    message: Message
    error: Exception | None = None


class ToolsResponse(LLMResponse, kw_only=True):
    """The last answer of a conversation with tools; usage, cost and attempts are of all turns.

    Attributes:
        messages: The conversation, this answer included, to go on with.
        turns: The model's answers, in order, each with its own usage, cost and attempts.
        runs: The calls of functions, in the order in which the model asked for them.
    """

    messages: list[Message]
    turns: tuple[LLMResponse, ...]
    runs: tuple[ToolRun, ...]

    @property
    def message(self) -> Message:
        """The last answer as it stands in `messages`."""
        return self.turns[-1].message
