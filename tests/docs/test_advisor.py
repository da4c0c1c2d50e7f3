"""docs/advisor.md: its commands, outputs and requests work."""

import re
import shlex
from pathlib import Path

import pytest

from advisor.fakes import editor_of
from cli.terminal import run
from llmring.advisor.intent import read
from llmring.advisor.rule_based import vocabulary
from llmring.cli.lock.chat import COMMANDS, QUIT

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "advisor.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```console\n\$ llmring (.*?)\n(.*?)```", PAGE, re.DOTALL)
[_, PLAIN, *_] = re.split(r"understands plain requests.*?\n\n|\n\n`llmring lock init", PAGE)


def test_the_commands_print_what_the_page_shows() -> None:
    assert SHOWN
    for words, shown in SHOWN:
        assert run(*shlex.split(words)).out.startswith(shown)


def test_the_page_lists_every_command_of_the_conversation() -> None:
    assert {*re.findall(r"`(/\w+)`", PAGE)} == {*COMMANDS, QUIT}


@pytest.mark.parametrize("request_", re.findall(r"`([^`]+)`", PLAIN))
def test_the_guided_mode_understands_the_requests_on_the_page(request_: str) -> None:
    assert read(request_, vocabulary(editor_of())).kind != "unclear"
