"""The tools that servers with Chat Completions run themselves.

OpenAI's own have none; other servers have forms of their own:

- Z.ai: https://docs.z.ai/guides/tools/web-search
- Moonshot: https://platform.moonshot.ai/docs/guide/use-web-search
- OpenRouter: https://openrouter.ai/docs/guides/features/server-tools
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmring.dialects.foreign.server_tools import ServerTools


def owns(definition: Mapping[str, Any]) -> bool:
    """Return True if a tool has a form of this API."""
    kind = definition.get("type")
    if not isinstance(kind, str):
        return False
    return kind in definition or kind == "builtin_function" or kind.startswith("openrouter:")


SERVER_TOOLS = ServerTools(owns=owns, takes_from=frozenset({"openai_responses"}))
