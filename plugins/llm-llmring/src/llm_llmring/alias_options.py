"""The options of the models: `llm -m fast -o temperature 0.2`."""

from __future__ import annotations

from typing import Literal

import llm
from pydantic import Field


class AliasOptions(llm.Model.Options):
    """Options of a call; models that don't take one get the request without it."""

    temperature: float | None = Field(
        default=None, ge=0, description="Sampling temperature: higher is more random."
    )
    max_tokens: int | None = Field(
        default=None, ge=1, description="Maximum length of the answer, in tokens."
    )
    top_p: float | None = Field(default=None, ge=0, le=1, description="Nucleus sampling.")
    stop: str | None = Field(default=None, description="A text at which the answer ends.")
    seed: int | None = Field(default=None, description="Seed for repeatable sampling.")
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = (
        Field(default=None, description="Amount of reasoning before the answer.")
    )
    reasoning_tokens: int | None = Field(
        default=None, ge=0, description="Maximum number of tokens for reasoning; 0 turns it off."
    )
    json_object: bool | None = Field(
        default=None, description="Answer with a JSON object; the prompt must ask for it."
    )
    cache: bool | None = Field(
        default=None, description="Use the providers' prompt caches for the conversation."
    )
    timeout: float | None = Field(
        default=None, gt=0, description="Seconds for the whole call, including fallbacks."
    )
    profile: str | None = Field(
        default=None, description="Profile of the lockfile; default: LLMRING_PROFILE, then its own."
    )
