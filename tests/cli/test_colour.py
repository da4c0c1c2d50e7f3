import io

import pytest

from llmring.cli.colour import columns, has_colour, painted


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "screen", "pipe"),
    [
        ({}, True, False),
        ({"NO_COLOR": ""}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colour_is_for_terminals_and_the_variables_are_obeyed(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], screen: bool, pipe: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert (has_colour(Screen()), has_colour(io.StringIO())) == (screen, pipe)


@pytest.mark.parametrize(
    ("wanted", "width"), [("", 80), ("120", 120), ("0", 80), ("wide", 80), ("-3", 80)]
)
def test_only_a_terminal_has_a_width(
    monkeypatch: pytest.MonkeyPatch, wanted: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", wanted)

    assert columns(Screen()) == width
    assert columns(io.StringIO()) is None
    assert columns(None) is None


def test_an_empty_text_gets_no_colour() -> None:
    assert (painted("", "error"), painted("a", "dim")) == ("", "\x1b[2ma\x1b[0m")
