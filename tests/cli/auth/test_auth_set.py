"""`llmring auth set`."""

import os
import sys
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error
from llmring.cli.main import main
from llmring.config.kept_keys import INSTALL, KeptKeys
from llmring.config.settings import kept_keys_path

KEY = "sk-kept-0123456789abcdef"


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


def kept(provider: str) -> str | None:
    return KeptKeys(kept_keys_path()).key(provider)


def test_a_key_is_read_from_standard_input_and_never_shown(call: Call) -> None:
    assert call("auth", "set", "openai", stdin=f"{KEY}\n") == (
        0,
        "",
        f"openai: key kept in the file (for the system's keyring: {INSTALL})\n",
    )
    assert kept("openai") == KEY
    assert KEY not in str(call("providers")) + str(call("auth", "list")) + str(call("doctor"))
    assert "key set (llmring auth)" in call("providers").out


def test_a_variable_that_wins_is_noted(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "another")

    result = call("auth", "set", "google", stdin=KEY)

    assert result.err.endswith("GEMINI_API_KEY is set, and wins over it\n")


@pytest.mark.parametrize("typed", ["", "  \n", "sk-1\nsk-2", "sk-ü"])
def test_what_can_t_be_a_key_is_refused(call: Call, typed: str) -> None:
    result = call("auth", "set", "openai", stdin=typed)

    assert result.code == 1
    assert is_plain_error(result.err)
    assert kept("openai") is None


def test_bytes_that_are_no_text_are_not_taken_for_no_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "key.txt"
    path.write_bytes(b"sk-\xff")

    with path.open() as piped:
        monkeypatch.setattr("sys.stdin", piped)
        assert main(["auth", "set", "openai"]) == 1

    assert "a character that can't be in a key" in capsys.readouterr().err
    assert kept("openai") is None


@pytest.mark.parametrize("name", ["nowhere", "ollama"])
def test_a_provider_without_keys_is_wrong_usage(call: Call, name: str) -> None:
    result = call("auth", "set", name, stdin=KEY)

    assert result.code == 2
    assert "choose one of openai" in result.err


def test_a_kept_key_is_removed(call: Call) -> None:
    call("auth", "set", "openai", stdin=KEY)

    assert call("auth", "set", "openai", "--remove").err == "openai: key removed\n"
    assert call("auth", "set", "openai", "--remove").err == "openai: no key was kept\n"
    assert kept("openai") is None


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_the_prompt_hides_the_key(tmp_path: Path) -> None:
    pexpect = pytest.importorskip("pexpect")
    words = ["-m", "llmring", "auth", "set", "openai"]
    env = {**os.environ, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}
    child = pexpect.spawn(sys.executable, words, env=env, encoding="utf-8", timeout=20)
    child.expect("Key of openai: ")
    child.sendline(KEY)
    child.expect("openai: key kept")
    child.expect(pexpect.EOF)

    assert KEY not in child.before
    assert kept("openai") == KEY
