"""Checks of what the gateway needs."""

from pathlib import Path

import pytest

from cli.terminal import lockfile_of, write
from llmring.audit.machine import CheckResult, Setup, checked, look
from llmring.gateway.server.checks import GATEWAY_CHECKS, port_check
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
