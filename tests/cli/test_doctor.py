"""llmring doctor: what is wrong is told with its mend, and what is right is told too."""

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
from llmring.cli import checkup
from llmring.cli.checkup_places import PLACES
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


def test_where_all_is_well_every_check_says_so(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "OLD_DAYS", 1_000_000)  # however long this version is used
    outcome = call("doctor")

    assert outcome.code == 0
    assert all(line.startswith("ok    ") for line in outcome.out.splitlines()), outcome.out
    for name, _ in (*checkup.CHECKS, *PLACES):
        assert lines_of(outcome, name), name
    assert outcome.err == "all is well\n"
    assert KEY not in outcome.out


def test_a_program_gets_it_as_json_without_any_key(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "OLD_DAYS", 1_000_000)
    outcome = call("doctor", "--json")

    told = json.loads(outcome.out)
    assert told["ok"] is True
    assert {each["state"] for each in told["findings"]} == {"ok"}
    assert KEY not in outcome.out


def test_a_profile_whose_alias_has_no_model_fails_and_others_warn(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {"fast": ["anthropic:claude-sonnet-4-5"]}
    write(lockfile_of(default={"fast": ["openai:gpt-4o-mini"]}, dev=models))

    assert call("doctor").code == 0
    assert lines_of(call("doctor"), "profiles")[1].startswith("warn  ")
    in_force = call("doctor", "--profile", "dev")

    assert in_force.code == 1
    assert "no model can be used of fast" in lines_of(in_force, "profiles")[0]
    assert "set ANTHROPIC_API_KEY" in lines_of(in_force, "keys")[0]


def test_a_profile_that_replays_needs_no_key(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    text = Path("llmring.lock").read_text()
    write(text.replace("[profiles.default]\n", '[profiles.default]\nmode = "replay"\n'))

    outcome = call("doctor")

    assert outcome.code == 0
    assert "none is needed" in lines_of(outcome, "keys")[0]


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("LLMRING_RETRIES", "many", "settings"),
        ("LLMRING_LOCKFILE_PATH", "nowhere.lock", "lockfile"),
        ("LLMRING_PROFILE", "prd", "profile"),
        ("OPENAI_BASE_URL", "http://", "settings"),
    ],
)
def test_a_setting_that_can_t_be_used_is_told_and_ends_the_check(
    call: Call, monkeypatch: pytest.MonkeyPatch, name: str, value: str, check: str
) -> None:
    monkeypatch.setenv(name, value)

    outcome = call("doctor")

    assert outcome.code == 1
    assert outcome.out.splitlines()[-1].startswith(f"fail  {check}: ")


def test_a_lockfile_that_can_t_be_read_fails(call: Call) -> None:
    write("[profiles.default\n")

    assert lines_of(call("doctor"), "lockfile")[0].startswith("fail")


def test_no_lockfile_is_a_warning(call: Call) -> None:
    Path("llmring.lock").unlink()

    assert "llmring lock init" in lines_of(call("doctor"), "lockfile")[0]


def test_a_lockfile_with_a_problem_is_told(call: Call) -> None:
    write(Path("llmring.lock").read_text() + '[profiles.dev]\nbindigns = "x"\n')

    [line] = lines_of(call("doctor"), "lockfile")

    assert line.startswith("warn  ")
    assert line.endswith("; llmring lock validate")


