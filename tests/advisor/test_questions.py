"""The questions of `llmring lock init --guided`, and what follows from the answers."""

from pathlib import Path

import pytest

from advisor.stage import desk_of
from cli.terminal import run
from llmring.advisor.questions import suggested
from llmring.lockfile.check import problems
from llmring.providers import PROVIDERS

HERE = Path("llmring.lock")


def chosen(*answers: str) -> dict[str, tuple[str, ...]]:
    left = iter(answers)
    return {each.alias: each.models for each in suggested(desk_of(None), lambda _: next(left, ""))}


def test_no_answer_is_one_too() -> None:
    [(alias, models)] = chosen().items()

    assert alias == "fast"
    assert len({each.partition(":")[0] for each in models}) == len(models) == 3


def test_the_answers_decide() -> None:
    found = chosen("eyes, deep", "images", "best", "2", "openai anthropic", "1")

    assert [*found] == ["eyes", "deep"]
    desk = desk_of(None)
    for models in found.values():
        assert {each.partition(":")[0] for each in models} == {"openai", "anthropic"}
        for each in models:
            facts = desk.facts(each)
            prices = facts.prices_on(desk.day) if facts else None
            assert prices is not None
            assert prices.input <= 2
    first = desk.facts(found["eyes"][0])
    assert first is not None
    assert "vision" in first.capabilities


def test_those_whose_keys_are_set_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-0123456789")

    [models] = chosen().values()

    assert [each.partition(":")[0] for each in models] == ["anthropic"]


def test_lock_init_guided_writes_the_aliases_with_their_reasons() -> None:
    done = run("lock", "init", "--guided", stdin="eyes\nimages\n\n\n0\n")

    assert done.code == 0
    assert done.out.startswith("eyes → ")
    assert "+" not in done.out
    text = HERE.read_text()
    assert "# cheapest, vision, $" in text
    assert [each for each in problems(text, PROVIDERS) if each.severity == "error"] == []


def test_a_lockfile_that_is_there_is_kept_and_nothing_asked() -> None:
    HERE.write_text("# mine\n")

    done = run("lock", "init", "--guided")

    assert done.code == 1
    assert "?" not in done.err
    assert HERE.read_text() == "# mine\n"


def test_where_no_model_fits_nothing_is_written() -> None:
    done = run("lock", "init", "--guided", stdin="x\n\n0.0000001\n")

    assert done.code == 1
    assert "no model of the registry meets that" in done.err
    assert not HERE.exists()
