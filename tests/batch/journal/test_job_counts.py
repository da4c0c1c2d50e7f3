from decimal import Decimal

from batch_outcomes import bad, ok
from llmring.batch.journal.job_counts import JobCounts


def test_b12_rows_tokens_and_cost_are_counted() -> None:
    counts = JobCounts()
    counts.add(ok(0, model="openai:a", tokens_in=10, tokens_out=5, tokens_cached=4))
    counts.add(ok(1, model="openai:b", tokens_in=10, tokens_out=5))
    counts.add(bad(2))
    counts.add(ok(3, model="openai:a", cost=None, cost_reason="the model is not in the catalog"))

    assert (counts.ok, counts.failed, counts.done) == (3, 1, 4)
    assert (counts.tokens_in, counts.tokens_out, counts.tokens_cached) == (20, 10, 4)
    assert counts.spent == Decimal("0.002")
    assert counts.unknown_costs == 1
    assert counts.models == {"openai:a": 2, "openai:b": 1}
    assert counts.error_classes == {"ProviderError": 1}


def test_b32_a_row_that_succeeds_in_the_end_has_not_failed_but_has_cost() -> None:
    counts = JobCounts()
    failure = bad(0, cost=Decimal("0.5"))
    counts.add(failure)

    counts.add(ok(0), "ProviderError")

    assert (counts.ok, counts.failed) == (1, 0)
    assert counts.spent == Decimal("0.501")
    assert counts.error_classes == {}
