"""llmring status: printed as text and as JSON."""

import json
import socket
import sys

import pytest

from cli.terminal import Call, lockfile_of, write

KEY = "sk-first-0123456789abcdef"


@pytest.fixture(autouse=True)
def two_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    write(lockfile_of(default={"fast": ["openai:gpt-4o-mini", "anthropic:claude-sonnet-4-5"]}))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


SHOWN = """\
lockfile: llmring.lock (in this folder)
profile: default

providers:
  openai     key set (OPENAI_API_KEY)       https://api.openai.com/v1
  anthropic  no key; set ANTHROPIC_API_KEY  https://api.anthropic.com

circuits:
  each process has its own, and this one has just started; call ring.status() in yours, or set \
LLMRING_REDIS_URL to share them
"""


def test_lockfile_keys_and_the_place_of_circuits_are_printed(call: Call) -> None:
    assert call("status") == (0, SHOWN, "")


def test_json_contains_the_status_without_any_key(call: Call) -> None:
    outcome = call("status", "--json")

    result = json.loads(outcome.out)
    assert outcome.code == 0
    assert result["profile"] == "default"
    assert [each["key"] for each in result["providers"]] == ["set", "not set"]
    assert result["circuits"] == []
    assert KEY not in outcome.out


def test_an_unreachable_redis_is_reported(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("LLMRING_REDIS_URL", f"redis://:hunter2@127.0.0.1:{port}")

    outcome = call("status")

    assert outcome.code == 0
    assert f"circuits in Redis at 127.0.0.1:{port}:" in outcome.out
    assert "unreachable; " in outcome.out
    assert "hunter2" not in outcome.out + outcome.err


def test_an_invalid_redis_url_is_a_plain_error(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_REDIS_URL", "localhost")

    outcome = call("status")

    assert outcome.code == 1
    assert "LLMRING_REDIS_URL" in outcome.err


def test_the_name_of_the_project_is_shown(call: Call) -> None:
    write('name = "my-app"\n[profiles.default]\n')

    assert "\nproject: my-app\n" in call("status").out


def test_a_kept_key_is_not_said_to_be_in_a_variable(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    call("auth", "set", "anthropic", stdin=KEY)

    lines = call("status").out.splitlines()

    assert ["anthropic", "key", "set", "https://api.anthropic.com"] in map(str.split, lines)
