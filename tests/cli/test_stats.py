"""llmring stats: sums of what the ledger has."""

import csv
import io
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from cli.terminal import Call
from ledgers import entry, keep, wait_for
from llmring.clock import SYSTEM
from loopback import Loopback


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "llmring" / "ledger.sqlite"


@pytest.fixture
def calls(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    keep(
        path,
        *(entry(number, cost=Decimal("0.5"), tags=("a", "b")) for number in range(3)),
        entry(3, alias="slow", cost=Decimal("0.75"), ms=2345.6),
        entry(4, alias="slow", cost=None, cost_reason="the model is not in the catalog"),
        entry(5, alias="slow", outcome="failed", model=None, usage=None, cost=None),
        entry(6, alias=None, outcome="cancelled", usage=None, cost=None, cost_reason="given up"),
    )


SHOWN = """\
alias              calls  tokens in  out               cost  failed  fell back  median       p95
fast                   3         30    6              $1.50       0          0  100 ms    100 ms
slow                   3         20    4  $0.75 + 1 unknown       1          0  100 ms  2,346 ms
(called by model)      1          0    0          1 unknown       0          0       -         -
all                    7         50   10  $2.25 + 2 unknown       1          0  100 ms  2,346 ms

cost:
fast               █████████████████████              $1.50
slow               ██████████▌            $0.75 + 1 unknown
(called by model)                                 1 unknown
"""


def test_a_person_is_shown_a_table_and_bars(call: Call, calls: None) -> None:
    outcome = call("stats")

    assert outcome.out == SHOWN
    assert outcome.code == 0
    assert outcome.err == (
        "the cost of 2 of 7 calls is not known and not in the sum; llmring logs says why\n"
        "1 given up by the caller\n"
    )


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("model", ["openai:gpt-4o-mini", ""]),
        ("day", ["2026-11-23"]),
        ("tag", ["", "a", "b"]),
        ("profile", ["default"]),
    ],
)
def test_a_program_gets_json_told_apart_as_it_wishes(
    call: Call, calls: None, by: str, names: list[str]
) -> None:
    told = json.loads(call("stats", "--by", by, "--json").out)

    assert (told["by"], [group["name"] for group in told["groups"]]) == (by, names)
    assert (told["total"]["calls"], told["total"]["cost"]) == (7, "2.25")
    assert told["total"]["unpriced"] == 2


def test_a_table_of_calculation_gets_csv(call: Call, calls: None) -> None:
    rows = list(csv.DictReader(io.StringIO(call("stats", "--csv").out)))

    assert [(row["alias"], row["calls"], row["cost"]) for row in rows] == [
        ("fast", "3", "1.5"),
        ("slow", "3", "0.75"),
        ("", "1", ""),
    ]


def test_only_calls_since_then_are_counted(call: Call, path: Path) -> None:
    now = SYSTEM.now()
    keep(path, entry(1, at=now - timedelta(days=8)), entry(2, at=now - timedelta(days=6)))

    assert json.loads(call("stats", "--since", "7d", "--json").out)["total"]["calls"] == 1


def test_where_there_are_no_calls_that_is_said(call: Call, path: Path) -> None:
    assert call("stats") == (0, "", "the ledger has no calls\n")
    assert call("stats", "--since", "2026-11-01").err == (
        "the ledger has no calls since 2026-11-01 00:00 UTC\n"
    )
    assert not path.parent.exists()


def test_where_no_cost_is_known_the_bars_are_of_calls(call: Call, path: Path) -> None:
    keep(path, entry(1, cost=None, cost_reason="why"))

    outcome = call("stats")

    assert "calls:\nfast" in outcome.out
    assert "$0" not in outcome.out


def test_where_no_ledger_is_kept_that_is_an_error(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_LEDGER", "0")

    outcome = call("stats")

    assert (outcome.code, outcome.out) == (1, "")
    assert "no ledger is kept" in outcome.err


def test_a_wrong_time_is_wrong_usage(call: Call) -> None:
    outcome = call("stats", "--since", "yesterday")

    assert outcome.code == 2
    assert "'yesterday' is no time; write 7d, 12h, or 2026-11-01" in outcome.err


def test_a_chat_on_the_command_line_is_in_it(
    call: Call, openai: Callable[..., Loopback], path: Path
) -> None:
    openai(answers.openai_stream("Hi"))
    call("chat", "--model", "fast", "Hello")
    assert wait_for(path, 1)

    [group] = json.loads(call("stats", "--json").out)["groups"]
    assert (group["name"], group["calls"]) == ("fast", 1)
