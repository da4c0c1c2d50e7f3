"""The dialects of providers by name, each loaded when a provider is first called by it.

Together they are a third of llmring's code, and an application calls by one or two.
"""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import Literal, get_args

from llmring.dialects.dialect import Dialect
from llmring.dialects.foreign.server_tools import KnownTools

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
    """Return the tools that servers run themselves, by the names of all APIs."""
    dialects = map(dialect_named, get_args(DialectName))
    return MappingProxyType({each.name: each.server_tools for each in dialects})
