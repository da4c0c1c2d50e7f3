"""Logged warnings on a terminal."""

import pytest

from cli.terminal import lockfile_of, run_on_terminal, write


@pytest.mark.parametrize("words", [["explain", "fast"], ["status"]])
def test_a_warning_about_a_file_can_t_control_a_terminal(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    write(f'"\\u009b2J\\u001b[2J\\u202e" = 1\n{lockfile_of(default={"fast": ["mock:a"]})}')

    _, shown = run_on_terminal(*words)

    assert "llmring.lock:1:" in shown
    assert "2J" in shown
    assert not set(shown) & set("\x1b\x9b\u202e")
