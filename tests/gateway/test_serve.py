"""The process of the gateway: its first lines, its signals and its end."""

import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from access_keys import NOON, OPS, WEB, with_key
from cli.terminal import lockfile_of, run, write
from gateway_process import GatewayProcess, started
from llmring import ConfigurationError
from llmring.access.key_edits import revoked_key
from llmring.access.sqlite_keys import SqliteKeyStore
from llmring.gateway.serve import (
    TIMEOUT_SECONDS,
    ServeOptions,
    first_lines,
    prepare,
)
from llmring.gateway.served_ring import ServedRing
from served_gateway import eventually, parsed, read_all, read_until, request

ONE = lockfile_of(default={"fast": ["mock:a"], "deep": ["mock:b"]}, dev={"fast": ["mock:c"]})


def test_g173_the_first_lines_show_how_clients_reach_the_aliases() -> None:
    assert first_lines("http://127.0.0.1:4180", "prod", ["fast", "deep"]) == (
        "llmring gateway at http://127.0.0.1:4180, profile prod, aliases: fast, deep, keys off",
        "export OPENAI_BASE_URL=http://127.0.0.1:4180/v1",
        "export ANTHROPIC_BASE_URL=http://127.0.0.1:4180",
        "export GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:4180",
    )
    assert first_lines("http://127.0.0.1:4180", "prod", [], keys=3)[0].endswith("keys on (3)")


def test_g173_a_gateway_is_ready_soon_and_ends_with_exit_code_0() -> None:
    write(ONE)
    begun = time.monotonic()
    with started("--profile", "dev", "--drain-delay", "0") as gateway:
        reply = gateway.ask("GET", "/readyz")
        ready = time.monotonic() - begun
        code = gateway.end(signal.SIGTERM)

    assert reply.status == 200
    assert gateway.lines[0].endswith(", profile dev, aliases: fast, keys off")
    assert code == 0
    # 0.4 seconds on an idle machine.
    assert ready < 5


def test_g174_after_the_signal_the_gateway_is_not_ready_at_once_but_answers_until_the_delay() -> (
    None
):
    write(ONE)
    with started("--drain-delay", "1") as gateway:
        gateway.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: gateway.ask("GET", "/readyz").status == 503, 0.5)
        reply = gateway.ask("GET", "/healthz")
        code = gateway.process.wait(10)

        assert (reply.status, reply.headers["connection"]) == (200, "close")
        assert code == 0
        with socket.socket() as opened, pytest.raises(ConnectionRefusedError):
            opened.connect(("127.0.0.1", gateway.port))


def test_g174_an_interrupted_gateway_ends_without_the_delay() -> None:
    write(ONE)
    with started("--drain-delay", "60") as gateway:
        assert gateway.end(signal.SIGINT) == 0


def test_g174_an_idle_connection_does_not_keep_the_gateway() -> None:
    write(ONE)
    with started("--drain-delay", "0") as gateway, gateway.connect() as opened:
        opened.sendall(request("GET", "/healthz"))
        read_until(opened, b"ok")
        assert gateway.end(signal.SIGTERM) == 0
        assert read_all(opened) == b""


def test_g174_the_second_signal_ends_the_gateway_now() -> None:
    write(ONE)
    with started("--drain-delay", "0") as gateway, gateway.connect() as opened:
        # A call in progress: its body is not complete.
        opened.sendall(request(content_length="100"))
        time.sleep(0.2)
        begun = time.monotonic()
        code = gateway.end(signal.SIGTERM, signal.SIGTERM)

        assert code == 0
        assert time.monotonic() - begun < 4
        assert parsed(read_all(opened)).status == 503


def test_g125_a_change_of_the_file_and_sighup_are_followed() -> None:
    write(ONE)
    with started() as gateway:
        assert gateway.ask("GET", "/readyz").status == 200
        write(lockfile_of(default={"fast": ["openai:a"]}))
        assert eventually(lambda: gateway.ask("GET", "/readyz").status == 503)
        gateway.process.send_signal(signal.SIGHUP)
        time.sleep(0.1)

        assert gateway.ask("GET", "/healthz").status == 200


def test_g174_one_process_has_no_workers_to_replace() -> None:
    write(ONE)
    with started("--drain-delay", "0") as gateway:
        gateway.process.send_signal(signal.SIGUSR2)
        assert gateway.ask("GET", "/healthz").status == 200
        assert gateway.end(signal.SIGTERM) == 0
        assert gateway.process.stdout is not None

        assert "--workers" in gateway.process.stdout.read()


