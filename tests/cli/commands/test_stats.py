"""llmring stats: totals of the calls in the ledger."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

import answers
from cli.terminal import Call, run_on_terminal
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
alias       calls  tokens in  out               cost  failed  fell back  median       p95
fast            3         30    6              $1.50       0          0  100 ms    100 ms
slow            3         20    4  $0.75 + 1 unknown       1          0  100 ms  2,346 ms
(by model)      1          0    0          1 unknown       0          0       -         -
all             7         50   10  $2.25 + 2 unknown       1          0  100 ms  2,346 ms

cost:
fast        ████████████████████████████              $1.50
slow        ██████████████                $0.75 + 1 unknown
(by model)                                        1 unknown
"""


@pytest.mark.usefixtures("calls")
def test_on_a_terminal_the_chart_has_the_costs_and_the_table_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    table, chart = run_on_terminal("stats")[1].replace("\r", "").split("\n\n")

    head, *rows = table.splitlines()
    assert head == "alias       calls  tokens in  out  failed  fell back  median     p95"
    assert rows[1] == "slow            3         20    4       1          0  100 ms  2.35 s"
    assert chart.splitlines()[4].split() == ["all", "$2.25", "+", "2", "unknown"]


def test_a_table_and_a_bar_chart_are_printed(call: Call, calls: None) -> None:
    outcome = call("stats")

    assert outcome.out == SHOWN
    assert outcome.code == 0
    assert outcome.err == (
        "the cost of 2 of 7 calls is unknown and left out; see the reasons: llmring logs\n"
        "1 cancelled by the caller\n"
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
def test_json_is_grouped_by_the_chosen_field(
    call: Call, calls: None, by: str, names: list[str]
) -> None:
    result = json.loads(call("stats", "--by", by, "--json").out)

    assert (result["by"], [group["name"] for group in result["groups"]]) == (by, names)
    assert (result["total"]["calls"], result["total"]["cost"]) == (7, "2.25")
    assert result["total"]["unpriced"] == 2


def test_csv_can_be_loaded_into_a_spreadsheet(call: Call, calls: None) -> None:
    rows = list(csv.DictReader(io.StringIO(call("stats", "--csv").out)))

    assert [(row["alias"], row["calls"], row["cost"]) for row in rows] == [
        ("fast", "3", "1.5"),
        ("slow", "3", "0.75"),
        ("", "1", ""),
    ]


def test_since_counts_only_later_calls(call: Call, path: Path) -> None:
    now = SYSTEM.now()
    keep(path, entry(1, at=now - timedelta(days=8)), entry(2, at=now - timedelta(days=6)))

    assert json.loads(call("stats", "--since", "7d", "--json").out)["total"]["calls"] == 1


def test_an_empty_ledger_is_noted(call: Call, path: Path) -> None:
    assert call("stats") == (0, "", "the ledger has no calls\n")
    assert call("stats", "--since", "2026-11-01").err == (
        "the ledger has no calls since 2026-11-01 00:00 UTC\n"
    )
    assert not path.parent.exists()


def test_without_known_costs_the_bars_show_calls(call: Call, path: Path) -> None:
    keep(path, entry(1, cost=None, cost_reason="why"))

    outcome = call("stats")

    assert "calls:\nfast" in outcome.out
    assert "$0" not in outcome.out


def test_a_disabled_ledger_is_an_error(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_LEDGER", "0")

    outcome = call("stats")

    assert (outcome.code, outcome.out) == (1, "")
    assert "the ledger is off" in outcome.err


def test_an_invalid_time_is_wrong_usage(call: Call) -> None:
    outcome = call("stats", "--since", "yesterday")

    assert outcome.code == 2
    assert "'yesterday' is not a time; write 7d, 12h, or 2026-11-01" in outcome.err


def test_a_chat_on_the_command_line_is_counted(
    call: Call, openai: Callable[..., Loopback], path: Path
) -> None:
    openai(answers.openai_stream("Hi"))
    call("chat", "--model", "fast", "Hello")
    assert wait_for(path, 1)

    [group] = json.loads(call("stats", "--json").out)["groups"]
    assert (group["name"], group["calls"]) == ("fast", 1)


def test_sums_by_day_are_read_on_demand(call: Call, calls: None) -> None:
    daily = json.loads(call("stats", "--daily", "--json").out)
    exact = json.loads(call("stats", "--json").out)

    for one, other in zip(
        [*daily["groups"], daily["total"]], [*exact["groups"], exact["total"]], strict=True
    ):
        assert {**one, "cost": None} | {"median_ms": 0, "p95_ms": 0} == {
            **{name: one[name] for name in ("answered", "ranges")},
            **other,
            "cost": None,
        } | {"median_ms": 0, "p95_ms": 0}
        assert Decimal(one["cost"] or 0) == Decimal(other["cost"] or 0)
    assert "2,500 ms" in call("stats", "--daily").out
    head = call("stats", "--daily", "--csv").out.partition("\n")[0]
    assert head == call("stats", "--csv").out.partition("\n")[0]


def test_a_gateway_s_calls_are_chosen_and_grouped(call: Call, path: Path) -> None:
    keep(
        path,
        entry(1, key="ci", team="blue", client="codex/1", wire="chat"),
        entry(2, key="web", team="blue", cache="hit", saved=Decimal("0.5"), cost=Decimal(0)),
        entry(3),
    )

    def groups(*words: str) -> dict[str, int]:
        found = json.loads(call("stats", "--json", *words).out)["groups"]
        return {group["name"]: group["calls"] for group in found}

    assert groups("--by", "key") == groups("--by", "key", "--daily") == {"": 1, "ci": 1, "web": 1}
    assert groups("--by", "team", "--key", "ci", "--daily") == {"blue": 1}
    assert groups("--by", "client", "--team", "blue") == {"": 1, "codex/1": 1}
    assert groups("--client", "codex", "--wire", "chat") == {"fast": 1}
    assert "1 answered by the cache, which saved $0.50" in call("stats").err


@pytest.mark.parametrize("words", [("--by", "tag"), ("--wire", "chat"), ("--session", "s")])
def test_what_has_no_sums_by_day_is_refused(
    call: Call, calls: None, words: tuple[str, ...]
) -> None:
    outcome = call("stats", "--daily", *words)

    assert outcome.code == 2
    assert words[0] in outcome.err


def test_sums_are_made_again_on_demand(call: Call, calls: None, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DELETE FROM llmring_days")

    assert call("stats", "--daily", "--json").out.count('"calls": 0') == 1
    again = json.loads(call("stats", "--daily", "--recount", "--json").out)
    assert again["total"]["calls"] == 7
