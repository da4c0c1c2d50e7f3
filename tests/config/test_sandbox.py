"""The folder that takes the place of the user's own while tests run."""

from pathlib import Path

import pytest

from llmring.config import sandbox
from llmring.config.settings import (
    kept_keys_path,
    read_settings,
    trusted_lockfiles,
    user_places,
)


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Make a sandbox that replaces the places of this user."""
    environ = {
        "HOME": str(tmp_path / "home"),
        "XDG_STATE_HOME": str(tmp_path / "home" / "state"),
        "XDG_CACHE_HOME": str(tmp_path / "home" / "cache"),
        "LLMRING_LEDGER_URL": "postgresql://me:s3cret-0123456789@db.example/ledger",
        "LLMRING_REDIS_URL": "redis://:s3cret-0123456789@redis.example",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    cache = tmp_path / "home" / "cache" / "llmring"
    (cache / "registry").mkdir(parents=True)
    (cache / "registry" / "catalog").write_text("facts")
    (cache / "model.gguf").write_text("weights")
    (tmp_path / "box").mkdir()
    found, places = user_places()
    monkeypatch.setattr(sandbox, "current", sandbox.make(tmp_path / "box", places, found))
    return environ


def test_all_places_of_the_user_are_replaced(user: dict[str, str], tmp_path: Path) -> None:
    settings, box = read_settings(), tmp_path / "box"

    assert settings.state_dir == box / "state"
    assert settings.cache_dir == box / "cache"
    assert settings.ledger == box / "state" / "ledger.sqlite"
    assert settings.redis_url is None
    assert str(box) in str(vars(trusted_lockfiles()))
    assert kept_keys_path() is None


def test_places_that_a_test_names_itself_are_used(user: dict[str, str], tmp_path: Path) -> None:
    own = {
        "XDG_STATE_HOME": str(tmp_path / "own"),
        "XDG_CACHE_HOME": str(tmp_path / "own"),
        "LLMRING_LEDGER_URL": f"sqlite://{tmp_path}/own.sqlite",
        "LLMRING_REDIS_URL": "redis://127.0.0.1:7000",
    }
    settings = read_settings({**user, **own})

    assert settings.state_dir == settings.cache_dir == tmp_path / "own" / "llmring"
    assert settings.ledger == tmp_path / "own.sqlite"
    assert settings.redis_url == "redis://127.0.0.1:7000"


def test_models_and_facts_of_the_user_can_be_read_and_not_changed(
    user: dict[str, str], tmp_path: Path
) -> None:
    kept = read_settings().cache_dir

    assert (kept / "model.gguf").read_text() == "weights"
    (kept / "registry" / "catalog").write_text("changed")
    assert (tmp_path / "home/cache/llmring/registry/catalog").read_text() == "facts"


def test_a_sandbox_is_loaded_again_and_holds_no_password(
    user: dict[str, str], tmp_path: Path
) -> None:
    assert sandbox.load(tmp_path / "box") == sandbox.current
    assert "s3cret" not in (tmp_path / "box" / "sandbox.json").read_text()


@pytest.mark.parametrize("text", [None, "no JSON", "{}"])
def test_a_sandbox_that_is_gone_or_damaged_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "sandbox.json").write_text(text)

    assert sandbox.load(tmp_path) is None
