"""llmring _complete: the completions of a command line being typed."""

import pytest

from cli.terminal import Call, lockfile_of, write
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
        ("auth set anth", ["anthropic"]),
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
