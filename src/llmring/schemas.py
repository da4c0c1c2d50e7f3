"""The values that a call takes and gives; the public face of `llmring.chat`."""

from llmring.chat.events import Usage
from llmring.chat.request import (
    DocumentPart,
    ImagePart,
    LLMRequest,
    Message,
    NamedTool,
    ProviderTool,
    ReasoningPart,
    TextPart,
    Tool,
    ToolCall,
)
from llmring.chat.response import Attempt, LLMResponse, StreamChunk

__all__ = [
    "Attempt",
    "DocumentPart",
    "ImagePart",
    "LLMRequest",
    "LLMResponse",
    "Message",
    "NamedTool",
    "ProviderTool",
    "ReasoningPart",
    "StreamChunk",
    "TextPart",
    "Tool",
    "ToolCall",
    "Usage",
]
