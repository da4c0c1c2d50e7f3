"""`llmring auth path`."""

import sys
from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error
from llmring.config.kept_keys import INSTALL


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


def test_the_path_is_printed_with_a_note_on_the_place_of_new_keys(
    call: Call, tmp_path: Path
) -> None:
    path = tmp_path / "config" / "llmring" / "keys.json"

    assert call("auth", "path") == (
        0,
        f"{path}\n",
        f"new keys go to the file (for the system's keyring: {INSTALL})\n",
    )


def test_without_a_home_folder_it_is_an_error(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)

    result = call("auth", "path")

    assert result.code == 1
    assert is_plain_error(result.err)
