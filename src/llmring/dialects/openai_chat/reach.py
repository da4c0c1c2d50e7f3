"""What Chat Completions serves of OpenAI's own models, and what only the Responses API does.

https://developers.openai.com/api/docs/guides/migrate-to-responses
"""

from __future__ import annotations

import re

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import DocumentPart, Part, UploadedPart
from llmring.chat.tools import ProviderTool
from llmring.dialects.document_text import text_of

# Here GPT-5.4 and newer models refuse tools unless reasoning is off, and most of them reason by
# default. https://github.com/openai/openai-openapi/issues/541
# https://developers.openai.com/api/docs/guides/reasoning
_NO_TOOLS = re.compile(
    r"(?:.*[/:])?gpt-(?:5\.(?:[4-9]|[1-9][0-9])|[6-9]|[1-9][0-9])(?![0-9])(?!.*-chat)"
)

# Parameters of the Responses API that have no equivalent here.
# https://platform.openai.com/docs/api-reference/responses/create
_ELSEWHERE = frozenset(
    {
        "background",
        "context_management",
        "conversation",
        "include",
        "instructions",
        "max_tool_calls",
        "previous_response_id",
        "prompt",
        "reasoning",
        "text",
        "truncation",
    }
)

_OWN_TOOLS = frozenset({"custom", "function"})


def refuses_tools(model: str) -> bool:
    """Return True if a model takes no tools here while it reasons, by the name of its family.

    Args:
        model: The model's name, for models of which the catalog does not tell.
    """
    return _NO_TOOLS.match(model) is not None


def expresses(request: ParsedRequest) -> bool:
    """Return True if the API has an equivalent for every part of the request."""
    if not _ELSEWHERE.isdisjoint(request.extra_params):
        return False
    if any(
        not _is_own(tool.definition) for tool in request.tools if isinstance(tool, ProviderTool)
    ):
        return False
    turns = (turn for turn in request.turns if not isinstance(turn.content, str))
    return all(_takes(part) for turn in turns for part in turn.parts)


def _is_own(definition: object) -> bool:
    # Servers of their own kind may have tools without a type.
    kind = definition.get("type", "function") if isinstance(definition, dict) else "function"
    return kind in _OWN_TOOLS


def _takes(part: Part) -> bool:
    # https://developers.openai.com/api/docs/guides/file-inputs
    match part:
        case DocumentPart():
            is_pdf = part.media_type == "application/pdf" and part.data is not None
            return is_pdf or text_of(part) is not None
        case UploadedPart():
            return part.media_type == "application/pdf"
    return True
