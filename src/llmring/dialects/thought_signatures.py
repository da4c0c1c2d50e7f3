"""The signatures of tool calls in Google's OpenAI-compatible API.

https://ai.google.dev/gemini-api/docs/thought-signatures#openai
"""

from collections.abc import Mapping
from typing import Any


def thought_signature(extra: Mapping[str, Any]) -> str | None:
    """Return the signature in the `extra_content` of a tool call, if it has one."""
    match extra:
        case {"google": {"thought_signature": str(signature)}}:
            return signature or None
    return None
