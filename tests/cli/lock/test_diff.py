import json
import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from cli.lineages import MODELS, lockfile
from cli.terminal import PYTHON, Call, is_plain_error, lockfile_of, run, write
from llmring.chat.events import Usage
from llmring.clock import SYSTEM
from llmring.ledger.entry import LedgerEntry, Outcome
from llmring.ledger.writer import Ledger

OLD = lockfile_of(prod={"summarizer": ["mock:a"], "old": ["a:b"]})
NEW = lockfile_of(prod={"summarizer": ["mock:b"], "new": ["c:d", "e:f"]})
UNKNOWN = """\
    price unknown; context unknown
    no usage is recorded in the last 30 days
"""
LINES = (
    f"prod.summarizer: mock:a → mock:b\n{UNKNOWN}"
    f"+ prod.new → c:d, e:f\n{UNKNOWN}"
    f"- prod.old → a:b\n{UNKNOWN}"
)


@pytest.fixture(autouse=True)
def _lockfiles() -> None:
    write(OLD, "old.lock")
    write(NEW, "new.lock")


def test_differences_are_printed_one_per_line_with_exit_code_1(call: Call) -> None:
    assert call("lock", "diff", "old.lock", "new.lock") == (1, LINES, "")


def test_no_difference_is_exit_code_0(call: Call) -> None:
    write("# the same\n" + OLD, "same.lock")

    assert call("lock", "diff", "old.lock", "same.lock") == (0, "", "no difference\n")


def test_a_dash_reads_standard_input() -> None:
    assert run("lock", "diff", "-", "new.lock", stdin=OLD) == (1, LINES, "")


def test_the_second_lockfile_can_come_from_standard_input() -> None:
    assert run("lock", "diff", "old.lock", "-", stdin=NEW) == (1, LINES, "")


def test_the_arrow_is_ascii_if_the_output_encoding_lacks_it() -> None:
    result = run("lock", "diff", "old.lock", "new.lock", PYTHONIOENCODING="ascii")

    assert "prod.summarizer: mock:a -> mock:b\n" in result.out


def test_json_lists_the_differences(call: Call) -> None:
    result = call("lock", "diff", "old.lock", "new.lock", "--json")

    assert result.code == 1
    assert json.loads(result.out)[0] == {
        "kind": "changed",
        "key": "prod.summarizer",
        "before": ["mock:a"],
        "after": ["mock:b"],
        "added": ["mock:b"],
        "removed": ["mock:a"],
        "reordered": False,
        "money": {
            "before": [{"model": "mock:a", "prices": None, "context_window": None}],
            "after": [{"model": "mock:b", "prices": None, "context_window": None}],
            "days": 30,
            "calls": 0,
            "cost_before": None,
            "cost_after": None,
            "delta": None,
        },
    }


def test_no_difference_is_an_empty_list_in_json(call: Call) -> None:
    result = call("lock", "diff", "old.lock", "old.lock", "--json")

    assert (result.code, json.loads(result.out)) == (0, [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nope.lock", "new.lock"), "nope.lock: the lockfile does not exist"),
        (("old.lock", "bad.lock"), "bad.lock:1:2: not TOML"),
        (("-", "-"), "only one of the lockfiles can be -"),
    ],
)
def test_an_unreadable_lockfile_is_exit_code_2(
    call: Call, words: tuple[str, str], message: str
) -> None:
    write("[\n", "bad.lock")

    result = call("lock", "diff", *words)

    assert (result.code, result.out) == (2, "")
    assert is_plain_error(result.err)
    assert message in result.err


def test_an_invalid_lockfile_on_standard_input_is_reported_with_its_place() -> None:
    result = run("lock", "diff", "-", "new.lock", stdin=b"a = \xff")

    assert result.code == 2
    assert result.err.startswith("llmring: standard input:1:5: not UTF-8")


# The effect on cost.

FROM_1_TO_2 = (
    lockfile(default={"fast": ["openai:t-1", "anthropic:u-1"]}),
    lockfile(default={"fast": ["openai:t-2", "openai:t-1"]}),
)

