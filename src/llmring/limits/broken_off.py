"""The cost of an answer that was not waited for, by what came of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from llmring.chat.events import Usage
from llmring.registry.price import Unpriced, cost_of
from llmring.routing.estimate import TokenEstimate
from llmring.routing.observers import ObservedAttempt

# Of a text that is not counted; a token has seldom fewer.
_CHARACTERS_PER_TOKEN = 3


def cost_so_far(
    attempt: ObservedAttempt, estimate: TokenEstimate, shown: str, day: date
) -> Decimal | None:
    """Return what a broken-off answer has cost at least; None if its estimate must stand.

    Providers charge for what they have written, but report it at the end.

    Args:
        attempt: The attempt.
        estimate: The tokens of the request.
        shown: The text that had been shown.
        day: The day of the call, for prices.
    """
    facts, reported = attempt.target.facts, attempt.usage
    expected = estimate.cost(facts, day)
    if isinstance(expected, Unpriced) or (reported is None and not shown):
        return None
    written = max(
        len(shown) // _CHARACTERS_PER_TOKEN, 0 if reported is None else reported.completion_tokens
    )
    usage = reported or Usage(prompt_tokens=estimate.prompt)
    came = cost_of(msgspec.structs.replace(usage, completion_tokens=written), facts, day)
    if isinstance(came, Unpriced):
        return None
    # What a model thinks, and further answers, may have been written without being shown.
    hides = estimate.answers > 1 or (facts is not None and "reasoning" in facts.capabilities)
    return max(came, expected) if hides else came
