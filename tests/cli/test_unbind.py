import json
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, lockfile_of, run, write
from llmring.lockfile.file import BUNDLED
from lockfile.texts import EXAMPLE


def test_an_alias_is_removed() -> None:
    path = write(lockfile_of(default={"fast": ["openai:gpt-4o"], "deep": ["openai:o3"]}))

    told = run("unbind", "fast")

    assert told == (0, "fast removed\n", "from profile default of llmring.lock\n")
    assert path.read_text() == lockfile_of(default={"deep": ["openai:o3"]})


def test_the_profile_can_be_named(call: Call) -> None:
    write(EXAMPLE)

    call("unbind", "assistant", "--profile", "dev")

    assert call("aliases", "--profile", "dev").out == ""
    assert call("aliases", "--profile", "prod").out == "assistant → anthropic:claude-3-5-sonnet\n"


def test_what_bind_has_added_goes_without_a_trace(call: Call) -> None:
    path = write(EXAMPLE)

    call("bind", "new", "openai:gpt-4o,ollama:llama3.2", "--profile", "staging")
    call("unbind", "new", "--profile", "staging")

    assert path.read_text(encoding="utf-8") == EXAMPLE


def test_an_alias_that_is_not_there_is_an_error_with_the_nearest_one(call: Call) -> None:
    path = write(EXAMPLE)

    told = call("unbind", "balance")

    assert (told.code, told.out) == (1, "")
    assert is_plain_error(told.err)
    assert "did you mean 'balanced'?" in told.err
    assert path.read_text(encoding="utf-8") == EXAMPLE


def test_a_profile_that_is_not_there_is_an_error(call: Call) -> None:
    write(EXAMPLE)

    told = call("unbind", "fast", "--profile", "staging")

    assert (told.code, told.out) == (1, "")
    assert "no profile 'staging'" in told.err


@pytest.mark.parametrize("options", [[], ["--file", "other/llmring.lock"]], ids=["here", "named"])
def test_C011_without_a_lockfile_there_is_nothing_to_unbind(call: Call, options: list[str]) -> None:
    bundled = BUNDLED.read_bytes()

    told = call("unbind", "fast", *options)

    assert (told.code, told.out) == (1, "")
    assert "llmring.lock: does not exist, so nothing can be unbound in it" in told.err
    assert BUNDLED.read_bytes() == bundled
    assert list(Path().iterdir()) == []


def test_a_removal_is_told_to_programs_too(call: Call) -> None:
    write(EXAMPLE)

    told = call("unbind", "fast", "--json")

    assert json.loads(told.out)["alias"] == "fast"
