"""A vendor on loopback that answers each prompt by name, and counts how often it was asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Self

import answers
from loopback import Answer, Loopback, Pause, Request


def prompt_of(request: Request) -> str:
    text: Any = request.json["messages"][-1]["content"]
    return str(text)


class CountingVendor(Loopback):
    """A vendor that answers "answer to PROMPT", after a pause if one is given."""

    def __init__(
        self, pause: float = 0.0, instead: Callable[[str], Answer | None] = lambda _: None
    ) -> None:
        self._pause = pause
        self._instead = instead
        super().__init__(Answer())

    def __enter__(self) -> Self:
        return self

    @property
    def asked(self) -> Counter[str]:
        """The prompts, with the number of requests for each."""
        return Counter(prompt_of(each) for each in [*self.requests])

    def _answer(self, request: Request) -> Answer:
        prompt = prompt_of(request)
        answer = self._instead(prompt) or answers.openai(f"answer to {prompt}")
        steps = (Pause(self._pause), *answer.steps) if self._pause else answer.steps
        return Answer(steps, answer.status, answer.headers, answer.framing)
