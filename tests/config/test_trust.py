"""The list of trusted lockfiles."""

from pathlib import Path

import pytest

from llmring import ConfigurationError
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
