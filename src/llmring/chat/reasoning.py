"""How much a model may think: as tokens or as an effort, and from one to the other."""

from __future__ import annotations

from typing import Literal, get_args

from msgspec import Struct

from llmring.exceptions import ValidationError

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)

# Where a vendor takes only the other form. The steps are those with which vendors' own
# compatibility layers translate: https://ai.google.dev/gemini-api/docs/openai#thinking
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
    """How much a model may think, in the form that the caller gave.

    Attributes:
        tokens: The most tokens it may spend; 0 for none.
        effort: The vendor's own measure.
    """

    tokens: int | None = None
    effort: Effort | None = None

    @property
    def is_off(self) -> bool:
        """Whether there is to be none."""
        return self.tokens == 0 or self.effort == "none"

    @property
    def as_tokens(self) -> int:
        """The same in tokens."""
        if self.tokens is not None:
            return self.tokens
        return _TOKENS[self.effort or "medium"]

    @property
    def as_effort(self) -> Effort:
        """The same as an effort: the least that allows as many tokens, "high" at most."""
        if self.effort is not None:
            return self.effort
        if not self.tokens:
            return "none"
        return "low" if self.tokens <= 1024 else "medium" if self.tokens <= 8192 else "high"


def parse_reasoning(tokens: int | None, effort: str | None) -> Reasoning | None:
    """How much reasoning a request asks for; None where it leaves that to the model.

    Raises:
        ValidationError: Both are given, or the effort is none that is known.
    """
    if tokens is not None and effort is not None:
        raise ValidationError("give reasoning_tokens or reasoning_effort, not both")
    if effort is not None:
        known = next((each for each in EFFORTS if each == effort), None)
        if known is None:
            raise ValidationError(f"reasoning_effort {effort!r} is not one of {', '.join(EFFORTS)}")
        return Reasoning(effort=known)
    return None if tokens is None else Reasoning(tokens=max(0, tokens))
