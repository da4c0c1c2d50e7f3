"""The list of trusted lockfiles."""

import os
import stat
from pathlib import Path

import pytest

from llmring import ConfigurationError
from llmring.config.settings import trusted_lockfiles
from llmring.config.trust import TrustedLockfiles


def test_consent_is_for_one_path_and_one_fingerprint(tmp_path: Path) -> None:
    TrustedLockfiles(tmp_path / "state").add(tmp_path / "a.lock", "one")
    trusted = TrustedLockfiles(tmp_path / "state")

    assert trusted.holds(tmp_path / "a.lock", "one")
    assert not trusted.holds(tmp_path / "a.lock", "two")
    assert not trusted.holds(tmp_path / "b.lock", "one")


def test_consent_to_a_link_is_consent_to_its_file(tmp_path: Path) -> None:
    (tmp_path / "real.lock").touch()
    (tmp_path / "link.lock").symlink_to(tmp_path / "real.lock")
    trusted = TrustedLockfiles(tmp_path)

    trusted.add(tmp_path / "link.lock", "one")

    assert trusted.holds(tmp_path / "real.lock", "one")


def test_consent_can_be_taken_back(tmp_path: Path) -> None:
    trusted = TrustedLockfiles(tmp_path)
    trusted.add(tmp_path / "a.lock", "one")
    trusted.add(tmp_path / "b.lock", "two")

    assert trusted.remove(tmp_path / "a.lock")
    assert not trusted.remove(tmp_path / "a.lock")
    assert not trusted.holds(tmp_path / "a.lock", "one")
    assert trusted.holds(tmp_path / "b.lock", "two")


def test_a_damaged_list_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "trusted.json").write_text("{")

    with pytest.raises(ConfigurationError, match=r"trusted\.json is not JSON; remove it"):
        TrustedLockfiles(tmp_path).holds(tmp_path / "a.lock", "one")


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_the_list_is_for_its_user_alone(tmp_path: Path) -> None:
    TrustedLockfiles(tmp_path / "state").add(tmp_path / "a.lock", "one")

    assert stat.S_IMODE((tmp_path / "state" / "trusted.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("exists", [True, False])
def test_a_list_that_is_a_link_stays_one(tmp_path: Path, exists: bool) -> None:
    real = tmp_path / "dotfiles" / "trusted.json"
    if exists:
        real.parent.mkdir()
        real.write_text("{}")
        real.chmod(0o600)
    (tmp_path / "trusted.json").symlink_to(real)

    TrustedLockfiles(tmp_path).add(tmp_path / "a.lock", "one")

    assert (tmp_path / "trusted.json").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert TrustedLockfiles(tmp_path).holds(tmp_path / "a.lock", "one")


def test_without_a_home_folder_nothing_is_trusted_or_remembered(tmp_path: Path) -> None:
    trusted = trusted_lockfiles({})

    with pytest.raises(ConfigurationError, match=r"set HOME or XDG_STATE_HOME, .*: --trust"):
        trusted.add(tmp_path / "a.lock", "one")

    assert not trusted.holds(tmp_path / "a.lock", "one")
    assert not trusted.remove(tmp_path / "a.lock")
    assert [*Path().iterdir()] == []