def test_an_extra_that_a_setting_needs_is_asked_for(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_LEDGER_URL", "postgresql://u@db.example/ledger")
    monkeypatch.setattr(checkup, "find_spec", lambda module: None if module == "psycopg" else 1)

    [line] = lines_of(call("doctor"), "extras")

    assert line == (
        'warn  extras: postgres is needed by LLMRING_LEDGER_URL; pip install "llmring[postgres]"'
    )


def test_a_proxy_is_told_without_its_password(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@proxy.example:3128")

    outcome = call("doctor")

    assert "proxy.example:3128 for openai" in lines_of(outcome, "proxy")[0]
    assert "hunter2" not in outcome.out


def test_a_proxy_that_can_t_be_used_fails(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example:1080")

    outcome = call("doctor")

    assert outcome.code == 1
    assert lines_of(outcome, "proxy")[0].startswith("fail")


def test_a_local_model_that_is_not_here_is_told(call: Call, no_local_model: None) -> None:
    write(lockfile_of(default={"fast": ["local:smollm2-135m"]}))

    outcome = call("doctor")

    assert outcome.code == 1
    assert lines_of(outcome, "local model")[0].endswith("; llmring local pull")


def test_a_ledger_that_can_t_be_written_is_told(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{tmp_path}/file/ledger.sqlite")

    [line] = lines_of(call("doctor"), "ledger")

    assert line.startswith("warn  ")
    assert "LLMRING_LEDGER_URL" in line


def test_a_ledger_is_told_with_its_size(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "ledger.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE anything (a)")
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{path}")

    size = path.stat().st_size // 1024
    assert lines_of(call("doctor"), "ledger") == [f"ok    ledger: {path}, {size} kB"]


@pytest.mark.parametrize("kind", ["a text", "a folder"])
def test_a_ledger_that_is_none_is_told(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "ledger.sqlite"
    if kind == "a folder":
        path.mkdir()
    else:
        path.write_text("no database " * 100)
    monkeypatch.setenv("LLMRING_LEDGER_URL", f"sqlite://{path}")

    [line] = lines_of(call("doctor"), "ledger")

    assert line.startswith("warn  ledger: calls are not entered: ")
    assert "LLMRING_LEDGER_URL" in line


def test_a_model_that_is_retired_is_a_problem_of_the_lockfile(call: Call) -> None:
    write(
        lockfile_of(default={"fast": ["openai:gpt-4o-mini"]})
        + LASTS.replace("retires = 9999", "retires = 2020")
    )

    [line] = lines_of(call("doctor"), "lockfile")

    assert line.startswith("warn  ")
    assert line.endswith("has 1 problem; llmring lock validate")


def test_a_frozen_lockfile_that_is_not_as_it_was_pinned_is_told(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMRING_FROZEN", "1")
    before = lines_of(call("doctor"), "lockfile")
    call("lock", "pin")

    assert before[0].startswith("fail  lockfile: frozen by LLMRING_FROZEN, but it is not pinned; ")
    assert lines_of(call("doctor"), "lockfile")[0].startswith("ok    lockfile: frozen by ")


def test_a_catalog_that_is_damaged_is_told(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = tmp_path / "llmring" / "registry" / "catalog"
    path.parent.mkdir(parents=True)
    path.write_text("no catalog")

    [line] = lines_of(call("doctor"), "registry")

    assert line.startswith("warn  registry: the catalog that was fetched can't be used, so ")
    assert line.endswith("; llmring registry update")


def test_a_redis_that_can_t_be_reached_is_told(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_live_asks_each_provider_for_one_token_and_tells_the_cost(
    call: Call, live: Callable[..., Loopback]
) -> None:
    server = live(http_date(time.time()))

    outcome = call("doctor", "--live")

    assert outcome.code == 0, outcome.out
    told, total = lines_of(outcome, "calls")
    assert "openai:gpt-4o-mini answers" in told
    assert "all calls together: $0.0000027" in total
    assert lines_of(outcome, "clock")[1].startswith("ok    clock: right")
    asked = json.loads(server.requests[0].body)
    assert 1 in (asked.get("max_tokens"), asked.get("max_completion_tokens"))


def test_live_finds_a_clock_that_is_wrong(call: Call, live: Callable[..., Loopback]) -> None:
    live(http_date(0))

    outcome = call("doctor", "--live")

    assert outcome.code == 1
    assert lines_of(outcome, "clock")[1].startswith("fail")


def test_live_tells_what_a_provider_refuses(call: Call, live: Callable[..., Loopback]) -> None:
    live(http_date(0), status=401)

    outcome = call("doctor", "--live")

    assert outcome.code == 1
    assert "no such key" in lines_of(outcome, "calls")[0]
    assert KEY not in outcome.out


def test_nothing_is_asked_without_live(call: Call, live: Callable[..., Loopback]) -> None:
    server = live(http_date(0))

    call("doctor")

    assert server.requests == []


def test_an_old_catalog_and_a_clock_before_it_are_told(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = bundled().date

    def on(today: date) -> None:
        monkeypatch.setenv("LLMRING_TODAY", str(today))

    on(day + timedelta(days=checkup.OLD_DAYS + 1))
    assert lines_of(call("doctor"), "registry")[0].endswith("; llmring registry update")

    on(day - timedelta(days=2))
    assert lines_of(call("doctor"), "clock")[0].startswith("fail")