def test_g109_a_gateway_prints_nothing_about_its_calls() -> None:
    write(ONE)
    with started("--drain-delay", "0") as gateway:
        for path in ("/healthz", "/nowhere?key=sk-secret-0123456789"):
            gateway.ask("GET", path)
        gateway.raw(b"\x00\x00\r\n\r\n")
        gateway.ask("GET", "/v1/responses", upgrade="websocket", connection="upgrade")
        gateway.end(signal.SIGTERM)
        assert gateway.process.stdout is not None
        rest = gateway.process.stdout.read()

    assert rest == ""


@pytest.mark.parametrize(
    ("env", "timeout"), [({}, TIMEOUT_SECONDS), ({"LLMRING_PROVIDER_TIMEOUT_S": "7"}, 7.0)]
)
def test_g026_calls_have_ten_minutes_unless_the_environment_sets_another_time(
    env: Mapping[str, str], timeout: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(ONE)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    rings: list[ServedRing] = []
    original = ServedRing.__init__

    def spy(self: ServedRing, *args: object, **options: object) -> None:
        original(self, *args, **options)  # type: ignore[arg-type]
        rings.append(self)

    monkeypatch.setattr(ServedRing, "__init__", spy)
    prepared = prepare(ServeOptions(port=0))
    prepared.close()

    assert rings[0]._timeout == timeout
    assert prepared.lines[0].startswith("llmring gateway at http://127.0.0.1:")


def test_g173_what_is_wrong_is_an_error_before_the_gateway_listens() -> None:
    write(ONE)
    with pytest.raises(ConfigurationError, match="nowhere"):
        prepare(ServeOptions(port=0, profile="nowhere"))


def test_g173_a_short_key_of_kept_answers_is_an_error_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(ONE)
    monkeypatch.setenv("LLMRING_CACHE_KEY", "short")

    with pytest.raises(ConfigurationError, match="LLMRING_CACHE_KEY"):
        prepare(ServeOptions(port=0))


def test_g173_the_secret_is_kept_in_the_state_folder(tmp_path: Path) -> None:
    write(ONE)
    prepare(ServeOptions(port=0)).close()

    assert (tmp_path / "state" / "llmring" / "gateway.secret").is_file()


def kept_keys(folder: Path, *keys: str) -> dict[str, str]:
    """Keep these keys in a file; return the variables with which a gateway finds it."""
    for number, key in enumerate(keys):
        SqliteKeyStore(folder / "keys.sqlite").change(with_key(f"key {number}", key))
    return {"LLMRING_GATEWAY_DB": f"sqlite://{folder / 'keys.sqlite'}"}


def status(gateway: GatewayProcess, key: str) -> int:
    return gateway.ask("GET", "/v1/models", x_api_key=key).status


def test_g109_with_a_key_a_gateway_serves_other_machines(tmp_path: Path) -> None:
    write(ONE)
    env = kept_keys(tmp_path, WEB)
    with started("--host", "0.0.0.0", env=env) as gateway:  # noqa: S104
        assert gateway.lines[0].endswith("keys on (1)")
        assert [status(gateway, key) for key in (WEB, OPS)] == [200, 401]


def test_g109_with_a_key_calls_of_this_machine_need_one_too_unless_no_keys(
    tmp_path: Path,
) -> None:
    write(ONE)
    env = kept_keys(tmp_path, WEB)
    with started(env=env) as gateway:
        closed = [status(gateway, key) for key in (WEB, OPS)]
    with started("--no-keys", env=env) as gateway:
        opened = [status(gateway, key) for key in (WEB, OPS)]

    assert (closed, opened) == ([200, 401], [200, 200])


def test_g117_a_revoked_and_a_new_key_act_in_all_workers_within_2_seconds(tmp_path: Path) -> None:
    write(ONE)
    env = kept_keys(tmp_path, WEB)
    with started("--workers", "2", env=env) as gateway:
        assert eventually(lambda: {status(gateway, WEB) for _ in range(8)} == {200}, 30)
        store = SqliteKeyStore(tmp_path / "keys.sqlite")
        store.change(revoked_key("key 0", NOON))
        store.change(with_key("new", OPS))
        # Wrong keys meanwhile would close the address.
        time.sleep(2)

        # Connections go to both workers.
        assert {status(gateway, OPS) for _ in range(8)} == {200}
        assert {status(gateway, WEB) for _ in range(8)} == {401}


def test_g130_a_gateway_does_not_begin_with_keys_that_can_t_be_read(tmp_path: Path) -> None:
    write(ONE)
    (tmp_path / "keys.sqlite").write_text("no database" * 100)
    env = kept_keys(tmp_path)

    done = run("serve", "--port", "0", LLMRING_GATEWAY_DB=env["LLMRING_GATEWAY_DB"])

    assert (done.code, done.out) == (1, "")
    assert str(tmp_path) in done.err
