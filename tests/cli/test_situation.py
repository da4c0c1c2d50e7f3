import subprocess
import sys
from pathlib import Path

import pytest

from cli.terminal import Call, lockfile_of, write

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GEMINI_API_KEY")
SOLO = {"fast": ["openai:gpt-6-luna"], "deep": ["anthropic:claude-haiku-5-5"]}


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch, no_local_model: None) -> None:
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)


def next_step(out: str) -> str:
    line = next(line for line in out.splitlines() if line.startswith("next:"))
    return line.removeprefix("next:").partition("   (")[0].strip()


def test_without_a_lockfile_the_next_step_is_to_create_one(call: Call) -> None:
    result = call()

    assert (result.code, result.err) == (0, "")
    assert next_step(result.out) == "llmring lock init"


def test_aliases_that_can_be_called_are_counted_and_named(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(lockfile_of(default=SOLO))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789")

    result = call()

    rows = dict(line.split("  ", 1) for line in result.out.splitlines() if "  " in line)
    assert rows["aliases"].strip() == "2, of which 1 can be called: fast"
    assert rows["keys set"].strip() == "openai"
    assert rows["profile"].strip() == "default"
    assert next_step(result.out) == 'llmring chat "Hello" --model fast'
    assert "secret" not in result.out


def test_the_default_alias_needs_no_name(call: Call) -> None:
    write(lockfile_of(default={"default": ["mock:fixed"]}))

    assert next_step(call().out) == 'llmring chat "Hello"'


def test_the_first_missing_key_is_named(call: Call) -> None:
    write(lockfile_of(default=SOLO))

    assert next_step(call().out) == "export OPENAI_API_KEY=..."


def test_a_local_model_that_is_not_here_can_t_be_called(call: Call) -> None:
    write(lockfile_of(default={"off": ["local:smollm2-135m"]}))

    result = call()

    assert "1, of which 0 can be called" in result.out
    assert next_step(result.out) == "llmring doctor"


def test_an_empty_profile_gets_its_first_alias(call: Call) -> None:
    write('version = "1.0"\n[profiles.default]\n')

    assert next_step(call().out).startswith("llmring bind ")


def test_a_lockfile_that_sends_keys_elsewhere_is_to_be_agreed_to(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789")
    elsewhere = '\n[providers.openai]\nbase_url = "https://elsewhere.example/v1"\n'
    write(lockfile_of(default=SOLO) + elsewhere)

    assert next_step(call().out) == "llmring trust"


def test_a_broken_lockfile_is_reported_without_failing(call: Call) -> None:
    write("[profiles.default\n")

    result = call()

    assert result.code == 0
    assert "llmring.lock" in result.err
    assert next_step(result.out) == "llmring lock validate"


def test_a_lockfile_that_was_named_and_is_missing(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_LOCKFILE_PATH", str(Path("nope.lock").resolve()))

    result = call()

    assert result.code == 0
    assert "nope.lock" in result.err


def test_the_situation_loads_neither_http_nor_the_catalog() -> None:
    write(lockfile_of(default=SOLO))
    code = "from llmring.cli.main import main; import sys; main([]); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    heavy = {"httptools", "asyncio", "ssl", "sqlite3", "llmring.client.ring"}
    assert (heavy | {"llmring.registry.bundled"}) & set(done.stdout.split()) == set()
