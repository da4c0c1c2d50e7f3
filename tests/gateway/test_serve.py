"""The process of the gateway: its first lines, its signals and its end."""

import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.terminal import lockfile_of, write
from gateway_process import started
from llmring import ConfigurationError
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
