"""llmring logs: the last calls in the ledger."""

import csv
import io
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from cli.terminal import Call, run_on_terminal
from ledgers import entry, keep
from llmring.clock import SYSTEM
from llmring.ledger.entry import LoggedAttempt


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "llmring" / "ledger.sqlite"


@pytest.fixture
def calls(path: Path) -> None:
    failed = (
        LoggedAttempt("openai:gpt-4o-mini", "failed", 10.0, 500, "ProviderResponseError"),
        LoggedAttempt("a:b", "failed", 10.0, 500, "ProviderResponseError"),
    )
    keep(
        path,
        entry(0, tags=("web", "team=blue")),
        entry(1, stream=True, first_ms=30.0, cost=None, cost_reason="not in the catalog"),
        entry(
            2,
            alias="slow",
            outcome="failed",
            error="AllModelsFailedError",
            model=None,
            usage=None,
            cost=None,
            attempts=2,
            story=failed,
        ),
        entry(3, alias=None, ms=1234.5),
    )


SHOWN = """\
2026-11-23 12:00:00  fast → openai:gpt-4o-mini  ok  100 ms  10+2 tokens  $0.0000027  [web, team=blue]
2026-11-23 12:00:01  fast → openai:gpt-4o-mini  ok  100 ms, first after 30  10+2 tokens  cost unknown (not in the catalog)
2026-11-23 12:00:02  slow → a:b  failed: AllModelsFailedError  100 ms  2 attempts
2026-11-23 12:00:03  openai:gpt-4o-mini  ok  1,234 ms  10+2 tokens  $0.0000027
"""  # noqa: E501


def test_calls_are_printed_one_per_line(call: Call, calls: None) -> None:
    assert call("logs") == (0, SHOWN, "")


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["--limit", "1"], [3]),
        (["--failed"], [2]),
        (["--alias", "fast"], [0, 1]),
        (["--alias", "fast", "--limit", "1"], [1]),
        (["--model", "openai:gpt-4o-mini"], [0, 1, 3]),
        (["--since", "2026-11-23T12:00:02"], [2, 3]),
    ],
)
def test_filters_select_calls(call: Call, calls: None, words: list[str], lines: list[int]) -> None:
    shown = SHOWN.splitlines()

    assert call("logs", *words).out.splitlines() == [shown[line] for line in lines]


def test_json_contains_every_field(call: Call, calls: None) -> None:
    result = json.loads(call("logs", "--json").out)

    assert [each["alias"] for each in result] == ["fast", "fast", "slow", None]
    assert result[0]["cost"] == "0.0000027"
    assert result[0]["at"].startswith("2026-11-23T12:00:00.123456")
    assert result[2]["story"][1]["reason"] == "ProviderResponseError"


def test_an_empty_result_is_noted(call: Call) -> None:
    assert call("logs") == (0, "", "the ledger has no such calls\n")


@pytest.mark.parametrize("limit", ["0", "-1", "x", "9" * 20])
def test_an_invalid_limit_is_wrong_usage(call: Call, limit: str) -> None:
    assert call("logs", f"--limit={limit}").code == 2


def test_follow_prints_calls_as_they_end(path: Path) -> None:
    keep(path, entry(0, id="before"))
    with subprocess.Popen(
        [sys.executable, "-m", "llmring", "logs", "--follow", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ},
    ) as process:
        assert process.stdout is not None
        shown = [json.loads(process.stdout.readline())["id"]]
        for name in ("first", "second"):
            keep(path, entry(id=name, at=SYSTEM.now(), ms=1.0))
            shown.append(json.loads(process.stdout.readline())["id"])
        process.terminate()

    assert shown == ["before", "first", "second"]


@pytest.mark.usefixtures("calls")
def test_on_a_terminal_the_calls_are_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = run_on_terminal("logs", "--all-projects")

    head, *rows = shown.splitlines()
    assert head.split() == ["time", "alias", "model", "ms", "tokens", "cost", "outcome", "tags"]
    assert max(map(len, rows)) <= 90
    assert any("failed" in row and "slow" in row for row in rows)


def test_on_a_terminal_the_reason_of_an_unknown_cost_is_below_the_calls(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "the model is not in the catalog"
    keep(path, *(entry(at, model="mock:a", cost=None, cost_reason=reason) for at in range(2)))
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = run_on_terminal("logs", "--all-projects")

    assert shown.splitlines()[3:] == [f"cost unknown: {reason} (mock:a)"]


def test_a_gateway_s_calls_are_chosen_and_shown(call: Call, path: Path) -> None:
    keep(
        path,
        entry(1, key="ci", team="blue", session="talk", notes=("top_k left out",), request_id="r1"),
        entry(2, key="web", cache="hit", client="codex/1.0"),
    )

    assert call("logs").out.splitlines()[1].endswith("from the cache  key web")
    for words in (("--key", "ci"), ("--team", "blue"), ("--session", "talk"), ("--request", "r1")):
        [found] = json.loads(call("logs", "--json", *words).out)
        assert (found["key"], found["notes"]) == ("ci", ["top_k left out"])
    assert "key web" in call("logs", "--client", "codex").out
    assert call("logs", "--wire", "chat").out == ""


def test_calls_are_exported_as_comma_separated_values(call: Call, path: Path, calls: None) -> None:
    keep(path, entry(9, notes=("a", "b, c"), saved=Decimal("0.1")))

    rows = [*csv.DictReader(io.StringIO(call("logs", "--csv").out))]

    assert [row["alias"] for row in rows] == ["fast", "fast", "slow", "", "fast"]
    assert json.loads(rows[-1]["notes"]) == ["a", "b, c"]
    assert json.loads(rows[0]["usage"])["prompt_tokens"] == 10
    assert rows[-1]["saved"] == "0.1"
    assert call("logs", "--csv", "--follow").code == 2
