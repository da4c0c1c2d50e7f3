"""The plain terminal of a conversation: questions, answers and changes, line by line."""

import asyncio
import io

import pytest

from advisor.fakes import MINI
from llmring.advisor.changes import Unbind
from llmring.advisor.editor import Proposal
from llmring.cli.lock.terminal import PlainTerminal, at_work, proposal_lines

DIFF = '@@ -1 +1 @@\n+alias = "dev"'


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> PlainTerminal:
    """Return a terminal whose user types yes, no, and closes the input."""
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\nno\n"))
    return PlainTerminal()


def test_the_input_of_a_pipe_is_echoed_and_its_end_is_an_error(
    typed: PlainTerminal, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (typed.read(), typed.read()) == ("yes", "no")
    with pytest.raises(EOFError):
        typed.read()

    assert capsys.readouterr().out == "You: yes\nYou: no\nYou: "


def test_only_yes_agrees_and_closed_input_does_not(typed: PlainTerminal) -> None:
    async def thrice() -> list[bool]:
        return [await typed.agrees() for _ in range(3)]

    assert asyncio.run(thrice()) == [True, False, False]


def test_the_pieces_of_an_answer_are_one_line_that_other_text_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = PlainTerminal()
    for piece in ("It ", "is."):
        terminal.piece(piece)
    terminal.show("(stopped)")
    terminal.end()

    assert capsys.readouterr().out == "Advisor: It is.\n(stopped)\n"


def test_an_answer_that_starts_over_is_noted_and_begins_on_a_new_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = PlainTerminal()
    terminal.restart()
    terminal.piece("One")
    terminal.restart()
    terminal.piece("Two")
    terminal.end()

    output = capsys.readouterr()
    assert output.out.splitlines()[-1] == "Advisor: Two"
    assert output.err == "the answer starts over\n"


def test_a_running_tool_is_noted_unless_its_effect_is_shown_anyway(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = PlainTerminal()
    for tool in ("find_models", "bind"):
        terminal.working(tool)

    assert capsys.readouterr().err == "looking up models …\n"
    assert at_work("bind") is None


@pytest.mark.parametrize(
    ("evidence", "lines"),
    [((), ["", "Added it."]), (("a fact",), ["", "Added it:", "  a fact"])],
)
def test_a_change_is_described_with_the_facts_about_its_models(
    evidence: tuple[str, ...], lines: list[str]
) -> None:
    assert [*proposal_lines(proposal(evidence))] == lines


def test_a_proposed_change_is_shown_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    PlainTerminal().patch(proposal((f"{MINI}: \x1b[31mcheap",)))

    assert capsys.readouterr().out == f"{DIFF}\n\nAdded it:\n  {MINI}: [31mcheap\n"


def proposal(evidence: tuple[str, ...]) -> Proposal:
    return Proposal(
        change=Unbind("old"), profile="default", done="Added it", diff=DIFF, evidence=evidence
    )
