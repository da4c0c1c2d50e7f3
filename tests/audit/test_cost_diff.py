"""The cost of a lockfile change: prices, context windows, and a month of recorded calls."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cli.lineages import lockfile
from ledgers import entry, keep
from llmring.audit.cost_diff import CostDiff, cost_diff
from llmring.chat.events import Usage
from llmring.clock import SYSTEM
from llmring.ledger.entry import Outcome
from llmring.lockfile.document import parse

FAST_1 = lockfile(default={"fast": ["openai:t-1", "anthropic:u-1"]})
FAST_2 = lockfile(default={"fast": ["openai:t-2", "openai:t-1"]})

Calls = Callable[..., None]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the path of the ledger."""
    return tmp_path / "state" / "llmring" / "ledger.sqlite"


@pytest.fixture
def recorded(place: Path) -> Calls:
    """Return a function that records calls of `fast`, each of 100,000 tokens."""
    numbers = iter(range(1_000_000))

    def enter(
        calls: int = 1,
        *,
        alias: str = "fast",
        profile: str = "default",
        days_ago: int = 1,
        usage: Usage | None = Usage(prompt_tokens=90_000, completion_tokens=10_000),  # noqa: B008
        outcome: Outcome = "ok",
    ) -> None:
        at = SYSTEM.now() - timedelta(days=days_ago)
        more = {"alias": alias, "profile": profile, "usage": usage, "outcome": outcome}
        keep(place, *(entry(next(numbers), at=at, **more) for _ in range(calls)))

    return enter


def changes(before: str, after: str) -> CostDiff:
    return cost_diff(parse(before), parse(after))


def lines(before: str, after: str, key: str = "default.fast") -> list[str]:
    return [*changes(before, after).aliases[key].lines()]


def test_prices_and_contexts_are_described_before_and_after() -> None:
    assert lines(FAST_1, FAST_2) == [
        "price $1.00/$2.00 → $0.50/$3.00 per million tokens in/out; context 1,000 → 2,000",
        "+ fallback openai:t-1: price $1.00/$2.00 per million tokens in/out; context 1,000",
        "- fallback anthropic:u-1: price $4.00/$8.00 per million tokens in/out; context unknown",
        "no usage is recorded in the last 30 days",
    ]


def test_equal_lockfiles_have_no_effect_and_the_ledger_is_not_read(place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_text("no database " * 100)

    assert changes(FAST_1, f"# a comment\n{FAST_1}") == CostDiff({})


def test_only_aliases_that_differ_have_an_effect() -> None:
    before = lockfile(default={"fast": ["openai:t-1"], "slow": ["openai:t-2"]}, dev={})
    after = lockfile(default={"fast": ["openai:t-1"]}, dev={"slow": ["openai:t-2"]})

    effects = changes(before, after).aliases

    assert {*effects} == {"default.slow", "dev.slow"}
    assert (len(effects["default.slow"].before), len(effects["default.slow"].after)) == (1, 0)
    assert (len(effects["dev.slow"].before), len(effects["dev.slow"].after)) == (0, 1)


def test_calls_of_the_alias_in_the_last_30_days_are_priced_at_both_models(recorded: Calls) -> None:
    recorded(1000)
    recorded(5, alias="slow")
    recorded(5, profile="prod")
    recorded(5, days_ago=31)
    recorded(5, usage=None, outcome="failed")

    effect = changes(FAST_1, FAST_2).aliases["default.fast"]

    assert [*effect.lines()][-1] == (
        "1,000 calls in the last 30 days: $110.00 → $75.00, -$35.00 a month"
    )
    assert effect.delta == Decimal(-35)


def test_calls_of_unknown_usage_are_counted_separately(recorded: Calls) -> None:
    recorded(1)
    recorded(1, usage=None)

    assert lines(FAST_1, FAST_2)[-1] == (
        "2 calls in the last 30 days: $0.11 → $0.075, -$0.035 a month (without 1 of unknown usage)"
    )


def test_an_unknown_price_makes_the_cost_unknown(recorded: Calls) -> None:
    recorded(1)
    after = lockfile(default={"fast": ["openai:t-3-preview"]})

    effect = changes(FAST_1, after).aliases["default.fast"]

    assert [*effect.lines()][-1] == (
        "1 call in the last 30 days; their cost is unknown: the catalog has no "
        "price for openai:t-3-preview"
    )
    assert effect.delta is None


def test_a_removed_alias_has_its_past_cost_and_no_change(recorded: Calls) -> None:
    recorded(1000)

    effect = changes(FAST_1, lockfile(default={})).aliases["default.fast"]

    assert [*effect.lines()][-1] == "1,000 calls in the last 30 days: $110.00"
    assert effect.as_json["delta"] is None


def test_a_changed_price_of_the_same_models_is_an_effect(recorded: Calls) -> None:
    recorded(1000)

    assert lines(FAST_1, FAST_1.replace("input = 1,", "input = 2,", 1)) == [
        "price $1.00/$2.00 → $2.00/$2.00 per million tokens in/out; context 1,000",
        "1,000 calls in the last 30 days: $110.00 → $200.00, +$90.00 a month",
    ]


def test_a_price_other_than_that_of_input_and_output_is_named() -> None:
    dearer = FAST_1.replace("cached_input = 0.1", "cached_input = 0.2")

    assert lines(FAST_1, dearer)[0] == (
        "price $1.00/$2.00 per million tokens in/out; context 1,000; other prices for: cached input"
    )


def test_the_plain_form_has_exact_amounts(recorded: Calls) -> None:
    recorded(1000)

    plain = changes(FAST_1, FAST_2).aliases["default.fast"].as_json

    assert [each["model"] for each in plain["before"]] == ["openai:t-1", "anthropic:u-1"]
    assert (plain["calls"], plain["days"], plain["delta"]) == (1000, 30, "-35")


def test_without_a_readable_ledger_the_usage_is_unknown_and_the_reason_is_given(
    place: Path,
) -> None:
    place.parent.mkdir(parents=True)
    place.write_text("no database " * 100)

    result = changes(FAST_1, FAST_2)

    assert result.ledger_problem is not None
    assert result.aliases["default.fast"].calls is None
    assert not any("30 days" in line for line in result.aliases["default.fast"].lines())
