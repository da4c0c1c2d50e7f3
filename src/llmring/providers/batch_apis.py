"""The batch APIs of vendors by name, each loaded when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from llmring.dialects.batches.batch_api import BatchApi

BatchApiName = Literal["anthropic", "gemini", "groq", "mistral", "openai", "together"]


def batch_api_named(name: BatchApiName) -> BatchApi:
    """Return a batch API."""
    match name:
        case "anthropic":
            from llmring.dialects.batches.anthropic_batches import ANTHROPIC

            return ANTHROPIC
        case "gemini":
            from llmring.dialects.batches.gemini_batches import GEMINI

            return GEMINI
        case _:
            from llmring.dialects.batches import openai_batches as shape

            return {
                "openai": shape.OPENAI,
                "groq": shape.GROQ,
                "together": shape.TOGETHER,
                "mistral": shape.MISTRAL,
            }[name]
