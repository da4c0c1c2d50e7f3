"""The texts that the upstream answers, which clients are checked against."""

from __future__ import annotations

ANSWER = " ".join(f"word{n:03}" for n in range(80))
EVENTS = 1000


def pieces(count: int) -> list[str]:
    """Return the texts of so many events, all different: LiteLLM stops at a hundred equal ones."""
    return [f" word{n % 1000:03}" for n in range(count)]
