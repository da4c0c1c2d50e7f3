"""Models and files that Chat Completions does not serve, but the Responses API does.

https://developers.openai.com/api/docs/guides/migrate-to-responses
"""

from __future__ import annotations

import re

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.parts import DocumentPart, Part, UploadedPart
from llmring.dialects.document_text import text_of

# Here GPT-5.4 and newer models refuse tools unless reasoning is off, and most of them reason by
# default. https://github.com/openai/openai-openapi/issues/541
# https://developers.openai.com/api/docs/guides/reasoning
_NO_TOOLS = re.compile(
    r"(?:.*[/:])?gpt-(?:5\.(?:[4-9]|[1-9][0-9])|[6-9]|[1-9][0-9])(?=[-.:@]|$)(?!.*-chat)"
)


def refuses_tools(model: str) -> bool:
    """Return True if a model takes no tools here while it reasons, by the name of its family.

    Args:
        model: The model's name, for models that the catalog lacks.
    """
    return _NO_TOOLS.match(model) is not None


def expresses(request: ParsedRequest) -> bool:
    """Return True if the API takes every file of the request."""
    turns = (turn for turn in request.turns if not isinstance(turn.content, str))
    return all(_takes(part) for turn in turns for part in turn.parts)


def _takes(part: Part) -> bool:
    # https://developers.openai.com/api/docs/guides/file-inputs
    match part:
        case DocumentPart():
            is_pdf = part.media_type == "application/pdf" and part.data is not None
            return is_pdf or text_of(part) is not None
        case UploadedPart():
            return part.media_type == "application/pdf"
    return True
