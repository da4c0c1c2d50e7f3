"""`llmring trust`."""

import json
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error, write

TABLE = '[providers.mine]\nkind = "openai"\nbase_url = "https://h.example/v1"\napi_key_env = "K"\n'
LINE = "sends the key in K to h.example (providers.mine)"


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def test_it_shows_what_goes_where_and_records_the_consent(call: Call, state: Path) -> None:
    write(TABLE)

    assert call("trust", "--show").out == f"{LINE}\n"
    assert not state.exists()
    assert call("trust") == (0, f"{LINE}\n", "llmring.lock: trusted\n")
    assert call("trust", "--show").err == "llmring.lock: trusted\n"


def test_consent_is_taken_back(call: Call) -> None:
    write(TABLE)
    call("trust")

    assert call("trust", "--revoke").err == "llmring.lock: consent taken back\n"
    assert call("trust", "--show").err.endswith("to agree: llmring trust\n")
    assert call("trust", "--revoke").err == "llmring.lock: was not trusted\n"


def test_json_lists_the_settings(call: Call) -> None:
    path = write(TABLE).resolve()

    shown = json.loads(call("trust", "--show", "--json").out)

    assert shown == {"file": str(path), "trusted": False, "settings": [LINE]}


def test_aliases_alone_need_no_consent(call: Call, state: Path) -> None:
    write('[[profiles.default.bindings]]\nalias = "a"\nmodels = ["mock:echo"]\n')

    assert call("trust") == (0, "", "llmring.lock: nothing that needs consent\n")
    assert not state.exists()


def test_without_a_lockfile_the_error_names_the_fix(call: Call) -> None:
    result = call("trust")

    assert result.code == 1
    assert is_plain_error(result.err)
