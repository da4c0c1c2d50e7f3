"""The questions of `llmring lock init --guided`, and the aliases chosen from the answers."""

from pathlib import Path

import pytest

from advisor.fakes import editor_of
from cli.terminal import PYTHON, run
from llmring.advisor.interview import interview
from llmring.lockfile.check import problems
from llmring.providers.table import PROVIDERS

HERE = Path("llmring.lock")


def chosen(*answers: str, objections: list[str] | None = None) -> dict[str, tuple[str, ...]]:
    left = iter(answers)
    objections = [] if objections is None else objections
    found = interview(editor_of(None), lambda _: next(left, ""), objections.append)
    return {each.alias: each.models for each in found}


def test_empty_answers_select_the_defaults() -> None:
    [(alias, models)] = chosen().items()

    assert alias == "fast"
    assert len({each.partition(":")[0] for each in models}) == len(models) == 3


def test_the_answers_decide_the_aliases() -> None:
    objections: list[str] = []
    found = chosen(
        "eyes, deep", "images", "best", "$2", "openai and anthropic", "1", objections=objections
    )
    assert objections == []

    assert [*found] == ["eyes", "deep"]
    editor = editor_of(None)
    for models in found.values():
        assert {each.partition(":")[0] for each in models} == {"openai", "anthropic"}
        for each in models:
            facts = editor.facts(each)
            prices = facts.prices_on(editor.day) if facts else None
            assert prices is not None
            assert prices.input <= 2
    first = editor.facts(found["eyes"][0])
    assert first is not None
    assert "vision" in first.capabilities


def test_providers_with_a_key_are_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_an_existing_lockfile_is_kept_and_no_question_asked() -> None:
    HERE.write_text("# mine\n")

    done = run("lock", "init", "--guided")

    assert done.code == 1
    assert "?" not in done.err
    assert HERE.read_text() == "# mine\n"


def test_nothing_is_written_if_no_model_fits() -> None:
    done = run("lock", "init", "--guided", stdin="x\n\n0.0000001\n")

    assert done.code == 1
    assert "no model in the registry meets these needs" in done.err
    assert not HERE.exists()


@pytest.mark.parametrize("answers", [("x", "anything", "no limit", "all", "none"), ("x",)])
def test_none_is_an_answer(answers: tuple[str, ...]) -> None:
    objections: list[str] = []

    assert [*chosen(*answers, objections=objections)] == ["x"]
    assert objections == []


def test_an_unclear_answer_repeats_the_question() -> None:
    objections: list[str] = []
    answers = ("eyes", "blue", "images", "much", "2", "openai, gogle", "openai", "some", "0")

    [(_, models)] = chosen(*answers, objections=objections).items()

    assert [each.partition(":")[0] for each in models] == ["openai"]
    assert objections == [
        "unknown needs 'blue'; write such as images, tools, json, 200k, cheap",
        "'much' is not an amount in USD; write a number",
        "unknown provider 'gogle'; list them: llmring providers",
        "'some' is not a number",
    ]


def test_an_unclear_answer_from_a_pipe_writes_nothing() -> None:
    done = run("lock", "init", "--guided", stdin="eyes\nimages\nmuch\n\n0\n")

    assert done.code == 1
    assert done.err.endswith(
        "\nllmring: nothing written: 'much' is not an amount in USD; write a number\n"
    )
    assert not HERE.exists()


def test_ending_the_questions_early_writes_nothing() -> None:
    pexpect = pytest.importorskip("pexpect", reason="pexpect is not installed")
    child = pexpect.spawn(PYTHON[0], [*PYTHON[1:], "lock", "init", "--guided"], timeout=20)
    child.expect_exact("[fast]: ")
    child.sendline("eyes")
    child.expect_exact("[cheap]: ")
    child.sendline("blue")
    child.expect_exact("unknown needs 'blue'")
    child.expect_exact("[cheap]: ")
    child.sendeof()
    child.expect_exact("nothing written: not all questions were answered")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 1
    assert not HERE.exists()
