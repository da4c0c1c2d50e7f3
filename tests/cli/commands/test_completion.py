import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.terminal import Call, lockfile_of, write
from llmring.cli.commands.completion import SCRIPTS
from llmring.cli.main import COMMANDS

TEXT = lockfile_of(
    default={"fast": ["openai:gpt-4o-mini"], "fancy": ["mine:model-1"], "fa$(id)": ["mine:x"]},
    dev={"assistant": ["ollama:llama3.2"]},
)


@pytest.fixture(autouse=True)
def _lockfile() -> None:
    write(TEXT)


def offered(call: Call, *words: str) -> list[str]:
    result = call("_complete", "--", *words)
    assert (result.code, result.err) == (0, "")
    return result.out.splitlines()


def test_the_first_word_completes_to_a_command(call: Call) -> None:
    assert offered(call, "") == [*dict.fromkeys(command.words[0] for command in COMMANDS)]


def test_the_second_word_completes_to_a_subcommand(call: Call) -> None:
    assert offered(call, "lock", "va") == ["validate"]


def test_an_empty_line_completes_like_an_empty_word(call: Call) -> None:
    assert offered(call) == offered(call, "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("unbind fa", ["fast", "fancy"]),
        ("unbind --profile dev ", ["assistant"]),
        ("unbind --profile=dev a", ["assistant"]),
        ("unbind fast ", []),
        ("chat Hello --model fanc", ["fancy"]),
        ("chat -m fanc", ["fancy"]),
        ("chat --model mine:m", ["mine:model-1"]),
        ("bind new mine:m", ["mine:model-1"]),
        ("bind new mine:x,mine:m", ["mine:x,mine:model-1"]),
        ("bind new mine:model-1,mine:m", []),
        ("aliases --profile ", ["default", "dev"]),
        ("aliases --profile=de", ["--profile=default", "--profile=dev"]),
        ("aliases --verb", ["--verbose"]),
        ("aliases --json --profile d", ["default", "dev"]),
        ("completion f", ["fish"]),
        ("lock init --file ", []),
        ("nope ", []),
        ("nope --", []),
    ],
)
def test_options_values_and_names_are_completed(call: Call, line: str, expected: list[str]) -> None:
    assert offered(call, *line.split(" ")) == expected


def test_models_of_the_catalog_are_completed(call: Call) -> None:
    assert "openai:gpt-4o" in offered(call, "bind", "new", "openai:")


def test_an_alias_with_shell_characters_is_not_offered(call: Call) -> None:
    assert "fa$(id)" not in offered(call, "unbind", "")


def test_completion_reads_the_lockfile_named_by_the_file_option(call: Call) -> None:
    write(lockfile_of(default={"other": ["mock:a"]}), "other.lock")

    assert offered(call, "unbind", "--file", "other.lock", "") == ["other"]


@pytest.mark.parametrize("text", ["[", ""], ids=["broken", "empty"])
def test_an_empty_or_bad_lockfile_offers_no_completions(call: Call, text: str) -> None:
    write(text)

    assert offered(call, "unbind", "") == []


def test_the_completion_command_is_hidden_in_the_help(call: Call) -> None:
    assert "_complete" not in call("--help").out


@pytest.mark.parametrize("shell", SCRIPTS)
def test_each_shell_has_a_script(call: Call, shell: str) -> None:
    result = call("completion", shell)

    assert (result.code, result.err) == (0, "")
    assert "_complete -- " in result.out


def test_an_unsupported_shell_is_wrong_usage(call: Call) -> None:
    assert call("completion", "tcsh").code == 2


def need(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


def environment() -> dict[str, str]:
    here = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": f"{here}{os.pathsep}{os.environ['PATH']}"}


def shell_says(shell: str, *words: str) -> list[str]:
    done = subprocess.run(
        [need(shell), *words], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "word", "expected"),
    [
        ("llmring lock va", "va", ["validate"]),
        ("llmring unbind ", "", ["fast", "fancy"]),
        ("llmring aliases --profile de", "de", ["default", "dev"]),
        # Bash starts the word after the last colon, or the last =.
        ("llmring bind new mine:mo", "mo", ["model-1"]),
        ("llmring bind new mine:", "", ["model-1"]),
        ("llmring bind new mine:x,mine:mo", "mo", ["model-1"]),
        ("llmring aliases --profile=de", "de", ["default", "dev"]),
        ('llmring bind new "mine:mo', "mine:mo", ["mine:model-1"]),
        ("llmring nope ", "", []),
    ],
)
def test_bash_completes(line: str, word: str, expected: list[str]) -> None:
    script = (
        'eval "$1"; COMP_LINE=$2 COMP_POINT=${#2}; _llmring llmring "$3" ""; '
        '((${#COMPREPLY[@]})) && printf "%s\\n" "${COMPREPLY[@]}"; complete -p llmring'
    )

    *found, registered = shell_says("bash", "-c", script, "bash", SCRIPTS["bash"], line, word)

    assert set(expected) <= set(found)
    assert expected or not found
    assert registered == "complete -o default -F _llmring llmring"


def test_bash_completes_at_the_cursor_in_the_middle_of_a_line() -> None:
    line = "llmring lock va --json"
    script = 'eval "$1"; COMP_LINE=$2 COMP_POINT=15; _llmring llmring va ""; echo "${COMPREPLY[@]}"'

    assert shell_says("bash", "-c", script, "bash", SCRIPTS["bash"], line) == ["validate"]


def test_zsh_accepts_the_script() -> None:
    script = 'autoload -U compinit && compinit -u -D && eval "$1" && print ${_comps[llmring]}'

    assert shell_says("zsh", "-f", "-c", script, "zsh", SCRIPTS["zsh"]) == ["_llmring"]


def test_fish_completes() -> None:
    script = 'eval $argv[1]; complete -C "llmring lock va"'

    assert shell_says("fish", "--no-config", "-c", script, SCRIPTS["fish"]) == ["validate"]
