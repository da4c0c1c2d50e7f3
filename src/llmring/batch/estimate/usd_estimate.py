"""The cost of a batch with one model: sums of tokens, at the prices of short and long prompts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from llmring.chat.cost import EXACT, Cost
from llmring.chat.events import Usage
from llmring.registry.batch_rates import batch_rate
from llmring.registry.price import Unpriced, together
from llmring.registry.usage_cost import volume
from llmring.routing.targets import Target

_NO_LIMIT = "the answers have no limit; set max_tokens"


class UsdRange(Struct, frozen=True):
    """USD for all rows; None for an amount that is unknown.

    Attributes:
        low: With short answers.
        expected: With answers of the expected length.
        high: With the longest answers and prompts that are possible.
        reason: Why an amount is unknown.
    """

    low: Decimal | None = None
    expected: Decimal | None = None
    high: Decimal | None = None
    reason: str | None = None


class ModelEstimate(Struct, frozen=True, kw_only=True):
    """The cost of all rows with one model.

    Attributes:
        model: The reference, "provider:model".
        tokens_high: Tokens of all answers, if each were as long as the model allows; None if it
            may be of any length.
        usd: The cost of calls.
        usd_batch: USD of answers of the expected length through the vendor's batch API; None if
            that is unknown, or the vendor has none.
    """

    model: str
    tokens_high: int | None
    usd: UsdRange
    usd_batch: Decimal | None = None


class _Tokens:
    """Tokens of prompts and answers, apart for prompts at the prices of long ones."""

    def __init__(self) -> None:
        self._sums = {False: [0, 0], True: [0, 0]}

    def add(self, prompt: int, answer: int, *, long: bool) -> None:
        """Add a row."""
        sums = self._sums[long]
        sums[0] += prompt
        sums[1] += answer

    def cost(self, target: Target, day: date, above: int | None) -> Cost | Unpriced:
        """Return the cost of all rows."""
        nothing = Decimal(0)
        total = Cost(nothing, nothing, nothing, nothing)
        for long, (prompt, answer) in self._sums.items():
            usage = Usage(prompt_tokens=prompt, completion_tokens=answer)
            cost = volume(usage, target.facts, day, above + 1 if long and above else 0)
            if isinstance(cost, Unpriced):
                return cost
            total = together(total, cost)
        return total


class UsdEstimator:
    """Sums the tokens of rows up to their cost with one model.

    Args:
        target: The model.
        day: The day whose prices apply.
    """

    def __init__(self, target: Target, day: date) -> None:
        self._target = target
        self._day = day
        facts = target.facts
        prices = None if facts is None else facts.prices_on(day)
        long = None if prices is None else prices.long_context
        self._above = None if long is None else long.above
        self._most = None if facts is None else facts.max_output
        self._low, self._expected, self._high = _Tokens(), _Tokens(), _Tokens()
        self._high_answers = 0
        self._is_bounded = True

    def add_low(self, prompt: int, answer: int) -> None:
        """Add a row with a short answer."""
        self._low.add(prompt, self._within(answer), long=self._is_long(prompt))

    def add_expected(self, prompt: int, answer: int) -> None:
        """Add a row with an answer of the expected length."""
        self._expected.add(prompt, self._within(answer), long=self._is_long(prompt))

    def add_high(self, prompt: int, limit: int | None) -> None:
        """Add a row with the longest answer that it may have; None for no limit."""
        if limit is None and self._most is None:
            self._is_bounded = False
            return
        answer = self._within(limit) if limit is not None else self._most or 0
        self._high_answers += answer
        self._high.add(prompt, answer, long=self._is_long(prompt))

    def estimate(self, factor: Decimal) -> ModelEstimate:
        """Return the cost of all rows.

        Args:
            factor: The rows of the whole input, as a multiple of those that were added.
        """
        low, expected, high = (
            each.cost(self._target, self._day, self._above)
            for each in (self._low, self._expected, self._high)
        )
        name = str(self._target.ref)
        if isinstance(low, Unpriced) or isinstance(expected, Unpriced):
            reason = low.reason if isinstance(low, Unpriced) else None
            return ModelEstimate(model=name, tokens_high=None, usd=UsdRange(reason=reason))
        ref = self._target.ref
        rate = None
        if self._target.endpoint.provider.batches is not None:
            rate = batch_rate(ref.provider, ref.model)
        bounded = self._is_bounded and not isinstance(high, Unpriced)
        return ModelEstimate(
            model=name,
            tokens_high=round(self._high_answers * factor) if bounded else None,
            usd=UsdRange(
                EXACT.multiply(low, factor),
                EXACT.multiply(expected, factor),
                None if not bounded or isinstance(high, Unpriced) else EXACT.multiply(high, factor),
                None if bounded else _NO_LIMIT,
            ),
            usd_batch=None if rate is None else EXACT.multiply(rate.applied(expected), factor),
        )

    def _within(self, answer: int) -> int:
        return answer if self._most is None else min(answer, self._most)

    def _is_long(self, prompt: int) -> bool:
        return self._above is not None and prompt > self._above
