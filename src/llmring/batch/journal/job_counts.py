"""The counts of a job: rows, tokens and cost, of all its runs."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from llmring.batch.outcome import RowOutcome
from llmring.chat.cost import EXACT

UNKNOWN = "unknown"


class JobCounts:
    """The counts of a job.

    Attributes:
        ok: Rows with an answer.
        failed: Rows that have failed.
        spent: USD, as far as it is known; of rows that were tried in several runs, of all of them.
        unknown_costs: Requests whose cost is unknown.
        tokens_in: Tokens of prompts.
        tokens_out: Tokens of answers.
        tokens_cached: Tokens of prompts that were read from a vendor's cache.
        models: Rows with an answer, by the model that gave it.
        error_classes: Rows that have failed, by the class of the error.
    """

    def __init__(self) -> None:
        self.ok = self.failed = self.unknown_costs = 0
        self.tokens_in = self.tokens_out = self.tokens_cached = 0
        self.spent = Decimal(0)
        self.models: Counter[str] = Counter()
        self.error_classes: Counter[str] = Counter()

    @property
    def done(self) -> int:
        """Rows that have an outcome."""
        return self.ok + self.failed

    def add(self, outcome: RowOutcome, before: str | None = None) -> None:
        """Count an outcome.

        Args:
            outcome: The outcome.
            before: The class of the failure of the same row that it replaces; what that has cost
                stays.
        """
        if before is not None:
            self.forget(before)
        if outcome.status == "ok":
            self.ok += 1
            if outcome.model is not None:
                self.models[outcome.model] += 1
        else:
            self.failed += 1
            self.error_classes[outcome.error_class or UNKNOWN] += 1
        self.add_cost(outcome)

    def forget(self, error_class: str) -> None:
        """Count a row that has failed as one that is still to do; what it has cost stays."""
        self.failed -= 1
        self.error_classes -= Counter({error_class: 1})

    def add_cost(self, outcome: RowOutcome) -> None:
        """Count the tokens and the cost of an outcome."""
        if outcome.cost is not None:
            self.spent = EXACT.add(self.spent, outcome.cost)
        elif outcome.cost_reason is not None:
            self.unknown_costs += 1
        self.tokens_in += outcome.tokens_in or 0
        self.tokens_out += outcome.tokens_out or 0
        self.tokens_cached += outcome.tokens_cached
