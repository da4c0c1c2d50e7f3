"""The totals of a batch: rows, tokens and cost, by model and by class of error."""

from decimal import Decimal

from msgspec import Struct, field

from llmring.batch.engine.row_result import CallCost
from llmring.batch.outcome import RowOutcome
from llmring.chat.cost import EXACT
from llmring.plain_data import PlainData


class ModelTotals(PlainData, Struct):
    """The totals of one model.

    Attributes:
        rows: Rows that it has answered.
        tokens_in: Tokens of their prompts, as far as known.
        tokens_out: Tokens of their answers, as far as known.
        tokens_cached: Tokens of their prompts that were read from the provider's cache.
        cost: USD for these rows, as far as known.
    """

    __module__ = "llmring"

    rows: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    cost: Decimal = Decimal(0)


class Totals(Struct):
    """The totals of a run.

    Attributes:
        ok: Rows with an answer.
        failed: Rows that have failed.
        earlier: Rows that were done in earlier runs.
        cost: USD for all calls, as far as known.
        unknown_costs: Calls whose cost is unknown.
        tokens_in: Tokens of the prompts, as far as known.
        tokens_out: Tokens of the answers, as far as known.
        tokens_cached: Tokens of the prompts that were read from a cache.
        models: The totals by model.
        errors: The numbers of failed rows by class of error.
    """

    ok: int = 0
    failed: int = 0
    earlier: int = 0
    cost: Decimal = Decimal(0)
    unknown_costs: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    models: dict[str, ModelTotals] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """The rows done, in this run and earlier ones."""
        return self.ok + self.failed + self.earlier

    def add_cost(self, cost: CallCost) -> None:
        """Count the cost of a call."""
        if cost.usd is not None:
            self.cost = EXACT.add(self.cost, cost.usd)
        elif cost.is_unknown:
            self.unknown_costs += 1

    def add(self, outcome: RowOutcome) -> None:
        """Count a row that is done, without its cost."""
        if outcome.status == "ok":
            self.ok += 1
        else:
            self.failed += 1
            name = outcome.error_class or "Exception"
            self.errors[name] = self.errors.get(name, 0) + 1
        if outcome.same_as is not None:
            return
        self.tokens_in += outcome.tokens_in or 0
        self.tokens_out += outcome.tokens_out or 0
        self.tokens_cached += outcome.tokens_cached
        if outcome.model is None:
            return
        model = self.models.get(outcome.model)
        if model is None:
            model = self.models[outcome.model] = ModelTotals()
        model.rows += 1
        model.tokens_in += outcome.tokens_in or 0
        model.tokens_out += outcome.tokens_out or 0
        model.tokens_cached += outcome.tokens_cached
        if outcome.cost is not None:
            model.cost = EXACT.add(model.cost, outcome.cost)
