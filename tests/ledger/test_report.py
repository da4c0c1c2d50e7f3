"""Totals match the entries."""

import math
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from ledgers import NOON, entry, keep
from llmring.ledger.entry import LedgerEntry, LoggedAttempt, Outcome
from llmring.ledger.reader import CallFilter
from llmring.ledger.report import By, Total, total, totals

CALLS = (
    entry(1, ms=100.0, tags=("a", "b")),
    entry(2, ms=300.0, cost=None, cost_reason="the model is not in the catalog"),
    entry(3, ms=200.0, model="x:y", tags=("a",), alias=None, cost=Decimal("1.1"), profile="prod"),
    entry(4, outcome="failed", model=None, usage=None, cost=None, error="ProviderTimeoutError"),
    entry(90_000, outcome="cancelled", model=None, usage=None, cost=None, cost_reason="given up"),
    entry(5, outcome="refused", model=None, usage=None, cost=None),
)


def counts(place: Path | str, by: By) -> dict[str, int]:
    return {each.name: each.calls for each in totals(place, CallFilter(), by)}


def test_all_calls_are_summed_up(place: Path | str) -> None:
    keep(place, *CALLS)

    assert total(place, CallFilter()) == Total(
        name="",
        calls=6,
        prompt_tokens=30,
        completion_tokens=6,
        cost=Decimal("1.1000027"),
        unpriced=2,
        failed=1,
        cancelled=1,
        refused=1,
        fell_back=1,
        median_ms=200.0,
        p95_ms=300.0,
    )


def test_calls_are_grouped_by_alias_model_profile_tag_or_day(place: Path | str) -> None:
    keep(place, *CALLS)

    assert counts(place, "alias") == {"fast": 5, "": 1}
    assert counts(place, "model") == {"": 3, "openai:gpt-4o-mini": 2, "x:y": 1}
    assert counts(place, "profile") == {"default": 5, "prod": 1}
    assert counts(place, "tag") == {"": 4, "a": 2, "b": 1}
    assert list(counts(place, "day").items()) == [("2026-11-23", 5), ("2026-11-24", 1)]


def test_only_calls_that_match_the_filter_are_counted(place: Path | str) -> None:
    keep(place, *CALLS)

    assert total(place, CallFilter(since=NOON.replace(day=24))).calls == 1
    assert [each.name for each in totals(place, CallFilter(alias="fast", failed=True), "tag")] == [
        ""
    ]


def test_a_missing_ledger_has_no_calls(place: Path | str) -> None:
    assert totals(place, CallFilter(), "tag") == []
    assert total(place, CallFilter()) == Total(name="")


def test_a_sum_of_very_small_and_large_amounts_is_exact(place: Path | str) -> None:
    keep(place, *(entry(n, cost=Decimal(f"1E-{n}")) for n in range(25)))

    assert total(place, CallFilter()).cost == Decimal("1." + "1" * 24)


SOME = st.builds(
    entry,
    st.integers(0, 10**6),
    alias=st.sampled_from(["fast", "slow", None]),
    outcome=st.sampled_from(get_args(Outcome)),
    ms=st.floats(0, 1e6),
    cost=st.none() | st.decimals(0, 100, places=9),
    story=st.just((LoggedAttempt("other:first", "failed"),)) | st.just(()),
)


@given(st.lists(SOME, unique_by=lambda each: each.id))
@settings(max_examples=40, deadline=None)
def test_totals_match_a_count_in_python(calls: list[LedgerEntry]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        keep(path, *calls)
        found = {each.name: each for each in totals(path, CallFilter(), "alias")}

    assert {name: each.calls for name, each in found.items()} == Counter(
        each.alias or "" for each in calls
    )
    for name, each in found.items():
        mine = [call for call in calls if (call.alias or "") == name]
        costs = [call.cost for call in mine if call.cost is not None]
        times = sorted(call.ms for call in mine if call.outcome == "ok")
        assert each.cost == (sum(costs) if costs else None)
        assert each.fell_back == sum(call.fell_back for call in mine)
        assert each.failed == sum(call.outcome == "failed" for call in mine)
        if times:
            assert each.median_ms == times[math.ceil(len(times) / 2) - 1]
            assert each.p95_ms == times[math.ceil(len(times) * 19 / 20) - 1]
