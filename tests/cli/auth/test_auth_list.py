"""`llmring auth list`."""

import json
import sys

import pytest

from cli.terminal import Call


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


def test_without_keys_the_way_to_keep_one_is_noted(call: Call) -> None:
    assert call("auth", "list") == (0, "", "no keys; keep one: llmring auth set openai\n")


def test_kept_and_set_keys_are_listed_with_their_places(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("auth", "set", "openai", stdin="sk-one")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-two")
    monkeypatch.setenv("GROQ_API_KEY", "gsk-three")

    rows = [line.split(maxsplit=1) for line in call("auth", "list").out.splitlines()]

    assert rows == [["openai", "OPENAI_API_KEY, file"], ["groq", "GROQ_API_KEY"]]
    assert json.loads(call("auth", "list", "--json").out) == [
        {"provider": "openai", "variables": ["OPENAI_API_KEY"], "kept": "file"},
        {"provider": "groq", "variables": ["GROQ_API_KEY"], "kept": None},
    ]
