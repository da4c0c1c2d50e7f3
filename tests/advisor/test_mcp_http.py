"""Who may reach the advisor's MCP server over HTTP."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from cli.terminal import PYTHON, is_plain_error, run
from llmring import ConfigurationError
from llmring.advisor.mcp_http import access

pytest.importorskip("mcp", reason="the extra mcp is not installed")

ALL = "0.0.0.0"  # noqa: S104

TOKEN = "a-token-of-more-than-16-characters"

PING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode()


@contextmanager
def serving(*options: str, **env: str) -> Iterator[str]:
    """Give the address of a server, without its scheme."""
    process, port = _started(options, env)
    with process:
        try:
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def _started(options: Sequence[str], env: Mapping[str, str]) -> tuple["subprocess.Popen[str]", int]:
    """Start a server on a free port; on another one if somebody takes it first."""
    for _ in range(5):
        with socket.create_server(("127.0.0.1", 0)) as door:
            port = door.getsockname()[1]
        command = [*PYTHON, "mcp", "--http", "--port", str(port), *options]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, env={**os.environ, **env}
        )
        assert process.stderr is not None
        if any("at http://" in line for line in process.stderr):
            return process, port
        process.wait(30)
    pytest.fail("no port stayed free")


def status(place: str, **headers: str) -> int:
    """Send a ping, and return the status of the answer."""
    usual = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    request = urllib.request.Request(f"http://{place}/mcp", PING, {**usual, **headers})
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_beyond_this_machine_a_token_and_a_list_of_hosts_are_needed() -> None:
    for options, token, named in (
        ((), "", "LLMRING_MCP_TOKEN"),
        (("--allow-host", "llmring.example"), "", "LLMRING_MCP_TOKEN"),
        ((), TOKEN, "--allow-host"),
    ):
        done = run("mcp", "--http", "--host", ALL, *options, LLMRING_MCP_TOKEN=token)

        assert done.code == 1
        assert is_plain_error(done.err)
        assert named in done.err
        assert TOKEN not in done.err


def test_a_short_token_is_refused_and_shown_nowhere() -> None:
    with pytest.raises(ConfigurationError, match="shorter than 16 characters") as caught:
        access("127.0.0.1", (), "secret")

    assert "secret" not in str(caught.value).replace("secrets", "")
    assert TOKEN not in repr(access("127.0.0.1", (), TOKEN))


def test_each_request_needs_the_token() -> None:
    with serving(LLMRING_MCP_TOKEN=TOKEN) as place:
        assert status(place) == 401
        assert status(place, authorization="Bearer wrong") == 401
        assert status(place, authorization=TOKEN) == 401
        assert status(place, authorization=f"Bearer {TOKEN}") not in (401, 403, 421)


def test_other_hosts_and_origins_are_refused() -> None:
    with serving() as place:
        assert status(place) not in (401, 403, 421)
        assert status(place, host="attacker.example") == 421
        assert status(place, origin="https://attacker.example") == 403


@pytest.mark.parametrize(
    ("host", "written"),
    [("127.0.0.2", "127.0.0.2"), ("::1", "[::1]"), ("app.localhost", "app.localhost")],
)
def test_the_address_that_a_server_on_this_machine_listens_on_is_one_of_its_hosts(
    host: str, written: str
) -> None:
    assert access(host, (), None).hosts.count(written) == 1
    assert "10.0.0.7" not in access("10.0.0.7", ("a.example",), TOKEN).hosts


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have 127.0.0.1 alone")
def test_a_server_at_another_loopback_address_answers_by_it() -> None:
    process, port = _started(("--host", "127.0.0.2"), {})
    with process:
        try:
            assert status(f"127.0.0.2:{port}") not in (401, 403, 421)
        finally:
            process.terminate()


def test_a_server_for_other_machines_answers_by_the_names_that_were_allowed() -> None:
    options = ("--host", ALL, "--allow-host", "llmring.example")
    with serving(*options, LLMRING_MCP_TOKEN=TOKEN) as place:
        bearer = {"authorization": f"Bearer {TOKEN}"}
        assert status(place, host="llmring.example", **bearer) not in (401, 403, 421)
        assert status(place, host="other.example", **bearer) == 421
        assert status(place, host="llmring.example") == 401
