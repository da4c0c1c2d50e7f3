from pathlib import Path

import pytest

from llmring.cli.main import main

LOCKFILE = """version = "1.0"
[[profiles.default.bindings]]
alias = "fast"
models = ["openai:gpt-6-luna", "mock:echo"]
rpm = 2
"""


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    (tmp_path / "llmring.lock").write_text(LOCKFILE)
    (tmp_path / "in.csv").write_text("text,n\n" + "".join(f"word {at},1\n" for at in range(120)))
    return ["batch", "in.csv", "-m", "fast", "-p", "About {text}", "-o", "out.csv", "--dry-run"]


def test_b13_a_dry_run_sends_nothing_and_shows_what_it_would_cost(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main([*words, "--max-tokens", "100"])

    shown = capsys.readouterr().out
    assert status == 0
    assert "rows        120" in shown
    assert "tokens out  about 12,000" in shown
    assert "at least 60 minutes" in shown
    assert "openai:gpt-6-luna" in shown
    assert shown.splitlines()[-1].split() == ["mock:echo", *["unknown"] * 4]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("out.csv")]


def test_b13_models_are_priced_without_their_keys(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")

    status = main(words)

    assert status == 0
    [line] = [each for each in capsys.readouterr().out.splitlines() if "gpt-6-luna" in each]
    assert "unknown" not in line


def test_b13_the_user_may_know_the_length_of_answers(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*words, "--expect-output", "10"])

    assert "tokens out  about 1,200, at least 600 (as given)" in capsys.readouterr().out


def test_b13_a_sample_stands_for_all_rows(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main([*words, "--sample", "12"])

    assert "rows        about 120" in capsys.readouterr().out


def test_b13_bad_rows_are_counted_by_reason(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.csv").write_text("text,n\nword,1\n,2\n,3\n")

    main(words)

    shown = capsys.readouterr().out
    assert "rows        1" in shown
    assert "bad rows    2" in shown
    assert "            2: " in shown


def test_b13_rows_with_models_of_their_own_can_t_be_priced(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text('{"model": "fast", "messages": "Hi"}\n')

    status = main(["batch", "in.jsonl", "-o", "out.csv", "--dry-run"])

    assert status == 2
    assert "--alias" in capsys.readouterr().err
