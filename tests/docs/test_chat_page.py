"""docs/chat.md: its commands and options exist, and its outputs are those of the commands."""

import argparse
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

import answers
from cli.terminal import run
from llmring.cli.chat.chat_options import add_chat_options
from llmring.cli.chat.kept_chats import NAME
from llmring.cli.chat.slash_commands import COMMANDS, QUIT
from loopback import Loopback

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "chat.md").read_text(encoding="utf-8")
[BASH] = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
LINES = [line.partition("  #")[0].rpartition("| ")[2].strip() for line in BASH.splitlines()]
[SHOWN] = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("line", LINES)
def test_the_commands_of_the_page_run(
    line: str, serve: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(answers.openai('```\n{"name": "Ann", "age": 3}\n```'))
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    Path("llmring.lock").write_text(
        '[[profiles.default.bindings]]\nalias = "fast"\nmodels = ["openai:gpt-4o-mini"]\n'
    )
    program, *words = shlex.split(line)

    assert program == "llmring"
    assert run(*words).code == 0


def test_kept_keys_are_shown_as_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    shown = ""
    for line in re.findall(r"^\$ llmring (.*)$", SHOWN, re.MULTILINE):
        result = run(*shlex.split(line.partition(" <")[0]), stdin="sk-0123" if "<" in line else "")
        shown += f"$ llmring {line}\n{result.out}{result.err}"

    # Why there is no keyring depends on what is installed.
    why = re.compile(r"(the file) \(.*\)")
    assert why.sub(r"\1", shown) == why.sub(r"\1", SHOWN)


def test_the_page_lists_every_command_of_the_conversation() -> None:
    assert {*re.findall(r"^\| `(/\w+)`", PAGE, re.MULTILINE)} == {*COMMANDS, QUIT}


def test_the_options_of_the_page_exist() -> None:
    parser = argparse.ArgumentParser()
    add_chat_options(parser)
    table = re.findall(r"^\| (`-.*?`) \|", PAGE, re.MULTILINE)
    named = {each for cell in table for each in re.findall(r"`(-[\w-]+)`", cell)}

    assert len(named) > 10
    assert named <= {name for each in parser._actions for name in each.option_strings}


def test_the_file_of_the_last_conversation_is_named() -> None:
    assert f"`{NAME}`" in PAGE
