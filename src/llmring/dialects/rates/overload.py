"""Failures of a model that has too much to do, apart from those with status 429.

- Anthropic: https://platform.claude.com/docs/en/api/errors
- Google: https://ai.google.dev/gemini-api/docs/troubleshooting
- OpenAI: https://platform.openai.com/docs/guides/error-codes/api-errors
- Fireworks: https://docs.fireworks.ai/serverless/rate-limits
- Groq: https://console.groq.com/docs/errors
- Mistral: https://docs.mistral.ai/api/
- Moonshot: https://platform.moonshot.ai/docs/api/chat
- Together: https://docs.together.ai/docs/error-codes
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Anthropic's, and Groq's "capacity exceeded".
_STATUSES = frozenset({498, 529})

_CODES = frozenset(
    {
        "capacity_exceeded",  # Groq
        "engine_overloaded",
        "engine_overloaded_error",  # Moonshot
        "overloaded_error",  # Anthropic
        "server_is_overloaded",  # OpenAI
        "service_tier_capacity_exceeded",  # Mistral
        "slow_down",  # OpenAI
    }
)

# Of a 503, which a server that is down has as well.
_UNAVAILABLE = 503
_WORDS = re.compile(
    r"\boverloaded\b|\b(at|over) capacity\b|\bcapacity exceeded\b|\bslow down\b", re.IGNORECASE
)


def is_overload(status: int | None, codes: Iterable[str | None], message: str | None) -> bool:
    """Return True if a model has failed because it has too much to do.

    Args:
        status: The HTTP status; None if an answer had begun.
        codes: The vendor's codes and types of the error.
        message: The vendor's message, if there is one.
    """
    if status in _STATUSES or any(code is not None and code.lower() in _CODES for code in codes):
        return True
    return status == _UNAVAILABLE and message is not None and bool(_WORDS.search(message))
