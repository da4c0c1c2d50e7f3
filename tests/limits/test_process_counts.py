"""Counts in memory."""

from llmring.limits.counts import BudgetQuery, CountBatch, RateAsk, RateQuery, SlotQuery
from llmring.limits.process_counts import ProcessCounts


def test_what_was_granted_counts_in_the_next_batch() -> None:
    counts = ProcessCounts(lambda: 1000.0)
    batch = CountBatch(
        process="a",
        serial=1,
        rates=[RateQuery(key="fast", rpm=1, tpm=None, asks=[RateAsk(tokens=1, patience=0)])],
        slots=[SlotQuery(key="fast", limit=1, held=0, wanted=1)],
        budgets=[BudgetQuery(key="fast", period="total", limit=1, least=1, needed=1)],
    )
    other = CountBatch(process="b", serial=1, rates=batch.rates, slots=batch.slots)

    first, second, third = counts.exchange(batch), counts.exchange(other), counts.exchange(batch)

    assert (first.rates[0][0].requests, second.rates[0][0].requests) == (1, 0)
    assert (first.slots[0].granted, second.slots[0].granted) == (1, 0)
    assert (first.budgets[0].granted, third.budgets[0].granted) == (1, None)
