"""llmring doctor: the findings of all checks, printed one per line or as JSON."""

import json
import time
from collections.abc import Callable
from email.utils import formatdate

import pytest

import answers
from audit.checkup import KEY, SOUND
from cli.terminal import Call, Outcome, lockfile_of, run_on_terminal, write
from llmring.audit import machine
from llmring.audit.storage import PLACES
from loopback import Loopback, as_json


@pytest.fixture(autouse=True)
def one_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    write(SOUND)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def lines_of(outcome: Outcome, check: str) -> list[str]:
    return [line for line in outcome.out.splitlines() if line[6:].startswith(f"{check}:")]


def test_a_sound_setup_passes_every_check(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "OLD_DAYS", 1_000_000)  # the bundled catalog may be old
    outcome = call("doctor")

    assert outcome.code == 0
    assert all(line.startswith("ok    ") for line in outcome.out.splitlines()), outcome.out
    for name, _ in (*machine.CHECKS, *PLACES):
        assert lines_of(outcome, name), name
    assert outcome.err == "no problems found\n"
    assert KEY not in outcome.out


def test_json_lists_the_findings_without_any_key(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "OLD_DAYS", 1_000_000)
    outcome = call("doctor", "--json")

    result = json.loads(outcome.out)
    assert result["ok"] is True
    assert {each["state"] for each in result["findings"]} == {"ok"}
    assert KEY not in outcome.out


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("LLMRING_RETRIES", "many", "settings"),
        ("LLMRING_LOCKFILE_PATH", "nowhere.lock", "lockfile"),
        ("LLMRING_PROFILE", "prd", "profile"),
    ],
)
def test_an_invalid_setting_is_reported_and_stops_the_checks(
    call: Call, monkeypatch: pytest.MonkeyPatch, name: str, value: str, check: str
) -> None:
    monkeypatch.setenv(name, value)

    outcome = call("doctor")

    assert outcome.code == 1
    assert outcome.out.splitlines()[-1].startswith(f"fail  {check}: ")


@pytest.fixture
def live(
    serve: Callable[..., Loopback], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Loopback]:
    def start(date: str, *, status: int = 200) -> Loopback:
        first = (
            answers.openai("H") if status == 200 else answers.openai_error(status, "no such key")
        )
        server = serve(first, as_json({}, 404, date=date))
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        return server

    return start


def http_date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


def test_live_calls_each_provider_for_one_token_and_reports_the_cost(
    call: Call, live: Callable[..., Loopback]
) -> None:
    server = live(http_date(time.time()))

    outcome = call("doctor", "--live")

    assert outcome.code == 0, outcome.out
    result, total = lines_of(outcome, "calls")
    assert "openai:gpt-4o-mini answered" in result
    assert "total cost: $0.0000027" in total
    assert lines_of(outcome, "clock")[1].startswith("ok    clock: agrees")
    request = json.loads(server.requests[0].body)
    assert 1 in (request.get("max_tokens"), request.get("max_completion_tokens"))


def test_live_reports_a_provider_s_error(call: Call, live: Callable[..., Loopback]) -> None:
    live(http_date(0), status=401)

    outcome = call("doctor", "--live")

    assert outcome.code == 1
    assert "no such key" in lines_of(outcome, "calls")[0]
    assert KEY not in outcome.out


def test_no_provider_is_called_without_live(call: Call, live: Callable[..., Loopback]) -> None:
    server = live(http_date(0))

    call("doctor")

    assert server.requests == []


def test_a_failed_check_is_counted_with_exit_code_1_and_a_warning_is_not(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "OLD_DAYS", 1_000_000)
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example:1080")
    failed = call("doctor")
    monkeypatch.delenv("HTTPS_PROXY")
    write(SOUND + "\n[profiles.dev]\n")
    warned = call("doctor")

    assert (failed.code, failed.err) == (1, "1 fail\n")
    assert (warned.code, warned.err) == (0, "1 warn\n")


def test_the_profile_and_file_options_select_what_is_checked(call: Call) -> None:
    write(lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}, dev={}), "other.lock")

    [line, _] = lines_of(call("doctor", "--file", "other.lock", "--profile", "dev"), "profiles")

    assert line == (
        "warn  profiles: profile dev (active) binds no alias; "
        "llmring bind fast provider:model --profile dev"
    )


def test_on_a_terminal_the_states_have_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    write(lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}))

    _, shown = run_on_terminal("doctor")

    assert "\x1b[32mok  \x1b[0m  versions: " in shown
    assert "\x1b[33mwarn\x1b[0m  providers: " in shown
