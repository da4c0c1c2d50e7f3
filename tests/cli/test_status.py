"""llmring status: what a person and a program are shown."""

import json
import socket

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
  each process keeps its own, and this one has just begun; look there with ring.status(),
  or share them: set LLMRING_REDIS_URL
"""


def test_a_person_is_shown_the_lockfile_the_keys_and_where_circuits_are(call: Call) -> None:
    assert call("status") == (0, SHOWN, "")


def test_a_program_gets_it_as_json_without_any_key(call: Call) -> None:
    outcome = call("status", "--json")

    told = json.loads(outcome.out)
    assert outcome.code == 0
    assert told["profile"] == "default"
    assert [each["key"] for each in told["providers"]] == ["set", "not set"]
    assert told["circuits"] == []
    assert KEY not in outcome.out


def test_a_redis_that_can_t_be_reached_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("LLMRING_REDIS_URL", f"redis://:hunter2@127.0.0.1:{port}")

    outcome = call("status")

    assert outcome.code == 0
    assert f"circuits in Redis at 127.0.0.1:{port}:" in outcome.out
    assert "can't be reached" in outcome.out
    assert "hunter2" not in outcome.out + outcome.err


def test_a_redis_address_that_can_t_be_one_is_a_plain_error(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_REDIS_URL", "localhost")

    outcome = call("status")

    assert outcome.code == 1
    assert "LLMRING_REDIS_URL" in outcome.err
