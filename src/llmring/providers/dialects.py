"""The dialects of providers by name, each loaded when a provider is first called by it.

Together they are a third of llmring's code, and an application calls by one or two.
"""

from __future__ import annotations

import functools
from typing import Literal

from llmring.dialects.dialect import Dialect
from llmring.dialects.foreign.server_tools import NO_SERVER_TOOLS, KnownTools

DialectName = Literal["anthropic", "gemini", "ollama", "openai_chat", "openai_responses"]


@functools.cache
def dialect_named(name: DialectName) -> Dialect:
    """Return a dialect, loaded once."""
    match name:
        case "anthropic":
            from llmring.dialects.anthropic import dialect as anthropic

            return anthropic.DIALECT
        case "gemini":
            from llmring.dialects.gemini import dialect as gemini

            return gemini.DIALECT
        case "ollama":
            from llmring.dialects.ollama import dialect as ollama

            return ollama.DIALECT
        case "openai_chat":
            from llmring.dialects.openai_chat import dialect as openai_chat

            return openai_chat.DIALECT
        case "openai_responses":
            from llmring.dialects.openai_responses import dialect as openai_responses

            return openai_responses.DIALECT


@functools.cache
def known_tools() -> KnownTools:
    """Return the tools that servers run themselves, by the names of all dialects."""
    from llmring.dialects.anthropic import server_tools as anthropic
    from llmring.dialects.gemini import server_tools as gemini
    from llmring.dialects.openai_chat import server_tools as openai_chat
    from llmring.dialects.openai_responses import server_tools as openai_responses

    return {
        "anthropic": anthropic.SERVER_TOOLS,
        "gemini": gemini.SERVER_TOOLS,
        "ollama": NO_SERVER_TOOLS,
        "openai_chat": openai_chat.SERVER_TOOLS,
        "openai_responses": openai_responses.SERVER_TOOLS,
    }