Calls = Callable[..., None]


@pytest.fixture
def recorded(tmp_path: Path) -> Calls:
    """Record calls of `fast` in the ledger, each of a million tokens."""

    def enter(
        calls: int = 1,
        *,
        alias: str = "fast",
        profile: str = "default",
        days_ago: int = 1,
        usage: Usage | None = Usage(prompt_tokens=90_000, completion_tokens=10_000),  # noqa: B008
        outcome: Outcome = "ok",
        project: str | None = None,
    ) -> None:
        ledger = Ledger(tmp_path / "state" / "llmring" / "ledger.sqlite")
        at = SYSTEM.now() - timedelta(days=days_ago)
        for _ in range(calls):
            id_ = ledger.new_id(int(at.timestamp() * 1e6))
            ledger.add(
                LedgerEntry(
                    id=id_,
                    at=at,
                    kind="chat",
                    alias=alias,
                    profile=profile,
                    usage=usage,
                    outcome=outcome,
                    ms=1.0,
                    project=project or os.path.realpath("new.lock"),
                )
            )
        ledger.end()

    return enter


def compared(call: Call, before: str, after: str) -> list[str]:
    write(before, "old.lock")
    write(after, "new.lock")
    return call("lock", "diff", "old.lock", "new.lock").out.splitlines()


def test_prices_and_contexts_are_shown_before_and_after(call: Call) -> None:
    assert compared(call, *FROM_1_TO_2) == [
        "default.fast: openai:t-1, anthropic:u-1 → openai:t-2, openai:t-1",
        "    price $1.00/$2.00 → $0.50/$3.00 per million tokens in/out; context 1,000 → 2,000",
        "    + fallback openai:t-1: price $1.00/$2.00 per million tokens in/out; context 1,000",
        "    - fallback anthropic:u-1: price $4.00/$8.00 per million tokens in/out; "
        "context unknown",
        "    no usage is recorded in the last 30 days",
    ]


def test_recorded_calls_are_priced_at_both_models(call: Call, recorded: Calls) -> None:
    recorded(1000)
    recorded(5, alias="slow")
    recorded(5, profile="prod")
    recorded(5, days_ago=31)
    recorded(5, usage=None, outcome="failed")

    assert compared(call, *FROM_1_TO_2)[-1] == (
        "    1,000 calls in the last 30 days: $110.00 → $75.00, -$35.00 a month"
    )


def test_a_changed_price_of_the_same_models_is_reported(call: Call, recorded: Calls) -> None:
    recorded(1000)
    before = FROM_1_TO_2[0]

    assert compared(call, before, before.replace("input = 1,", "input = 2,", 1)) == [
        'registry.models."openai:t-1".prices.input: 1 → 2',
        "default.fast: same models, but the facts known about them differ",
        "    price $1.00/$2.00 → $2.00/$2.00 per million tokens in/out; context 1,000",
        "    1,000 calls in the last 30 days: $110.00 → $200.00, +$90.00 a month",
    ]
    assert (
        "    price $1.00/$2.00 per million tokens in/out; context 1,000; "
        "other prices for: cached input"
    ) in compared(call, before, before.replace("cached_input = 0.1", "cached_input = 0.2"))


def test_a_changed_pin_is_reported(call: Call) -> None:
    pin = '\n[registry.pins."openai:t-1"]\nmodel = "t-1"\nretires = 2099-12-31\n'

    assert compared(call, MODELS + pin, (MODELS + pin).replace("2099-12-31\n", "2098-12-31\n")) == [
        'registry.models."openai:t-1".retires: 2099-12-31 → 2098-12-31',
        'registry.pins."openai:t-1".retires: 2099-12-31 → 2098-12-31',
    ]


