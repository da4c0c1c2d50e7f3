"""Conversations on a terminal: questions, commands, Ctrl-C and Ctrl-D."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import answers
from cli.terminal import SECOND
from llmring.cli.chat.kept_chats import NAME
from llmring.config.settings import kept_state_folder
from loopback import Loopback, Pause, as_stream

pexpect = pytest.importorskip("pexpect")

Person = Callable[..., Any]
Vendors = Callable[..., Loopback]


def stream(text: str) -> Any:
    return answers.openai_stream(text)


def end(child: Any) -> None:
    child.sendeof()
    child.expect(pexpect.EOF)


def texts(server: Loopback) -> list[tuple[str, str]]:
    """Return the roles and texts of the messages that the model received last."""
    return [(each["role"], each["content"]) for each in server.requests[-1].json["messages"]]


def kept() -> Path:
    folder = kept_state_folder()
    assert folder is not None
    return folder / NAME


def test_a_conversation_ends_with_exit_too(person: Person) -> None:
    child = person()
    child.expect("You:")
    child.send("/exit\r")
    child.expect(pexpect.EOF)
    child.wait()

    assert child.exitstatus == 0


def test_a_conversation_goes_on_and_is_undone_and_saved(person: Person, openai: Vendors) -> None:
    server = openai(stream("I am one."), stream("I am two."), stream("I am three."))
    child = person("-s", "Be brief", "-v")
    child.expect("fast answers")
    child.expect("You:")
    child.send("first\r")
    child.expect("I am one.")
    child.expect("openai:gpt-4o-mini: 10 tokens in, 2 out")
    child.expect("You:")
    child.send("second\r")
    child.expect("I am two.")
    child.expect("You:")
    child.send("/undo\r")
    child.expect("Undone: second")
    child.expect("You:")
    child.send("third\r")
    child.expect("I am three.")
    child.expect("You:")
    child.send("/save talk.md\r")
    child.expect("Saved as talk.md")
    child.expect("You:")
    child.send("/cost\r")
    child.expect("has cost")
    child.expect("You:")
    end(child)

    said = [("system", "Be brief"), ("user", "first"), ("assistant", "I am one.")]
    assert texts(server) == [*said, ("user", "third")]
    assert Path("talk.md").read_text() == (
        "## System\n\nBe brief\n\n## User\n\nfirst\n\n## Assistant\n\nI am one.\n\n"
        "## User\n\nthird\n\n## Assistant\n\nI am three.\n"
    )
    assert [each["role"] for each in json.loads(kept().read_text())["messages"]] == [
        *("system", "user", "assistant", "user", "assistant")
    ]
    assert stat.S_IMODE(kept().stat().st_mode) == 0o600


def test_ctrl_c_stops_the_answer_and_keeps_the_conversation(
    person: Person, openai: Vendors
) -> None:
    slow = as_stream(answers.ROLE, answers.openai_event(content="Let me think"), Pause(30))
    server = openai(stream("I am one."), slow, stream("I am back."))
    child = person()
    child.expect("You:")
    child.send("first\r")
    child.expect("I am one.")
    child.expect("You:")
    child.send("second\r")
    child.expect("Let me think")
    child.sendintr()
    child.expect(r"\(stopped\)")
    assert server.hung_up.wait(5)
    child.expect("You:")
    child.sendintr()
    child.expect("Ctrl-D or /quit")
    child.expect("You:")
    child.send("third\r")
    child.expect("I am back.")
    child.expect("You:")
    child.send("/quit\r")
    child.expect(pexpect.EOF)

    assert texts(server) == [("user", "first"), ("assistant", "I am one."), ("user", "third")]


def test_the_model_changes_and_a_failover_is_noted_as_it_happens(
    person: Person, openai: Vendors
) -> None:
    openai(answers.openai_error(500), second=answers.anthropic_stream("Salve"))
    child = person("--no-keep")
    child.expect("You:")
    child.send("hello\r")
    child.expect(f"failed: .*; trying {SECOND}")
    child.expect("Salve")
    child.expect("You:")
    child.send("/alias\r")
    child.expect("solo → openai")
    child.expect("You:")
    child.send("/alias solo\r")
    child.expect("next question goes to solo")
    child.expect("You:")
    child.send("hello\r")
    child.expect("That failed: ")
    child.expect("You:")
    child.send("/model mock:echo\r")
    child.expect("next question goes to mock:echo")
    child.expect("You:")
    end(child)

    assert not kept().exists()


def test_a_file_is_attached_to_the_next_question(person: Person, openai: Vendors) -> None:
    server = openai(stream("A dot."), stream("Nothing."))
    Path("dot.png").write_bytes(b"\x89PNG\r\n\x1a\n0000")
    child = person(LLMRING_KEEP_CHATS="0")
    child.expect("You:")
    child.send("/attach dot.jpg\r")
    child.expect("That failed: no file")
    child.expect("You:")
    child.send("/attach dot.png\r")
    child.expect("has 1 file")
    child.expect("You:")
    child.send("What is it?\r")
    child.expect("A dot.")
    child.expect("You:")
    end(child)

    [message] = server.requests[0].json["messages"]
    assert [part["type"] for part in message["content"]] == ["image_url", "text"]
    assert not kept().exists()


def test_a_plain_terminal_needs_no_packages(person: Person, openai: Vendors) -> None:
    openai(stream("I am **one**."))
    Path("prompt_toolkit.py").write_text("raise ImportError")
    child = person(PYTHONPATH=os.pathsep.join([".", *filter(None, sys.path)]))
    child.expect("for line editing and Markdown")
    child.expect("You:")
    child.send("first\n")
    child.expect(r"I am \*\*one\*\*\.")
    child.expect("You:")
    end(child)
