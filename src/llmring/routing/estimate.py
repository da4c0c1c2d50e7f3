"""Estimates of a call's tokens and cost, made before it is sent."""

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

# The assumed length of an answer without a limit; most are shorter.
USUAL_ANSWER_TOKENS = 1000
# The longest answer of a model whose own limit is not known.
_LONGEST_ANSWER_TOKENS = 65_536
# No text has more tokens than bytes, and the estimate takes about four bytes for one.
_MOST_PROMPT_SHARE = 4


class TokenEstimate(Struct, frozen=True):
    """The tokens that a request will take.

    Attributes:
        prompt: Tokens of the prompt, estimated from its length, without documents and audio.
        answer: Tokens of the longest answer that the request allows; without a limit, of a usual
            answer and the reasoning that is asked for.
        answers: The number of answers that the model writes.
        is_limited: True if the request limits the length of its answer.
    """

    prompt: int
    answer: int
    answers: int = 1
    is_limited: bool = False

    @property
    def tokens(self) -> int:
        """Prompt and answers together."""
        return self.prompt + self.answer * self.answers

    def cost(self, facts: ModelFacts | None, day: date | None) -> Cost | Unpriced:
        """Return the cost with this model on this day, without a discount for caches."""
        most = facts.max_output if facts is not None else None
        answer = self.answer if most is None else min(self.answer, most)
        usage = Usage(prompt_tokens=self.prompt, completion_tokens=answer * self.answers)
        return cost_of(usage, facts, day)

    def most_cost(self, facts: ModelFacts | None, day: date | None) -> Cost | Unpriced:
        """Return what the request may cost at most, apart from documents and audio."""
        answer = self.answer
        if not self.is_limited:
            answer = _LONGEST_ANSWER_TOKENS
            if facts is not None and facts.max_output is not None:
                answer = facts.max_output
        most = TokenEstimate(self.prompt * _MOST_PROMPT_SHARE, answer, self.answers)
        return most.cost(facts, day)


def estimate_tokens(request: ParsedRequest) -> TokenEstimate:
    """Estimate the tokens that this request will take."""
    prompt = estimated(request, request.model or "", "").tokens
    if request.max_tokens is not None:
        return TokenEstimate(prompt, request.max_tokens, request.written, is_limited=True)
    reasoning = request.reasoning
    thought = reasoning.as_tokens if reasoning is not None and not reasoning.is_off else 0
    return TokenEstimate(prompt, USUAL_ANSWER_TOKENS + thought, request.written)


def may_have_cost(error: ProviderError) -> bool:
    """Return True if the provider may charge for a request that failed like this."""
    return (error.status is None or error.status < 300) and may_have_run(error)


def usd(amount: float) -> Decimal:
    """Convert an amount of a lockfile to a decimal, exactly as it is written there."""
    return Decimal(str(amount))
