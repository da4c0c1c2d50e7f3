import contextlib
import io

import pytest

from llmring.cli.output import print_error, print_json, print_note, print_out, table


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


def test_json_keeps_characters_that_the_output_can_encode(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"text": "Grüße"})

    assert capsys.readouterr() == ('{\n  "text": "Grüße"\n}\n', "")


def test_the_columns_of_a_table_are_aligned() -> None:
    assert table([("a", "bb", "c"), ("aaa", "b", "")]) == ["a    bb  c", "aaa  b"]


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
