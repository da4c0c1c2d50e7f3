"""The status line."""

import os
import time

import pytest

from llmring.cli.chat.status_line import StatusLine


def test_it_shows_the_alias_the_model_and_the_seconds() -> None:
    line = StatusLine("fast", "openai:gpt-4o-mini")

    assert line.text(2.4) == "fast -> openai:gpt-4o-mini  2 s"
    line.moved_to("anthropic:claude-sonnet-4-5")
    assert line.text(3) == "fast -> anthropic:claude-sonnet-4-5  3 s"
    assert StatusLine("openai:x", "openai:x").text(0) == "openai:x  0 s"


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_narrow_terminal_it_does_not_wrap(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        monkeypatch.setenv("COLUMNS", "20")
        shown = StatusLine("fast", "anthropic:claude-sonnet-4-5").text(2)
    os.close(ours)

    assert shown == "fast -> anthropic:…"


def test_it_is_silent_on_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    line = StatusLine("fast")
    line.start()
    time.sleep(0.6)
    line.stop()

    assert capsys.readouterr().err == ""


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_it_is_drawn_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        line = StatusLine("fast", "mock:echo")
        line.start()
        shown = os.read(ours, 1000)
        line.note("one moment")
        line.stop()
        shown += os.read(ours, 1000)
    os.close(ours)

    assert shown.startswith(b"\r\x1b[2Kfast -> mock:echo  ")
    assert b"\r\x1b[2Kone moment\r\n" in shown
