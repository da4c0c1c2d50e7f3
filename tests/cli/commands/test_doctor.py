"""llmring doctor: each check passes, warns or fails, with the fix."""

import contextlib
import json
import socket
import sqlite3
import time
from collections.abc import Callable
from datetime import date, timedelta
from email.utils import formatdate
from pathlib import Path

import pytest

import answers
from cli.terminal import Call, Outcome, lockfile_of, write
from llmring.audit import machine
from llmring.audit.storage import PLACES
from llmring.registry.bundled import bundled
from loopback import Loopback, as_json
from rings import LASTING

KEY = "sk-first-0123456789abcdef"
LASTS = f"{LASTING}deprecated = 9999-12-31\n"


@pytest.fixture(autouse=True)
def one_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    write(lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}) + LASTS)
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

    told = json.loads(outcome.out)
    assert told["ok"] is True
    assert {each["state"] for each in told["findings"]} == {"ok"}
    assert KEY not in outcome.out


def test_an_alias_without_a_usable_model_fails_the_active_profile_and_warns_for_others(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {"fast": ["anthropic:claude-sonnet-4-5"]}
    write(lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}, dev=models))

    assert call("doctor").code == 0
    assert lines_of(call("doctor"), "profiles")[1].startswith("warn  ")
    in_force = call("doctor", "--profile", "dev")

    assert in_force.code == 1
    assert "no usable model for fast" in lines_of(in_force, "profiles")[0]
    assert "set ANTHROPIC_API_KEY" in lines_of(in_force, "keys")[0]


def test_a_replaying_profile_needs_no_key(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    text = Path("llmring.lock").read_text()
    write(text.replace("[profiles.default]\n", '[profiles.default]\nmode = "replay"\n'))

    outcome = call("doctor")

    assert outcome.code == 0
    assert "none needed" in lines_of(outcome, "keys")[0]


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("LLMRING_RETRIES", "many", "settings"),
        ("LLMRING_LOCKFILE_PATH", "nowhere.lock", "lockfile"),
        ("LLMRING_PROFILE", "prd", "profile"),
        ("OPENAI_BASE_URL", "http://", "settings"),
    ],
)
def test_an_invalid_setting_is_reported_and_stops_the_checks(
    call: Call, monkeypatch: pytest.MonkeyPatch, name: str, value: str, check: str
) -> None:
    monkeypatch.setenv(name, value)

    outcome = call("doctor")

    assert outcome.code == 1
    assert outcome.out.splitlines()[-1].startswith(f"fail  {check}: ")


def test_an_unreadable_lockfile_fails(call: Call) -> None:
    write("[profiles.default\n")

    assert lines_of(call("doctor"), "lockfile")[0].startswith("fail")


def test_a_missing_lockfile_is_a_warning(call: Call) -> None:
    Path("llmring.lock").unlink()

    assert "llmring lock init" in lines_of(call("doctor"), "lockfile")[0]


def test_a_lockfile_with_a_problem_is_reported(call: Call) -> None:
    write(Path("llmring.lock").read_text() + '[profiles.dev]\nbindigns = "x"\n')

    [line] = lines_of(call("doctor"), "lockfile")

    assert line.startswith("warn  ")
    assert line.endswith("; llmring lock validate")


