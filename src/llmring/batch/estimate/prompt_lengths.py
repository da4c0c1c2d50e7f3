"""The tokens of a prompt: an estimate, and the most that it can have."""

from __future__ import annotations

from msgspec import Struct

from llmring.chat.json_text import json_bytes
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import TextPart
from llmring.chat.tools import ProviderTool, Tool
from llmring.routing.estimate import estimate_tokens

# A token is at least one byte of text. Roles, tools and images have tokens without text; the
# templates of open models add some dozens, vendors some hundreds for having tools at all, and an
# image has at most a few thousand.
_MOST_PER_PROMPT = 100
_MOST_PER_MESSAGE = 8
_MOST_PER_TOOLSET = 500
_MOST_PER_PART = 6000


class PromptLength(Struct, frozen=True):
    """The tokens of a prompt.

    Attributes:
        expected: Tokens, estimated from its length.
        most: Tokens that it can have at most, apart from documents, audio and what the vendor adds.
    """

    expected: int
    most: int


def prompt_length(request: ParsedRequest) -> PromptLength:
    """Estimate the tokens of a request's prompt."""
    expected = estimate_tokens(request).prompt
    most = _MOST_PER_PROMPT
    for turn in request.turns:
        most += _MOST_PER_MESSAGE
        for part in turn.parts:
            most += len(part.text.encode()) if isinstance(part, TextPart) else _MOST_PER_PART
        for call in turn.calls:
            most += len(json_bytes(call))
    if request.tools:
        most += _MOST_PER_TOOLSET + sum(len(_definition(tool)) for tool in request.tools)
    if request.output is not None and request.output.schema is not None:
        most += _MOST_PER_TOOLSET + len(json_bytes(request.output.schema))
    return PromptLength(expected, max(expected, most))


def _definition(tool: Tool | ProviderTool) -> bytes:
    if isinstance(tool, ProviderTool):
        return json_bytes(tool.definition)
    return json_bytes([tool.name, tool.description, tool.parameters, tool.extra])