def test_json_contains_the_effect_on_cost(call: Call, recorded: Calls) -> None:
    recorded(1000)
    write(FROM_1_TO_2[0], "old.lock")
    write(FROM_1_TO_2[1], "new.lock")
    [change] = json.loads(call("lock", "diff", "old.lock", "new.lock", "--json").out)

    money = change["money"]
    assert [each["model"] for each in money["before"]] == ["openai:t-1", "anthropic:u-1"]
    assert money["after"][0]["prices"]["input"] == "0.5"
    assert money["after"][0]["context_window"] == 2000
    assert (money["calls"], money["delta"]) == (1000, "-35")
    assert money["cost_after"] == {"cost": "75", "reason": None, "unpriced": 0}


def test_an_unreadable_ledger_is_noted(call: Call, recorded: Calls, tmp_path: Path) -> None:
    place = tmp_path / "state" / "llmring" / "ledger.sqlite"
    place.parent.mkdir(parents=True)
    place.write_text("no database " * 100)
    result = call("lock", "diff", "old.lock", "new.lock")

    assert result.code == 1
    assert result.out == LINES.replace("    no usage is recorded in the last 30 days\n", "")
    assert result.err.startswith("the ledger can't be read, so usage is not counted: ")
    money = json.loads(call("lock", "diff", "old.lock", "new.lock", "--json").out)[0]["money"]
    assert money["calls"] is None


# Revisions in git.


def git(*words: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    done = subprocess.run(["git", *who, *words], capture_output=True, text=True, check=True)  # noqa: S607
    return done.stdout


@pytest.fixture
def repository() -> None:
    git("init", "-q")
    write(OLD)
    git("add", "llmring.lock")
    git("commit", "-qm", "one")
    write(NEW)


@pytest.mark.usefixtures("repository")
def test_a_git_revision_is_compared(call: Call) -> None:
    assert call("lock", "diff", "HEAD:llmring.lock", "llmring.lock").out == LINES
    assert call("lock", "diff", "HEAD:./llmring.lock", ":llmring.lock").code == 0


@pytest.mark.usefixtures("repository")
def test_the_command_works_as_a_git_difftool() -> None:
    tool = " ".join([*PYTHON, "lock", "diff"])

    assert git("difftool", "-y", "-x", tool, "HEAD", "--", "llmring.lock") == LINES


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("HAED:llmring.lock", "no such file or git revision: invalid object name 'HAED';"),
        ("HEAD:other.lock", "path 'other.lock' does not exist in 'HEAD'"),
        ("HEAD:", "the lockfile does not exist"),
        ("--output=x:y", "the following arguments are required"),
    ],
)
def test_an_unknown_git_revision_is_exit_code_2(call: Call, name: str, message: str) -> None:
    result = call("lock", "diff", name, "llmring.lock")

    assert (result.code, result.out) == (2, "")
    assert message in result.err


@pytest.mark.usefixtures("repository")
def test_a_name_never_becomes_a_git_option_or_shell_command(call: Call) -> None:
    for name in ("--textconv:x", "-p:x", "HEAD:$(touch pwned)", "HEAD:x;touch pwned"):
        assert call("lock", "diff", "--", name, "llmring.lock").code == 2
    assert not Path("pwned").exists()


def test_an_existing_file_with_a_colon_is_not_taken_for_a_revision(call: Call) -> None:
    write(OLD, "a:b.lock")

    assert call("lock", "diff", "a:b.lock", "old.lock").code == 0


def test_a_revision_without_git_installed_is_an_error(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = call("lock", "diff", "HEAD:llmring.lock", "new.lock")

    assert result.code == 2
    assert "install git" in result.err


def test_calls_of_other_projects_count_only_if_they_are_asked_for(
    call: Call, recorded: Calls
) -> None:
    recorded(10, project="another")
    before, after = FROM_1_TO_2
    write(before, "old.lock")
    write(after, "new.lock")

    assert "no usage is recorded" in call("lock", "diff", "old.lock", "new.lock").out
    everything = call("lock", "diff", "old.lock", "new.lock", "--all-projects").out
    assert "10 calls in the last 30 days" in everything
