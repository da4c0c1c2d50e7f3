import json

import pytest

from cli.terminal import Call, write
from llmring.providers.table import PROVIDERS

KEY = "sk-secret-0123456789"


def test_every_provider_is_listed_with_the_state_of_its_key(call: Call) -> None:
    result = call("providers")

    assert [line.split()[0] for line in result.out.splitlines()] == [*PROVIDERS]
    assert "no key; set OPENAI_API_KEY" in result.out


def test_a_set_key_is_reported_but_not_shown(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    result = call("providers")

    assert "key set (OPENAI_API_KEY)" in result.out
    assert KEY not in result.out + result.err


def test_providers_of_the_lockfile_are_listed_too(call: Call) -> None:
    write('[providers.mine]\nkind = "openai"\nbase_url = "http://localhost:9/v1"\n')

    result = json.loads(call("providers", "--json").out)

    assert result[-1] == {
        "name": "mine",
        "key": "not needed",
        "variables": [],
        "base_url": "http://localhost:9/v1",
        "problem": None,
    }
