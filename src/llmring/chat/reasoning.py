"""The amount of reasoning, in tokens or as an effort, and the conversion between the two."""

from typing import Literal, get_args

from msgspec import Struct

from llmring.exceptions import ValidationError

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)

# For vendors that accept only the other form. The steps are those of vendors' own compatibility
# layers: https://ai.google.dev/gemini-api/docs/openai#thinking
_TOKENS: dict[Effort, int] = {
    "none": 0,
    "minimal": 512,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 32768,
    "max": 65536,
}


class Reasoning(Struct, frozen=True):
    """The amount of reasoning that a request allows, in the form that the caller gave.

    Attributes:
        tokens: The maximum number of tokens; 0 turns reasoning off.
        effort: A named level; its meaning is up to the vendor.
    """

    __module__ = "llmring"

    tokens: int | None = None
    effort: Effort | None = None

    @property
    def is_off(self) -> bool:
        """True if reasoning is turned off."""
        return self.tokens == 0 or self.effort == "none"

    @property
    def as_tokens(self) -> int:
        """The amount in tokens."""
        if self.tokens is not None:
            return self.tokens
        return _TOKENS[self.effort or "medium"]

    @property
    def as_effort(self) -> Effort:
        """The amount as an effort: the lowest that allows as many tokens, but at most "high"."""
        if self.effort is not None:
            return self.effort
        if not self.tokens:
            return "none"
        return "low" if self.tokens <= 1024 else "medium" if self.tokens <= 8192 else "high"


def parse_reasoning(tokens: int | None, effort: str | None) -> Reasoning | None:
    """Parse the reasoning fields of a request; None if the choice is left to the model.

    Raises:
        ValidationError: Both fields are set, or the effort is unknown.
    """
    if tokens is not None and effort is not None:
        raise ValidationError("both reasoning_tokens and reasoning_effort are set; set only one")
    if effort is not None:
        known = next((each for each in EFFORTS if each == effort), None)
        if known is None:
            raise ValidationError(
                f"unknown reasoning_effort {effort!r}; use one of {', '.join(EFFORTS)}"
            )
        return Reasoning(effort=known)
    return None if tokens is None else Reasoning(tokens=max(0, tokens))
