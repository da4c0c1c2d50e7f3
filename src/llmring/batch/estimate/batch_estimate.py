"""The estimate of a batch: what its rows will take, and what that costs with each model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import Struct

from llmring.batch.estimate.answer_lengths import AnswerLengths
from llmring.batch.estimate.prompt_lengths import prompt_length
from llmring.batch.estimate.usd_estimate import ModelEstimate, UsdEstimator
from llmring.batch.row import RowProblem, RowRequest
from llmring.chat.parsed_request import parse_request
from llmring.routing.account import Account
from llmring.routing.targets import Target

_MINUTES_PER_HOUR = 60
# As in `chat.token_count`, for texts to embed.
_CHARACTERS_PER_TOKEN = 4
# Reasons of rows that can't be asked; the rest is counted alone.
_MOST_REASONS = 10


class BatchEstimate(Struct, frozen=True, kw_only=True):
    """The estimate of a batch.

    Attributes:
        rows: The rows that can be asked.
        bad_rows: The rows that can't.
        bad_reasons: Why, with the number of rows for each reason; the most frequent ones.
        is_sample: True if only a part of the rows was read, and the numbers are extrapolated.
        tokens_in: Tokens of all prompts.
        tokens_in_high: Tokens that they can have at most; see `PromptLength`.
        tokens_out_low: Tokens of all answers, if they are short.
        tokens_out: Tokens of all answers, if they have the expected length.
        basis: The source of that length, for readers.
        uncounted_files: Files whose tokens are not counted.
        models: The models, in order.
        hours: Hours that the limits of the lockfile make it last at least; None without limits.
    """

    rows: int
    bad_rows: int
    bad_reasons: tuple[tuple[str, int], ...]
    is_sample: bool
    tokens_in: int
    tokens_in_high: int
    tokens_out_low: int
    tokens_out: int
    basis: str
    uncounted_files: int
    models: tuple[ModelEstimate, ...]
    hours: float | None


class BatchEstimator:
    """Sums rows up to an estimate.

    Args:
        targets: The models of the alias, in order.
        lengths: The length of an answer.
        day: The day whose prices apply.
        account: The alias with its limits, if it has any.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        lengths: AnswerLengths,
        day: date,
        account: Account | None = None,
    ) -> None:
        self._lengths = lengths
        self._account = account
        self._models = [UsdEstimator(each, day) for each in targets]
        self._bad: Counter[str] = Counter()
        self._sums: Counter[str] = Counter()

    def add(self, row: RowRequest | RowProblem) -> None:
        """Count a row."""
        if isinstance(row, RowProblem):
            # Without the place, so that equal reasons are one.
            self._bad[row.reason.removeprefix(f"{row.row.place}: ")] += 1
            return
        if row.operation == "embeddings":
            size = max(1, sum(map(len, row.texts)) // _CHARACTERS_PER_TOKEN)
            most = max(size, sum(len(text.encode()) for text in row.texts))
            self._count(size, most, 0, 0, 0)
            return
        request = parse_request(row.request)
        self._sums["uncounted_files"] += len(request.files)
        length, limit = prompt_length(request), request.max_tokens
        low, expected = self._lengths.low, self._lengths.expected
        if limit is not None:
            low, expected = min(low, limit), min(expected, limit)
        self._count(length.expected, length.most, low, expected, limit)

    def _count(
        self, prompt: int, prompt_most: int, low: int, expected: int, limit: int | None
    ) -> None:
        self._sums.update(
            rows=1,
            tokens_in=prompt,
            tokens_in_high=prompt_most,
            tokens_out_low=low,
            tokens_out=expected,
        )
        for each in self._models:
            each.add_low(prompt, low)
            each.add_expected(prompt, expected)
            each.add_high(prompt_most, limit)

    def estimate(self, total: int | None = None) -> BatchEstimate:
        """Return the estimate.

        Args:
            total: The number of rows in the whole input, if only some were counted.
        """
        seen = self._sums["rows"] + self._bad.total()
        factor = Decimal(1) if total is None or not seen else Decimal(total) / seen
        names = ("rows", "tokens_in", "tokens_in_high", "tokens_out_low", "tokens_out")
        sums: dict[str, Any] = {name: round(self._sums[name] * factor) for name in names}
        return BatchEstimate(
            **sums,
            bad_rows=round(self._bad.total() * factor),
            bad_reasons=tuple(self._bad.most_common(_MOST_REASONS)),
            is_sample=factor != 1,
            basis=self._lengths.basis,
            uncounted_files=round(self._sums["uncounted_files"] * factor),
            models=tuple(each.estimate(factor) for each in self._models),
            hours=self._hours(sums["rows"], sums["tokens_in"] + sums["tokens_out"]),
        )

    def _hours(self, rows: int, tokens: int) -> float | None:
        """Return how long the limits of the alias make it last."""
        account = self._account
        if account is None:
            return None
        counts = ((rows, account.rpm), (tokens, account.tpm))
        minutes = [count / limit for count, limit in counts if limit is not None]
        return max(minutes) / _MINUTES_PER_HOUR if minutes else None
