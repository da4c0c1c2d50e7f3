"""The share of the limits that a machine keeps to."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from llmring.limits.blind_shares import BlindShares
from llmring.limits.counts import BudgetQuery, CountBatch, RateQuery, SlotQuery
from llmring.limits.machine_counts import MachineCounts

PLACE = ("fast", "total")


def batch(limit: int) -> CountBatch:
    return CountBatch(
        process="a",
        serial=1,
        rates=[RateQuery(key="fast", rpm=limit, tpm=None)],
        slots=[SlotQuery(key="fast", limit=limit, held=0, wanted=1)],
        budgets=[BudgetQuery(key="fast", period="total", limit=limit)],
    )


@given(st.integers(1, 20), st.integers(1, 1000), st.integers(-50, 1000))
def test_the_shares_of_all_machines_are_the_whole_at_most(
    machines: int, limit: int, rest: int
) -> None:
    shares = BlindShares(MachineCounts(Path("/dev/null/no.db")))
    shares.machines = machines
    shares.begin({PLACE: rest})

    share = shares.share_of(batch(limit))

    assert share.budgets[0].limit * machines <= max(0, min(rest, limit))
    for part in (share.rates[0].rpm, share.slots[0].limit):
        assert part == max(1, limit // machines)
    assert share.rates[0].tpm is None
    assert share.rates[0].key != "fast"


def test_a_process_that_begins_meanwhile_knows_what_the_others_have_seen(tmp_path: Path) -> None:
    own = MachineCounts(tmp_path / "a.db")
    first, second = BlindShares(own), BlindShares(own)
    first.machines = 4
    first.begin({PLACE: 40})

    second.begin({})

    assert second.machines == 4
    assert second.share_of(batch(100)).budgets[0].limit == 10
    own.close()
