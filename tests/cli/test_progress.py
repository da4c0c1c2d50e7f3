import io
import re
from contextlib import redirect_stderr
from importlib.util import find_spec

import pytest

from llmring.cli.progress import ProgressLine


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_sees_no_progress(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine("calls", 2) as progress:
        assert list(progress.over("ab")) == ["a", "b"]

    assert capsys.readouterr() == ("", "")


def test_a_pipe_gets_the_notes(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressLine("calls") as progress:
        progress.note("downloading")

    assert capsys.readouterr() == ("", "downloading\n")


@pytest.mark.parametrize("rich", [True, False])
def test_notes_have_a_line_of_their_own(monkeypatch: pytest.MonkeyPatch, rich: bool) -> None:
    if not rich:
        monkeypatch.setattr("llmring.cli.progress.find_spec", lambda _: None)
    elif find_spec("rich") is None:
        pytest.skip("rich is not installed")
    with redirect_stderr(Screen()) as screen, ProgressLine("calls") as progress:
        progress.note("downloading [it]")

    assert re.search(r"downloading \[it\] *\n", screen.getvalue())


@pytest.mark.skipif(find_spec("rich") is None, reason="rich is not installed")
def test_a_terminal_sees_the_count_and_then_nothing_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with redirect_stderr(Screen()) as screen, ProgressLine("calls", 3) as progress:
        assert list(progress.over("abc")) == ["a", "b", "c"]

    assert "calls" in screen.getvalue()
    assert "3/3" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[2K")


def test_without_rich_the_line_is_plain_and_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmring.cli.progress.find_spec", lambda _: None)
    monkeypatch.setattr("llmring.cli.progress._EVERY_SECONDS", 0.001)

    with redirect_stderr(Screen()) as screen, ProgressLine("calls", 2) as progress:
        assert list(progress.over("ab")) == ["a", "b"]
        while "2 of 2" not in screen.getvalue():
            pass

    assert re.fullmatch(r"(\rcalls: [0-2] of 2, \d+ s)+\r +\r", screen.getvalue())


def test_an_unknown_number_of_steps_is_shown_as_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmring.cli.progress.find_spec", lambda _: None)
    monkeypatch.setattr("llmring.cli.progress._EVERY_SECONDS", 0.001)

    with redirect_stderr(Screen()) as screen, ProgressLine("waiting"):
        while "waiting: 0 s" not in screen.getvalue():
            pass

    assert screen.getvalue().endswith("\r")


def test_bytes_are_shown_as_megabytes_and_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("llmring.cli.progress.find_spec", lambda _: None)
    monkeypatch.setattr("llmring.cli.progress._EVERY_SECONDS", 0.001)

    with (
        redirect_stderr(Screen()) as screen,
        ProgressLine("getting it", 4_000_000, in_bytes=True) as progress,
    ):
        progress.at(1_000_000)
        while "getting it: 1.0 of 4.0 MB, 25 %, 0 s" not in screen.getvalue():
            pass


@pytest.mark.skipif(find_spec("rich") is None, reason="rich is not installed")
def test_with_rich_bytes_are_shown_as_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with (
        redirect_stderr(Screen()) as screen,
        ProgressLine("getting it", 4_000_000, in_bytes=True) as progress,
    ):
        progress.at(4_000_000)

    assert "4.0/4.0 MB" in screen.getvalue()
