"""What a call will use and cost, as far as that can be told before it is sent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from llmring.chat.cost import Cost
from llmring.chat.events import Usage
from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.token_count import estimated
from llmring.exceptions import ProviderError
from llmring.registry.catalog import ModelFacts
from llmring.registry.price import Unpriced, cost_of
from llmring.routing.failure_policy import may_have_run

# The length of an answer that nobody has limited; most are shorter.
USUAL_ANSWER_TOKENS = 1000


class Load(Struct, frozen=True):
    """The tokens that a request will take.

    Attributes:
        prompt: Those of the prompt, by its length; documents and recordings are not in it.
        answer: Those of the longest answer that the request allows; else of a usual one, with
            the reasoning that is asked for.
    """

    prompt: int
    answer: int

    @property
    def tokens(self) -> int:
        """Prompt and answer together."""
        return self.prompt + self.answer

    def cost(self, facts: ModelFacts | None, day: date | None) -> Cost | Unpriced:
        """What it costs with this model on this day, without a discount for caches."""
        most = facts.max_output if facts is not None else None
        answer = self.answer if most is None else min(self.answer, most)
        usage = Usage(prompt_tokens=self.prompt, completion_tokens=answer)
        return cost_of(usage, facts, day)


def load_of(request: ParsedRequest) -> Load:
    """The tokens that this request will take."""
    prompt = estimated(request, request.model or "", "").tokens
    if request.max_tokens is not None:
        return Load(prompt, request.max_tokens)
    reasoning = request.reasoning
    thought = reasoning.as_tokens if reasoning is not None and not reasoning.is_off else 0
    return Load(prompt, USUAL_ANSWER_TOKENS + thought)


def may_have_cost(error: ProviderError) -> bool:
    """Whether the provider may charge for a request that ended in this failure."""
    return (error.status is None or error.status < 300) and may_have_run(error)


def usd(amount: float) -> Decimal:
    """An amount of a lockfile, as it is written there."""
    return Decimal(str(amount))