def test_an_extra_required_by_a_setting_is_reported(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_LEDGER_URL", "postgresql://u@db.example/ledger")
    monkeypatch.setattr(machine, "find_spec", lambda module: None if module == "psycopg" else 1)

    [line] = lines_of(call("doctor"), "extras")

    assert line == (
        'warn  extras: postgres is required by LLMRING_LEDGER_URL; pip install "llmring[postgres]"'
    )


def test_a_proxy_is_shown_without_its_password(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@proxy.example:3128")

    outcome = call("doctor")

    assert "proxy.example:3128 for openai" in lines_of(outcome, "proxy")[0]
    assert "hunter2" not in outcome.out


def test_an_invalid_proxy_fails(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example:1080")

    outcome = call("doctor")

    assert outcome.code == 1
    assert lines_of(outcome, "proxy")[0].startswith("fail")


def test_a_missing_local_model_is_reported(call: Call, no_local_model: None) -> None:
    write(lockfile_of(default={"fast": ["local:smollm2-135m"]}))

    outcome = call("doctor")

    assert outcome.code == 1
    assert lines_of(outcome, "local model")[0].endswith("; llmring local pull")


def test_an_unwritable_ledger_is_reported(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{tmp_path}/file/ledger.sqlite")

    [line] = lines_of(call("doctor"), "ledger")

    assert line.startswith("warn  ")
    assert "LLMRING_LEDGER_URL" in line


def test_the_ledger_is_shown_with_its_size(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE anything (a)")
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{path}")

    size = path.stat().st_size // 1024
    assert lines_of(call("doctor"), "ledger") == [f"ok    ledger: {path}, {size} kB"]


@pytest.mark.parametrize("kind", ["a text", "a folder"])
def test_a_file_that_is_not_a_ledger_is_reported(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "ledger.sqlite"
    if kind == "a folder":
        path.mkdir()
    else:
        path.write_text("no database " * 100)
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{path}")

    [line] = lines_of(call("doctor"), "ledger")

    assert line.startswith("warn  ledger: calls are not recorded: ")
    assert "LLMRING_LEDGER_URL" in line


def test_a_retired_model_counts_as_a_lockfile_problem(call: Call) -> None:
    write(
        lockfile_of(default={"fast": ["openai:gpt-4o-mini"]})
        + LASTS.replace("retires = 9999", "retires = 2020")
    )

    [line] = lines_of(call("doctor"), "lockfile")

    assert line.startswith("warn  ")
    assert line.endswith("has 1 problem; llmring lock validate")


def test_a_frozen_lockfile_that_differs_from_its_pins_is_reported(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_FROZEN", "1")
    before = lines_of(call("doctor"), "lockfile")
    call("lock", "pin")

    assert before[0].startswith("fail  lockfile: frozen by LLMRING_FROZEN, but is not pinned; ")
    assert lines_of(call("doctor"), "lockfile")[0].startswith("ok    lockfile: frozen by ")


def test_a_damaged_catalog_is_reported(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "llmring" / "registry" / "catalog"
    path.parent.mkdir(parents=True)
    path.write_text("no catalog")

    [line] = lines_of(call("doctor"), "registry")

    assert line.startswith("warn  registry: the fetched catalog is damaged; ")
    assert line.endswith("; llmring registry update")


def test_an_unreachable_redis_is_reported(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("LLMRING_REDIS_URL", f"redis://:hunter2@127.0.0.1:{port}")

    outcome = call("doctor")

    assert lines_of(outcome, "redis")[0].startswith("warn  ")
    assert "hunter2" not in outcome.out


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
    told, total = lines_of(outcome, "calls")
    assert "openai:gpt-4o-mini answered" in told
    assert "total cost: $0.0000027" in total
    assert lines_of(outcome, "clock")[1].startswith("ok    clock: agrees")
    asked = json.loads(server.requests[0].body)
    assert 1 in (asked.get("max_tokens"), asked.get("max_completion_tokens"))


def test_live_reports_a_wrong_clock(call: Call, live: Callable[..., Loopback]) -> None:
    live(http_date(0))

    outcome = call("doctor", "--live")

    assert outcome.code == 1
    assert lines_of(outcome, "clock")[1].startswith("fail")


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


def test_an_old_catalog_and_a_clock_before_its_date_are_reported(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = bundled().date

    def on(today: date) -> None:
        monkeypatch.setenv("LLMRING_TODAY", str(today))

    on(day + timedelta(days=machine.OLD_DAYS + 1))
    assert lines_of(call("doctor"), "registry")[0].endswith("; llmring registry update")

    on(day - timedelta(days=2))
    assert lines_of(call("doctor"), "clock")[0].startswith("fail")
