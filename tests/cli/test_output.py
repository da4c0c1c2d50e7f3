import contextlib
import io
import re
import subprocess
import sys
from decimal import Decimal

import pytest

from cli.terminal import lockfile_of, run, run_on_terminal, write
from llmring.cli.colour import Styled
from llmring.cli.output import (
    harmless,
    print_error,
    print_error_lines,
    print_json,
    print_line,
    print_note,
    print_out,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one", "one"),
        ("", ""),
        ("all failed:\n  a failed\n  b skipped", "all failed: a failed; b skipped"),
        ("tab\tand \x1b[31mred\x9b", "tab and  [31mred "),
        ("Grüße → 世界", "Grüße → 世界"),
    ],
)
def test_a_note_is_one_line_on_standard_error(
    capsys: pytest.CaptureFixture[str], text: str, line: str
) -> None:
    print_note(text)

    assert capsys.readouterr() == ("", f"{line}\n")


def test_an_error_names_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    print_error("it is\nas it is")

    assert capsys.readouterr() == ("", "llmring: it is as it is\n")


def test_lines_of_an_error_are_kept_without_what_controls_a_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_error_lines("all failed:\n  a  \x1b[31mred\n  b  skipped")

    assert capsys.readouterr() == (
        "",
        "llmring: all failed:\n  a   [31mred\n  b  skipped\n",
    )


def test_the_first_line_of_an_error_has_its_colour(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_error_lines("all failed:\n  a  failed")

    assert capsys.readouterr().err == "\x1b[31mllmring: all failed:\x1b[0m\n  a  failed\n"


def test_json_keeps_characters_that_the_output_can_encode(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"text": "Grüße"})

    assert capsys.readouterr() == ('{\n  "text": "Grüße"\n}\n', "")


def test_json_writes_small_amounts_as_decimals(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"cost": Decimal("7.5E-7")})

    assert capsys.readouterr().out == '{\n  "cost": "0.00000075"\n}\n'


@pytest.mark.parametrize(
    ("variables", "shown"),
    [
        ({}, "a b"),
        ({"FORCE_COLOR": "1"}, "a \x1b[31mb\x1b[0m"),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "a b"),
    ],
)
def test_a_pipe_has_colour_only_if_forced(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    shown: str,
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    print_line("a ", Styled("b", "error"))

    assert capsys.readouterr().out == f"{shown}\n"


def test_an_output_without_an_encoding_accepts_all_characters() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as output:
        print_out("Grüße → 世界")

    assert output.getvalue() == "Grüße → 世界\n"


def test_characters_that_can_t_be_encoded_are_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    print_out("half a pair: \ud83d")

    assert capsys.readouterr().out == "half a pair: \\ud83d\n"


def test_notes_are_dropped_if_standard_error_is_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr", None)

    print_note("unheard")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_output_is_discarded_also_if_the_parent_has_closed_a_stream(closed: str) -> None:
    code = (
        f"import sys; sys.{closed} = None\n"
        "from llmring.cli.output import discard_output, print_note, print_out\n"
        "discard_output(); print_out('lost'); print_note('lost'); sys.exit(3)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (3, b"", b"")


# Writes the clipboard (OSC 52), clears the screen, by C0 and by C1; turns letters round.
EVIL = "%1b%5d52%3bc%3bcm0gLXJm%07%1b%5b2J%c2%9b2J%e2%80%ae%e2%81%a6hello%0a%09world"


# The colours that llmring itself gives.
COLOURS = re.compile("\x1b\\[(?:0|2|31|32|33)m")


def lockfile(text: str = EVIL) -> str:
    return lockfile_of(default={"default": [f"mock:fixed?text={text}"]})


@pytest.mark.parametrize("words", [[], ["--no-stream"], ["--json"], ["--explain", "-v"]])
@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_a_model_s_text_can_t_control_a_terminal(
    monkeypatch: pytest.MonkeyPatch, words: list[str], term: str
) -> None:
    monkeypatch.setenv("TERM", term)
    write(lockfile())

    code, shown = run_on_terminal("chat", *words, "Hi")

    assert code == 0
    assert "hello" in shown
    # Of the Markdown that is drawn again: hide and show the cursor, wipe a line, go up.
    shown = re.sub(r"\x1b\[(\?25[lh]|2K|1A)", "", shown)
    assert not set(shown) & set("\x1b\x07\x9b\u202e\u2066")


def test_a_pipe_gets_a_model_s_text_as_it_is() -> None:
    write(lockfile())

    assert (
        run("chat", "Hi").out == "\x1b]52;c;cm0gLXJm\x07\x1b[2J\x9b2J\u202e\u2066hello\n\tworld\n"
    )


@pytest.mark.parametrize("words", [["aliases"], ["explain", "default"], ["lock", "validate"]])
def test_a_file_s_text_can_t_control_a_terminal(words: list[str]) -> None:
    models = '["mock:a\\u001b[2J\\u009b2J"]'
    write(f'[[profiles.default.bindings]]\nalias = "default"\nmodels = {models}\n')

    _, shown = run_on_terminal(*words)

    assert "2J" in shown
    assert not set(COLOURS.sub("", shown)) & set("\x1b\x9b")


def test_control_characters_are_removed_and_lines_and_tabs_kept() -> None:
    assert harmless("\x1b[2J\x07a\tb\nc\r\x9bd\x7f\u202e\u2069") == "[2Ja\tb\ncd"
