"""The signatures of tool calls in Google's APIs.

https://ai.google.dev/gemini-api/docs/thought-signatures
https://ai.google.dev/gemini-api/docs/thought-signatures#openai
"""

from collections.abc import Mapping
from typing import Any

# The signature for calls made by another vendor's model; newer models refuse a call without
# one. In base64, as all signatures are: "skip_thought_signature_validator".
UNSIGNED = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="


def thought_signature(extra: Mapping[str, Any]) -> str | None:
    """Return the signature in the `extra_content` of a tool call, if it has one.

    Google's OpenAI-compatible API has it there.
    """
    match extra:
        case {"google": {"thought_signature": str(signature)}}:
            return signature or None
    return None
