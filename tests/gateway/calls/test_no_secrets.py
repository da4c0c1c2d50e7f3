"""Keys in the gateway's environment, and those that clients send, are in no output of a gateway."""

from __future__ import annotations

import logging
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import PYTHON
from ledgers import wait_for
from llmring.gateway.served_ring import ServedRing
from llmring.lockfile.gateway_table import GatewayTable
from loopback import Answer, Loopback
from planted import SHAPES, Outputs, Planted, echoes
from raw_calls import PATHS
from rings import TODAY
from served_gateway import Reply, ServedGateway, parsed, read_all, request
from traces import collected
from watched_gateway import WatchedGateway, entries

Serve = Callable[..., Loopback]

ECHOES = list(echoes(Planted("openai", "of no known shape", "environment")))
# All APIs, and servers with OpenAI's.
NAMES = ("openai", "anthropic", "google", "ollama", "groq", "openrouter", "deepseek", "mistral")
HELLO = [{"role": "user", "content": "Hello"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat": {"messages": HELLO},
    "responses": {"input": HELLO},
    "messages": {"max_tokens": 50, "messages": HELLO},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
    "ollama": {"messages": HELLO},
}
CLIENT = "q7Zt.client-key-5f0c1d7e.W9x4"
CLIENT_HEADERS = {
    "authorization": f"Bearer {CLIENT}",
    "x_api_key": CLIENT,
    "x_goog_api_key": CLIENT,
    "api_key": CLIENT,
    "cookie": f"session={CLIENT}",
}


STATES = ("/metrics", "/ui/api/status", "/ui/api/calls", "/ui/api/explain?model=openai")


def planted(turn: int) -> list[Planted]:
    """Return the secrets of the providers; shapes and sources take turns."""
    shapes = list(SHAPES)
    return [
        Planted(name, shapes[nth % len(shapes)], ("environment", "lockfile")[nth % 2])
        for nth, name in enumerate(NAMES, turn)
    ]


def variables(folder: Path, url: str, secrets: list[Planted]) -> dict[str, str]:
    """Write a lockfile with an alias for each provider; return the gateway's environment."""
    rows = [
        f'[[profiles.default.bindings]]\nalias = "{name}"\nmodels = ["{name}:any"]'
        for name in NAMES
    ]
    path = folder / "llmring.lock"
    path.write_text("\n".join([*rows, *(each.table(url) for each in secrets)]) + "\n")
    found = {
        "LLMRING_LOCKFILE_PATH": str(path),
        "LLMRING_LEDGER_URL": f"sqlite://{folder / 'ledger.sqlite'}",
        "LLMRING_LOG_CONTENT": "1",
        "LLMRING_RETRIES": "0",
        "LLMRING_TODAY": TODAY,
        "LLMRING_TRUST": "1",
        "XDG_STATE_HOME": str(folder / "state"),
    }
    for each in secrets:
        found |= each.environ(url)
    return found


def ask(gateway: ServedGateway, wire: str, model: str, *, stream: bool) -> bytes:
    """Make a call with a client's keys in all places; return all that comes back."""
    body = dict(BODIES[wire])
    path = PATHS[wire].format(model)
    if wire == "gemini":
        path += f"&key={CLIENT}"
    else:
        body |= {"model": model, "stream": stream}
    sent = request("POST", path, body, connection="close", **CLIENT_HEADERS)
    with gateway.connect() as opened:
        opened.sendall(sent)
        return read_all(opened)


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("quotes", [True, False], ids=["quoted", "not quoted"])
def test_g165_keys_are_in_no_reply_log_ledger_or_trace(
    serve: Serve,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    echo: str,
    quotes: bool,
) -> None:
    secrets = planted(ECHOES.index(echo))
    server = serve(Answer())
    outputs = Outputs()
    caplog.set_level(logging.DEBUG)
    with collected(monkeypatch) as seen:
        environ = variables(tmp_path, server.url, secrets)
        ring = ServedRing(environ=environ)
        table = GatewayTable(show_upstream_errors=quotes)
        with WatchedGateway(tmp_path / "access.log", ring=ring, table=table) as gateway:
            for at, each in enumerate(secrets):
                server.answers = [echoes(each)[echo]]
                for nth, wire in enumerate(PATHS):
                    came = ask(gateway, wire, each.provider, stream=(nth + at) % 2 == 0)
                    assert came
                    outputs.add(f"a reply to {wire}", came)
            for path in ("/readyz?deep", "/v1/models", "/api/tags", "/", *STATES):
                shown = gateway.ask("GET", path)
                assert shown.status == 200
                outputs.add(path, repr(shown))
        assert len(wait_for(tmp_path / "ledger.sqlite", 1)) >= 1
        outputs.add_process(seen, caplog, capfd)
    outputs.add_files("files", tmp_path)

    assert {
        "spans",
        "the log",
        "files: ledger.sqlite",
        "files: access.log",
        "/metrics",
        "a reply to chat",
    } <= outputs.places
    calls = entries(tmp_path / "access.log")
    assert len(calls) > len(secrets) * len(PATHS)
    assert "Hello" not in repr(calls)
    assert outputs.leaks(*secrets) == []
    assert outputs.holds(CLIENT) == []
    sent = [f"{each.path} {each.headers}" for each in server.requests]
    assert not any(CLIENT in each for each in sent)
    assert len(sent) >= len(secrets)
    assert any(each.value("key") in str(sent) for each in secrets)


def test_g165_keys_are_in_nothing_that_the_process_prints(serve: Serve, tmp_path: Path) -> None:
    server = serve(Answer())
    secrets = planted(3)
    outputs = Outputs()
    environ = variables(tmp_path, server.url, secrets)
    process = subprocess.Popen(
        [*PYTHON, "serve", "--port", "0", "--drain-delay", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **environ},
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(4)]
        port = int(lines[0].split(",")[0].rpartition(":")[2])
        outputs.add("the first lines", "".join(lines))
        arguments = Path(f"/proc/{process.pid}/cmdline")
        if arguments.exists():
            outputs.add("the arguments", arguments.read_bytes())
        for each in secrets:
            server.answers = [echoes(each)["an error"]]
            outputs.add("a reply", repr(_asked(port, each.provider)))
        process.terminate()
        outputs.add("the other lines", process.communicate(timeout=20)[0])
    finally:
        process.kill()
        process.wait(20)
    outputs.add_files("files", tmp_path)

    assert process.returncode == 0
    assert outputs.leaks(*secrets) == []
    assert outputs.holds(CLIENT) == []


def test_g165_a_fault_of_the_gateway_itself_shows_no_key(
    serve: Serve,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A handler that fails has the request, and the ring with all keys, in its frames."""
    secrets = planted(0)
    key = secrets[0].value("key")

    async def fail(**found: Any) -> Any:
        assert found["gateway"].ring.endpoints["openai"] is not None
        raise ZeroDivisionError(f"with {key} and {found['request'].headers['authorization']}")

    outputs = Outputs()
    caplog.set_level(logging.DEBUG)
    ring = ServedRing(environ=variables(tmp_path, serve(Answer()).url, secrets))
    with ServedGateway({"endpoints.chat:answer_chat": fail}, ring=ring) as gateway:
        for wire in PATHS:
            came = ask(gateway, wire, "openai", stream=False)
            assert parsed(came).status == 500
            outputs.add("a reply", came)

    assert outputs.leaks(*secrets) == []
    assert outputs.holds(CLIENT) == []


def _asked(port: int, model: str) -> Reply:
    body = {**BODIES["chat"], "model": model}
    sent = request("POST", PATHS["chat"], body, connection="close", **CLIENT_HEADERS)
    with socket.create_connection(("127.0.0.1", port), 10) as opened:
        opened.sendall(sent)
        reply = parsed(read_all(opened))
    assert reply.status >= 400
    return reply
