"""The checks of what calls need on this machine: each passes, warns or fails, with the fix."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from audit import checkup
from audit.checkup import KEY, SOUND
from cli.terminal import lockfile_of, run, write
from llmring.audit import machine
from llmring.audit.machine import CHECKS, CheckResult, checked, look
from llmring.exceptions import ConfigurationError
from llmring.lockfile.signature import public_key
from llmring.registry.bundled import bundled


@pytest.fixture(autouse=True)
def one_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    write(SOUND)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def findings(name: str, profile: str | None = None) -> list[CheckResult]:
    return checkup.findings(CHECKS, name, profile)


def finding(name: str, profile: str | None = None) -> CheckResult:
    [only] = findings(name, profile)
    return only


@pytest.mark.parametrize(
    ("name", "value", "step"),
    [
        ("LLMRING_RETRIES", "many", "settings"),
        ("LLMRING_LOCKFILE_PATH", "nowhere.lock", "lockfile"),
        ("LLMRING_PROFILE", "prd", "profile"),
    ],
)
def test_a_configuration_that_cannot_be_loaded_is_one_failed_finding(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, step: str
) -> None:
    monkeypatch.setenv(name, value)

    result = look(None, None)

    assert isinstance(result, CheckResult)
    assert (result.check, result.state) == (step, "fail")


def test_an_unreadable_lockfile_fails() -> None:
    write("[profiles.default\n")

    result = look(None, None)

    assert isinstance(result, CheckResult)
    assert (result.check, result.state) == ("lockfile", "fail")
    assert "not TOML" in result.message


@pytest.mark.parametrize("error", [ConfigurationError("the disk is full"), OSError("the disk")])
def test_a_check_that_raises_an_error_is_a_failure_and_the_next_check_runs(
    error: Exception,
) -> None:
    def breaks(_: machine.Setup) -> list[machine.CheckOutcome]:
        raise error

    def passes(_: machine.Setup) -> list[machine.CheckOutcome]:
        return [machine.CheckOutcome("ok", "fine")]

    first, second = checked(checkup.setup(), [("one", breaks), ("two", passes)])

    assert (first.check, first.state) == ("one", "fail")
    assert "the disk" in first.message
    assert second == CheckResult("two", "ok", "fine")


def test_an_alias_without_a_usable_model_fails_the_active_profile_and_warns_for_others() -> None:
    models = {"fast": ["anthropic:claude-sonnet-4-5"]}
    write(lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}, dev=models))

    assert [each.state for each in findings("profiles")] == ["ok", "warn"]
    active, other = findings("profiles", "dev")

    assert (active.state, other.state) == ("fail", "ok")
    assert active.message == "profile dev (active): no usable model for fast"
    assert finding("providers", "dev").fix == "set ANTHROPIC_API_KEY"


def test_a_profile_without_aliases_gets_the_command_to_bind_one() -> None:
    write(SOUND + "\n[profiles.empty]\n")

    _, empty = findings("profiles")

    assert empty.state == "warn"
    assert empty.fix == "llmring bind fast provider:model --profile empty"


def test_a_replaying_profile_needs_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    write(SOUND.replace("[profiles.default]\n", '[profiles.default]\nmode = "replay"\n'))

    assert finding("providers") == CheckResult(
        "providers", "ok", "none needed to replay recordings"
    )
    assert finding("profiles").state == "ok"


def test_a_missing_lockfile_is_a_warning() -> None:
    Path("llmring.lock").unlink()

    assert (finding("lockfile").state, finding("lockfile").fix) == ("warn", "llmring lock init")


def test_a_lockfile_with_a_problem_is_reported() -> None:
    write(SOUND + '[profiles.dev]\nbindigns = "x"\n')

    result = finding("lockfile")

    assert (result.state, result.fix) == ("warn", "llmring lock validate")


def test_a_retired_model_counts_as_a_lockfile_problem() -> None:
    write(SOUND.replace("retires = 9999", "retires = 2020"))

    result = finding("lockfile")

    assert (result.state, result.fix) == ("warn", "llmring lock validate")
    assert result.message.endswith("has 1 problem")


def test_a_frozen_lockfile_that_differs_from_its_pins_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LLMRING_FROZEN", "1")
    before = findings("lockfile")[0]
    run("lock", "pin")
    after = findings("lockfile")[0]

    assert before.state == "fail"
    assert before.message == "frozen by LLMRING_FROZEN, but is not pinned"
    assert after == CheckResult("lockfile", "ok", "frozen by LLMRING_FROZEN, and matches its pins")


@pytest.mark.parametrize("signed", [False, True])
def test_a_frozen_lockfile_that_must_be_signed_is_checked_for_the_signature(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, signed: bool
) -> None:
    key = Ed25519PrivateKey.generate()
    file = tmp_path / "release.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    run("lock", "pin", *(["--sign", str(file)] if signed else []))
    monkeypatch.setenv("LLMRING_FROZEN", "1")
    monkeypatch.setenv("LLMRING_PUBLIC_KEY", public_key(key))

    [first, *_] = findings("lockfile")

    assert first.state == ("ok" if signed else "fail")
    assert ("its signature" if signed else "has no signature") in first.message
    assert first.fix == (None if signed else "llmring lock pin --sign KEYFILE")


def test_a_public_key_that_cannot_be_used_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run("lock", "pin")
    monkeypatch.setenv("LLMRING_FROZEN", "1")
    monkeypatch.setenv("LLMRING_PUBLIC_KEY", "none")

    [first, *_] = findings("lockfile")

    assert first.state == "fail"
    assert "LLMRING_PUBLIC_KEY does not hold a public key" in first.message


def test_an_extra_required_by_a_setting_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMRING_LEDGER_URL", "postgresql://u@db.example/ledger")
    monkeypatch.setattr(machine, "find_spec", lambda module: None if module == "psycopg" else 1)

    assert finding("extras") == CheckResult(
        "extras",
        "warn",
        "postgres is required by LLMRING_LEDGER_URL",
        'pip install "llmring[postgres]"',
    )


def test_an_address_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:hunter2@models.example/v1")

    result = finding("providers")

    assert result.state == "ok"
    assert result.message.endswith("https://models.example/v1")
    assert "hunter2" not in result.message


def test_a_provider_is_one_line_with_its_key_s_place_and_its_address() -> None:
    assert finding("providers") == CheckResult(
        "providers", "ok", "openai: key from OPENAI_API_KEY, https://api.openai.com/v1"
    )


def test_a_provider_with_an_invalid_address_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://")

    assert finding("providers").state == "fail"


def test_a_provider_on_this_machine_has_no_key_and_no_address() -> None:
    write(lockfile_of(default={"fast": ["mock:echo"]}))

    assert finding("providers").message == "mock: on this machine"


def test_a_proxy_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@proxy.example:3128")

    result = finding("proxy")

    assert "proxy.example:3128 for openai" in result.message
    assert "hunter2" not in result.message


def test_an_invalid_proxy_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example:1080")

    assert finding("proxy").state == "fail"


def test_a_missing_local_model_fails_its_profile_and_gets_the_command_to_fetch_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "empty"))
    write(lockfile_of(default={"fast": ["local:smollm2-135m"]}))

    assert finding("local model").fix == "llmring local pull"
    assert finding("profiles").state == "fail"


def test_a_damaged_catalog_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "llmring" / "registry" / "catalog"
    path.parent.mkdir(parents=True)
    path.write_text("no catalog")

    result = finding("registry")

    assert (result.state, result.fix) == ("warn", "llmring registry update")
    assert result.message.startswith("the fetched catalog is damaged; ")


@pytest.mark.parametrize(
    ("days", "state"), [(machine.OLD_DAYS, "ok"), (machine.OLD_DAYS + 1, "warn")]
)
def test_a_catalog_older_than_the_limit_is_reported(
    monkeypatch: pytest.MonkeyPatch, days: int, state: str
) -> None:
    monkeypatch.setenv("LLMRING_TODAY", str(bundled().date + timedelta(days=days)))

    assert finding("registry").state == state


@pytest.mark.parametrize(("days", "state"), [(-2, "fail"), (-1, "ok"), (0, "ok")])
def test_a_clock_more_than_a_day_before_the_catalog_fails(
    monkeypatch: pytest.MonkeyPatch, days: int, state: str
) -> None:
    today: date = bundled().date + timedelta(days=days)
    monkeypatch.setenv("LLMRING_TODAY", str(today))

    assert finding("clock").state == state
