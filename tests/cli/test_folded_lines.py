"""Lines of results, on a terminal and elsewhere."""

import io
from contextlib import redirect_stdout

import pytest

from cli.terminal import run_on_terminal, write
from llmring.cli.folded_lines import print_diff, print_folded, print_problem
from llmring.lockfile.problem import Problem

PROBLEM = Problem(3, 1, "error", "profiles", "the name is unknown", "rename it")


class Terminal(io.StringIO):
    """A stream that is a terminal of 30 columns."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


def test_a_line_goes_on_below_its_beginning_and_deeper(screen: Terminal) -> None:
    with redirect_stdout(screen):
        print_folded("  openai:gpt-6-sol → openai:gpt-6.1-sol")

    assert screen.getvalue() == "  openai:gpt-6-sol →\n      openai:gpt-6.1-sol\n"


def test_prose_goes_on_at_its_own_indent(screen: Terminal) -> None:
    with redirect_stdout(screen):
        print_folded("what was asked is not understood", deeper=0)

    assert screen.getvalue() == "what was asked is not\nunderstood\n"


def test_a_line_has_its_colour(screen: Terminal) -> None:
    with redirect_stdout(screen):
        print_folded("removed", "error")

    assert screen.getvalue() == "\x1b[31mremoved\x1b[0m\n"


def test_the_severity_of_a_problem_has_its_colour(screen: Terminal) -> None:
    with redirect_stdout(screen):
        print_problem(PROBLEM, "a.lock")

    assert screen.getvalue().startswith("a.lock:3:1: \x1b[31merror\x1b[0m: profiles:")
    assert screen.getvalue().endswith("\n    the name is unknown;\n    rename it\n")


def test_elsewhere_a_problem_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_problem(PROBLEM, "a.lock")

    assert capsys.readouterr().out == f"{PROBLEM.render('a.lock')}\n"


def test_a_diff_has_the_colours_of_git_and_whole_lines(screen: Terminal) -> None:
    long = "+" + "x" * 40
    with redirect_stdout(screen):
        print_diff(f"--- a\n+++ b\n@@ -1 +1 @@\n same\n-old\n{long}\n")

    assert screen.getvalue().splitlines() == [
        "\x1b[2m--- a\x1b[0m",
        "\x1b[2m+++ b\x1b[0m",
        "\x1b[2m@@ -1 +1 @@\x1b[0m",
        " same",
        "\x1b[31m-old\x1b[0m",
        f"\x1b[32m{long}\x1b[0m",
    ]


@pytest.mark.parametrize("command", [("check",), ("validate",), ("scan", ".")])
def test_commands_break_no_word_at_the_edge(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        '[[profiles.default.bindings]]\nalias = "a-name-of-many-words"\n'
        'models = ["openai:gpt-6-sol", "openai:gpt-9-unheard-of"]\n'
    )
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = run_on_terminal("lock", *command)

    assert max(map(len, shown.splitlines())) <= 72


def test_a_difference_breaks_no_word_at_the_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[[profiles.default.bindings]]\nalias = "fast"\nmodels = [{}]\n'
    write(text.format('"openai:gpt-6-sol", "google:gemini-3.5-flash-lite"'), "old.lock")
    write(text.format('"anthropic:claude-sonnet-5-5", "openai:gpt-6-luna"'), "new.lock")
    monkeypatch.setenv("COLUMNS", "72")
    monkeypatch.setenv("NO_COLOR", "1")

    _, shown = run_on_terminal("lock", "diff", "old.lock", "new.lock")

    assert "google:gemini-3.5-flash-lite" in shown
    assert max(map(len, shown.splitlines())) <= 72
