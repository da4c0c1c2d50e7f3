"""Public names for the values that calls take and return; `llmring` has them too."""

from llmring.chat.caching import Caching
from llmring.chat.citation import Citation
from llmring.chat.cost import Cost, CostParts
from llmring.chat.embedding import EmbeddingResponse
from llmring.chat.events import Usage
from llmring.chat.output_format import OutputFormat, SchemaProblem
from llmring.chat.parts import (
    AudioPart,
    CommentaryPart,
    DocumentPart,
    ImagePart,
    ProviderPart,
    ReasoningPart,
    TextPart,
    UploadedPart,
)
from llmring.chat.reasoning import Reasoning
from llmring.chat.request import LLMRequest, Message
from llmring.chat.response import Attempt, LLMResponse, StreamChunk
from llmring.chat.token_count import TokenCount
from llmring.chat.tool_conversation import ToolRun, ToolsResponse
from llmring.chat.tools import FunctionCall, NamedTool, ProviderTool, Tool, ToolCall

__all__ = [
    "Attempt",
    "AudioPart",
    "Caching",
    "Citation",
    "CommentaryPart",
    "Cost",
    "CostParts",
    "DocumentPart",
    "EmbeddingResponse",
    "FunctionCall",
    "ImagePart",
    "LLMRequest",
    "LLMResponse",
    "Message",
    "NamedTool",
    "OutputFormat",
    "ProviderPart",
    "ProviderTool",
    "Reasoning",
    "ReasoningPart",
    "SchemaProblem",
    "StreamChunk",
    "TextPart",
    "TokenCount",
    "Tool",
    "ToolCall",
    "ToolRun",
    "ToolsResponse",
    "UploadedPart",
    "Usage",
]
