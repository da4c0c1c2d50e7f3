"""Public names for the values that calls take and return."""

from llmring.chat.events import Usage
from llmring.chat.parts import (
    AudioPart,
    DocumentPart,
    ImagePart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.chat.tools import NamedTool, ProviderTool, Tool, ToolCall

__all__ = [
    "Attempt",
    "AudioPart",
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
    "UploadedPart",
    "Usage",
]
