"""Conversations in a terminal with line editing, completion and history."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import answers
from advisor.fakes import LOCKFILE, MINI, saying
from cli.terminal import write
from loopback import Loopback, Pause, as_stream

pexpect = pytest.importorskip("pexpect")

Serve = Callable[..., Loopback]
HERE = Path("llmring.lock")


@pytest.fixture
def person() -> Iterator[Callable[..., Any]]:
    """Return a function that starts the conversation in a terminal."""
    started = []

    def start(*options: str) -> Any:
        env = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
        child = pexpect.spawn(
            sys.executable,
            ["-m", "llmring", "lock", "chat", *options],
            env=env,
            encoding="utf-8",
            timeout=20,
            dimensions=(50, 200),
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)


def test_a_terminal_completes_words_and_makes_and_undoes_changes(
    person: Callable[..., Any],
) -> None:
    text = f'{LOCKFILE}\n[registry.models."openai:zebra-1"]\n'
    write(text)
    child = person("--guided", "--history", "typed.txt")
    child.expect("You:")
    child.send("bind openai:zeb\t")
    child.expect("ra-1")
    child.send(" to dev\r")
    child.expect(r"Apply\? \[y/N\]")
    child.send("y\r")
    child.expect("Advisor:.* Done! Added binding dev → openai:zebra-1")
    child.expect("You:")
    assert 'alias = "dev"' in HERE.read_text()
    child.send("/di\t")
    child.expect("ff")
    child.send("\r")
    child.expect(r'\+alias = "dev"')
    child.expect("You:")
    child.send("/undo\r")
    child.expect("Undone: Added binding dev")
    child.expect("You:")
    child.sendeof()
    child.expect("Nothing was changed.")
    child.expect(pexpect.EOF)

    assert HERE.read_text() == text
    typed = [line for line in Path("typed.txt").read_text().split("\n") if line.startswith("+")]
    assert typed == ["+bind openai:zebra-1 to dev", "+/diff", "+/undo"]


def test_ctrl_c_stops_an_answer_and_ctrl_d_ends_the_conversation(
    person: Callable[..., Any], model: Callable[..., Loopback]
) -> None:
    slow = as_stream(answers.ROLE, answers.openai_event(content="Let me think"), Pause(30))
    server = model(slow, saying("I am back."))
    child = person("--model", MINI)
    child.expect("You:")
    child.send("hello\r")
    child.expect("Let me think")
    child.sendintr()
    child.expect(r"\(stopped\)")
    assert server.hung_up.wait(5)
    child.expect("You:")
    child.sendintr()
    child.expect("Ctrl-D or /quit")
    child.expect("You:")
    child.send("still there?\r")
    child.expect("I am back.")
    child.expect("You:")
    child.sendeof()
    child.expect("Nothing was changed.")
    child.expect(pexpect.EOF)


def test_W31_input_is_not_saved_without_the_history_option(
    person: Callable[..., Any], tmp_path: Path
) -> None:
    child = person("--guided")
    child.expect("You:")
    child.send("a secret plan\r")
    child.expect("Advisor:")
    child.expect("You:")
    child.send("/quit\r")
    child.expect(pexpect.EOF)

    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(b"secret plan" in path.read_bytes() for path in kept)


@pytest.mark.parametrize("history", ["nowhere/typed.txt", "."])
def test_an_unwritable_history_file_is_an_error_at_the_start(
    person: Callable[..., Any], history: str
) -> None:
    child = person("--guided", "--history", history)
    child.expect(f"llmring: can't write the history file {history}: .*; name another")
    child.expect(pexpect.EOF)
    child.close()

    assert child.exitstatus == 1
