"""The drift of a lockfile: what changed since its models were pinned."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from cli.lineages import lockfile
from cli.terminal import write
from ledgers import entry, keep
from llmring.audit.drift import findings
from llmring.audit.findings import LockfileFinding
from llmring.chat.events import Usage
from llmring.clock import SYSTEM
from llmring.lockfile import file
from llmring.lockfile.document import parse

FAST = lockfile(default={"fast": ["openai:t-1", "mock:a"]})
PINNED = (
    f'{FAST}\n[registry.pins."openai:t-1"]\nmodel = "t-1"\nprices = {{ input = 0.1, output = 2 }}\n'
)
RISE = "openai:t-1 costs more than when it was pinned"


def drift(text: str) -> tuple[list[LockfileFinding], list[str]]:
    """Return the findings for a lockfile with this text, and the remarks."""
    path = write(text)
    remarks: list[str] = []
    return findings(parse(file.read(path), path), remarks.append), remarks


def messages(text: str) -> list[str]:
    return [each.problem.message for each in drift(text)[0]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return the path of the ledger."""
    return tmp_path / "state" / "llmring" / "ledger.sqlite"


def test_a_retired_model_is_an_error_at_its_place_in_the_file() -> None:
    found, _ = drift(FAST.replace("retires = 2099", "retires = 2020"))

    [error] = [each for each in found if each.problem.severity == "error"]
    assert "openai:t-1 was retired on 2020-12-31" in error.problem.message
    assert FAST.splitlines()[error.problem.line - 1].startswith("models = ")
    assert error.counts


def test_the_effect_of_a_price_rise_is_that_on_the_calls_of_the_last_30_days(place: Path) -> None:
    used = Usage(prompt_tokens=1_000_000, completion_tokens=0)
    for number, (days, model) in enumerate([(1, "t-1"), (29, "t-1"), (31, "t-1"), (1, "t-2")]):
        at = SYSTEM.now() - timedelta(days=days)
        more = {"model": f"openai:{model}", "project": os.path.realpath("llmring.lock")}
        keep(place, entry(number, at=at, usage=used, **more))

    [rise] = [each for each in messages(PINNED) if each.startswith(RISE)]

    assert rise.endswith("; the last 30 days' 2 calls would have cost $0.20 then and $2.00 now")


def test_without_recorded_calls_a_price_rise_has_no_known_effect() -> None:
    [rise] = [each for each in messages(PINNED) if each.startswith(RISE)]

    assert "30 days" not in rise


def test_an_unreadable_ledger_is_remarked_and_the_price_rise_still_found(place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_text("no database " * 100)

    found, remarks = drift(PINNED)

    assert any(each.problem.message.startswith(RISE) for each in found)
    [remark] = remarks
    assert remark.startswith("the ledger can't be read, so the cost of price changes is not")


def test_without_pins_the_ledger_is_not_read(place: Path) -> None:
    place.parent.mkdir(parents=True)
    place.write_text("no database " * 100)

    assert drift(FAST)[1] == []


def test_a_provider_without_a_key_is_a_hint_that_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keyless = "profile 'default' binds openai, which can't be called here: no key"
    [hint] = [each for each in drift(FAST)[0] if each.problem.message == keyless]
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first-0123456789abcdef")

    assert hint.problem.fix == "set OPENAI_API_KEY"
    assert not hint.counts
    assert keyless not in messages(FAST)
