"""docs/advisor.md: its commands, outputs and requests work."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from advisor.fakes import Person
from advisor.small_catalog import small_agent, small_editor
from cli.terminal import run
from llmring.advisor.rule_based import RuleBasedReply
from llmring.cli.lock.chat import COMMANDS, QUIT

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "advisor.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ llmring (.*?)\n(.*?)```", PAGE, re.DOTALL)
[LOCKFILE] = re.findall(r"assume this lockfile:\n\n```toml\n(.*?)```", PAGE, re.DOTALL)


def table(header: str) -> list[tuple[str, str]]:
    """Return the rows of the table whose first column has this header."""
    [rows] = re.findall(rf"\| {header} \|.*?\n\|---\|---\|\n((?:\|.*\n)+)", PAGE)
    return [(first, second) for first, second in re.findall(r"\| (.*?) \| (.*?) \|\n", rows)]


def asked(request: str, person: Person) -> RuleBasedReply:
    return asyncio.run(small_agent(small_editor(LOCKFILE), person).say(request))


def test_the_commands_print_what_the_page_shows() -> None:
    assert SHOWN
    for words, shown in SHOWN:
        assert run(*shlex.split(words)).out.startswith(shown)


def test_the_page_lists_every_command_of_the_conversation() -> None:
    assert {*re.findall(r"`(/\w+)`", PAGE)} == {*COMMANDS, QUIT}


@pytest.mark.parametrize(("request_", "change"), table("request"))
def test_a_request_makes_the_change_on_the_page(request_: str, change: str) -> None:
    person = Person()

    assert asked(request_, person).done
    assert [each.done for each in person.proposals] == [change]


@pytest.mark.parametrize("question", [question for question, _ in table("question")])
def test_a_question_is_answered_without_a_change(question: str) -> None:
    person = Person()

    assert asked(question, person).done
    assert person.proposals == []
