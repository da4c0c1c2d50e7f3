"""Checks of what the gateway needs."""

from pathlib import Path

import pytest

from access_keys import NOON, OPS, WEB, with_key
from cli.terminal import lockfile_of, write
from llmring.access.key_form import hash_of
from llmring.access.sqlite_keys import SqliteKeyStore
from llmring.audit.machine import CheckResult, Setup, checked, look
from llmring.gateway.server.checks import GATEWAY_CHECKS, keys_check, port_check
from llmring.gateway.server.listening import listening

ONE = lockfile_of(default={"fast": ["mock:a"]})


def setup(text: str = ONE) -> Setup:
    write(text)
    found = look(None, None)
    assert isinstance(found, Setup)
    return found


def states(found: Setup) -> dict[str, str]:
    return {each.check: each.state for each in checked(found, GATEWAY_CHECKS)}


def test_g126_a_usual_machine_passes() -> None:
    assert states(setup()) == {"gateway": "ok", "gateway secret": "ok"}


def test_g126_a_short_secret_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_GATEWAY_SECRET", "short")

    assert states(setup())["gateway secret"] == "fail"


@pytest.mark.parametrize(("key", "state"), [("short", "fail"), ("k" * 32, "ok")])
def test_g126_a_key_of_kept_answers_is_checked(
    monkeypatch: pytest.MonkeyPatch, key: str, state: str
) -> None:
    monkeypatch.setenv("LLMRING_CACHE_KEY", key)

    assert states(setup())["cache key"] == state


@pytest.mark.parametrize(("alias", "state"), [("fast", "ok"), ("slow", "warn")])
def test_g126_a_rule_for_names_has_to_lead_to_an_alias(alias: str, state: str) -> None:
    rules = f'\n[gateway]\nnames = {{ "claude-*" = "{alias}" }}\n'

    assert states(setup(ONE + rules))["gateway names"] == state


def test_g126_a_missing_package_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("llmring.gateway.server.checks.find_spec", lambda _: None)
    found = {each.check: each for each in checked(setup(), GATEWAY_CHECKS)}

    assert found["gateway"].state == "fail"
    assert found["gateway"].fix == "pip install 'llmring[gateway]'"


def test_g126_a_port_in_use_fails() -> None:
    def state(port: int) -> CheckResult:
        (found,) = checked(setup(), (("port", port_check("127.0.0.1", port)),))
        return found

    with listening("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        assert state(port).state == "fail"
        assert str(port) in state(port).message
    assert state(0).state == "ok"


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return the path of the keys."""
    path = tmp_path / "keys.sqlite"
    monkeypatch.setenv("LLMRING_GATEWAY_DB", f"sqlite://{path}")
    return path


def keys_at(host: str, text: str = ONE, *, no_keys: bool = False) -> list[str]:
    check = keys_check(host, no_keys=no_keys)
    return [each.state for each in checked(setup(text), (("gateway keys", check),))]


OUTSIDE = "192.0.2.7"
IN_LOCKFILE = f'\n[[gateway.keys]]\nname = "web"\nhash = "{hash_of(WEB)}"\n'


def test_g126_other_machines_need_a_valid_key(kept: Path) -> None:
    found = [keys_at("127.0.0.1"), keys_at(OUTSIDE), keys_at(OUTSIDE, no_keys=True)]
    SqliteKeyStore(kept).change(with_key("old", OPS, expires=NOON))
    expired = keys_at(OUTSIDE)
    SqliteKeyStore(kept).change(with_key())

    assert [*found, expired, keys_at(OUTSIDE)] == [["ok"], ["fail"], ["ok"], ["fail"], ["ok"]]


def test_g126_a_key_of_the_lockfile_is_one(kept: Path) -> None:
    assert keys_at(OUTSIDE, ONE + IN_LOCKFILE) == ["ok"]


@pytest.mark.parametrize("text", ['team = "search"', 'profile = "prod"'])
def test_g126_a_key_whose_team_or_profile_is_missing_is_a_warning(kept: Path, text: str) -> None:
    assert keys_at(OUTSIDE, f"{ONE}{IN_LOCKFILE}{text}\n") == ["ok", "warn"]


def test_g126_keys_that_can_t_be_read_fail(kept: Path) -> None:
    kept.write_text("no database" * 100)

    assert keys_at("127.0.0.1") == ["fail"]
