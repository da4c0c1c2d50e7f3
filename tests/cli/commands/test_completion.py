import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.terminal import Call, lockfile_of, write
from llmring.cli.commands.completion import SCRIPTS

TEXT = lockfile_of(
    default={"fast": ["openai:gpt-4o-mini"], "fancy": ["mine:model-1"], "fa$(id)": ["mine:x"]},
    dev={"assistant": ["ollama:llama3.2"]},
)


@pytest.fixture(autouse=True)
def _lockfile() -> None:
    write(TEXT)


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
