"""The user's folders on each platform."""

from pathlib import Path

import pytest

from llmring.config.user_folders import config_folder, is_in_a_home, state_folder

HOME = {"HOME": "/home/me"}


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        (HOME, "linux", "/home/me/.config/llmring"),
        ({**HOME, "XDG_CONFIG_HOME": "/etc/me"}, "linux", "/etc/me/llmring"),
        ({**HOME, "XDG_CONFIG_HOME": "relative"}, "linux", "/home/me/.config/llmring"),
        (HOME, "darwin", "/home/me/Library/Application Support/llmring"),
        ({"APPDATA": "/roaming"}, "win32", "/roaming/llmring"),
        ({"USERPROFILE": "/users/me"}, "win32", "/users/me/AppData/Roaming/llmring"),
    ],
)
def test_settings_have_a_folder_on_each_platform(
    environ: dict[str, str], platform: str, folder: str
) -> None:
    assert config_folder(environ, platform) == Path(folder)


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        (HOME, "linux", "/home/me/.local/state/llmring"),
        ({**HOME, "XDG_STATE_HOME": "/var/me"}, "linux", "/var/me/llmring"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/llmring"),
    ],
)
def test_state_has_a_folder_on_each_platform(
    environ: dict[str, str], platform: str, folder: str
) -> None:
    assert state_folder(environ, platform) == Path(folder)


def test_without_a_home_nothing_is_kept() -> None:
    assert not is_in_a_home(state_folder({}, "linux"))
    assert not is_in_a_home(config_folder({}, "linux"))
    assert is_in_a_home(config_folder(HOME, "linux"))
