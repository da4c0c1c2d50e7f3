import json
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, lockfile_of, run, write
from llmring.lockfile.default_lockfile import BUNDLED
from lockfile.texts import EXAMPLE


def test_an_alias_is_removed() -> None:
    path = write(lockfile_of(default={"fast": ["openai:gpt-4o"], "deep": ["openai:o3"]}))

    result = run("unbind", "fast")

    assert result == (0, "fast removed\n", "from profile default of llmring.lock\n")
    assert path.read_text() == lockfile_of(default={"deep": ["openai:o3"]})


def test_the_profile_option_selects_the_profile(call: Call) -> None:
    write(EXAMPLE)

    call("unbind", "assistant", "--profile", "dev")

    assert call("aliases", "--profile", "dev").out == ""
    assert call("aliases", "--profile", "prod").out == "assistant → anthropic:claude-3-5-sonnet\n"


def test_unbind_removes_all_that_bind_added(call: Call) -> None:
    path = write(EXAMPLE)

    call("bind", "new", "openai:gpt-4o,ollama:llama3.2", "--profile", "staging")
    call("unbind", "new", "--profile", "staging")

    assert path.read_text(encoding="utf-8") == EXAMPLE


def test_an_unknown_alias_is_an_error_with_a_suggestion(call: Call) -> None:
    path = write(EXAMPLE)

    result = call("unbind", "balance")

    assert (result.code, result.out) == (1, "")
    assert is_plain_error(result.err)
    assert "did you mean 'balanced'?" in result.err
    assert path.read_text(encoding="utf-8") == EXAMPLE


def test_an_unknown_profile_is_an_error(call: Call) -> None:
    write(EXAMPLE)

    result = call("unbind", "fast", "--profile", "staging")

    assert (result.code, result.out) == (1, "")
    assert "unknown profile 'staging'" in result.err


@pytest.mark.parametrize("options", [[], ["--file", "other/llmring.lock"]], ids=["here", "named"])
def test_C011_unbinding_without_a_lockfile_is_an_error(call: Call, options: list[str]) -> None:
    bundled = BUNDLED.read_bytes()

    result = call("unbind", "fast", *options)

    assert (result.code, result.out) == (1, "")
    assert "llmring.lock: does not exist, so it has no aliases to remove" in result.err
    assert BUNDLED.read_bytes() == bundled
    assert list(Path().iterdir()) == []


def test_json_prints_the_removed_alias(call: Call) -> None:
    write(EXAMPLE)

    result = call("unbind", "fast", "--json")

    assert json.loads(result.out)["alias"] == "fast"
