"""The result of a conversation in which a model called Python functions."""

from msgspec import Struct

from llmring.chat.request import Message
from llmring.chat.response import LLMResponse
from llmring.chat.tools import ToolCall
from llmring.plain_data import PlainData


class ToolStart(PlainData, Struct, frozen=True):
    """A function call that is about to be made; its `ToolRun` follows.

    Attributes:
        call: The call as the model requested it.
    """

    __module__ = "llmring"

    call: ToolCall


class ToolRun(PlainData, Struct, frozen=True):
    """One function call that the model requested.

    Attributes:
        call: The call as the model requested it.
        message: The message with the result that the model received.
        error: Why the call failed: the function's own exception, or a ValidationError for an
            invalid call.
    """

    __module__ = "llmring"

    call: ToolCall
    message: Message
    error: Exception | None = None


class ToolsResponse(LLMResponse, kw_only=True):
    """The last answer of a conversation with tools; usage, cost and attempts cover all turns.

    Attributes:
        messages: The conversation including this answer; pass it on to continue.
        turns: The model's answers in order, each with its own usage, cost and attempts.
        runs: The function calls, in the order in which the model requested them.
    """

    __module__ = "llmring"

    messages: list[Message]
    turns: tuple[LLMResponse, ...]
    runs: tuple[ToolRun, ...]

    @property
    def message(self) -> Message:
        """The last answer as it appears in `messages`."""
        return self.turns[-1].message
