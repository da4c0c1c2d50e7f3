"""The commands of a conversation."""

from pathlib import Path

import pytest

from cli.terminal import FIRST, SECOND, lockfile_of, write
from llmring import LLMRequest, LLMRing, Message
from llmring.cli.chat.ongoing_chat import Conversation
from llmring.cli.chat.slash_commands import COMMANDS, HELP, QUIT, as_markdown, run_command


@pytest.fixture
def talk() -> Conversation:
    write(lockfile_of(default={"fast": [FIRST, SECOND]}, prod={"best": [SECOND]}))
    said = [Message("user", "Hello"), Message("assistant", "Hi\n")]
    return Conversation(LLMRing(), LLMRequest("fast", said), None)


def test_the_help_lists_every_command(talk: Conversation) -> None:
    assert run_command("/help", talk) == HELP
    assert [line.split()[0] for line in HELP.splitlines()] == [
        *(each for each in COMMANDS if each != "/help"),
        QUIT,
    ]


def test_another_alias_is_asked_if_it_exists(talk: Conversation) -> None:
    assert f"fast → {FIRST}, {SECOND}" in run_command("/alias", talk)
    assert "No alias 'best'" in run_command("/alias best", talk)
    assert talk.model == "fast"
    run_command("/model mock:echo", talk)
    assert talk.model == "mock:echo"
    run_command("/model fast", talk)
    assert talk.model == "fast"


def test_another_profile_brings_its_own_alias(talk: Conversation) -> None:
    assert "unknown profile 'nowhere'" in run_command("/profile nowhere", talk)
    assert talk.profile is None
    run_command("/profile prod", talk)
    assert [talk.profile, talk.model] == ["prod", "best"]


def test_a_conversation_is_saved_to_a_new_file_only(talk: Conversation) -> None:
    assert run_command("/save talk.md", talk) == "Saved as talk.md."
    assert Path("talk.md").read_text() == "## User\n\nHello\n\n## Assistant\n\nHi\n"
    assert "exists" in run_command("/save talk.md", talk)
    assert "That failed" in run_command("/save nowhere/talk.md", talk)
    assert as_markdown(talk) == Path("talk.md").read_text()


def test_files_are_attached_by_path_or_url(talk: Conversation) -> None:
    assert "has 1 file." in run_command("/attach https://example.com/a.png", talk)
    assert "That failed" in run_command("/attach missing.png", talk)
    assert len(talk.attached) == 1


def test_the_last_question_is_taken_back(talk: Conversation) -> None:
    assert run_command("/undo", talk) == "Undone: Hello"
    assert run_command("/undo", talk) == "Nothing to undo."


def test_another_command_is_unknown(talk: Conversation) -> None:
    assert run_command("/sav talk.md", talk).startswith("Unknown command /sav; use one of /alias")
