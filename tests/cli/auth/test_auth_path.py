"""`llmring auth path`."""

from pathlib import Path

import pytest

from cli.terminal import Call, is_plain_error


def test_the_path_is_printed(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "config" / "llmring" / "keys.json"

    assert call("auth", "path") == (0, f"{path}\n", "")


def test_without_a_home_folder_it_is_an_error(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)

    result = call("auth", "path")

    assert result.code == 1
    assert is_plain_error(result.err)
