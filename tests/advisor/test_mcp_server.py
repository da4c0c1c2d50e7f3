import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from cli.terminal import is_plain_error, run

mcp = pytest.importorskip("mcp", reason="the extra mcp is not installed")
stdio = pytest.importorskip("mcp.client.stdio")


def with_client(use: Callable[[Any], Awaitable[Any]], *options: str) -> Any:
    async def run() -> Any:
        command = ["-m", "llmring", "mcp", *options]
        server = stdio.StdioServerParameters(command=sys.executable, args=command, cwd=Path.cwd())
        async with mcp.Client(server) as client:
            return await use(client)

    return asyncio.run(run())


def text(result: Any) -> str:
    return "\n".join(block.text for block in result.content)


def test_an_assistant_can_find_bind_and_undo() -> None:
    async def use(client: Any) -> list[Any]:
        found = await client.call_tool("find_models", {"capabilities": ["vision"], "count": 1})
        models = ["openai:gpt-4o-mini"]
        bound = await client.call_tool("bind", {"alias": "dev", "models": models})
        there = Path("llmring.lock").read_text()
        undone = await client.call_tool("undo")
        return [found, bound, there, undone]

    found, bound, there, undone = with_client(use)

    assert '"capabilities":["' in text(found)
    assert text(bound).startswith("Done! Added binding dev → openai:gpt-4o-mini\n---")
    assert 'alias = "dev"' in there
    assert text(undone) == "Undone: Added binding dev → openai:gpt-4o-mini"
    assert not Path("llmring.lock").exists()


def test_wrong_arguments_are_an_error_that_names_them() -> None:
    async def use(client: Any) -> list[Any]:
        return [
            await client.call_tool("bind", {"alias": "dev"}),
            await client.call_tool("bind", {"alias": "dev", "models": ["nowhere:x"]}),
            await client.call_tool("bnd", {}),
        ]

    missing, unknown, no_tool = with_client(use)

    assert missing.is_error
    assert "models" in text(missing)
    assert unknown.is_error
    assert "unknown provider 'nowhere'" in text(unknown)
    assert no_tool.is_error
    assert not Path("llmring.lock").exists()


def test_a_read_only_server_offers_no_edits() -> None:
    async def use(client: Any) -> list[Any]:
        return [
            (tool.name, tool.annotations.read_only_hint)
            for tool in (await client.list_tools()).tools
        ]

    offered = dict(with_client(use, "--read-only"))

    assert "find_models" in offered
    assert "bind" not in offered
    assert all(offered.values())


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_the_same_tools_are_served_over_http(host: str, shown: str) -> None:
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    try:
        with socket.create_server((host, 0), family=family) as free:
            port = free.getsockname()[1]
    except OSError:
        pytest.skip(f"this machine has no {host}")
    options = ["--http", "--host", host, "--port", str(port)]
    command = [sys.executable, "-m", "llmring", "mcp", *options]

    async def ask() -> str:
        async with mcp.Client(f"http://{shown}:{port}/mcp") as client:
            return text(await client.call_tool("list_providers"))

    with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
        try:
            _wait_for(host, port)
            assert "openai" in asyncio.run(ask())
        finally:
            server.terminate()
        assert server.stderr is not None
        assert f"at http://{shown}:{port}/mcp\n".encode() in server.stderr.read()


def test_a_port_in_use_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("mcp", "--http", "--port", port)

    assert done.code == 1
    assert is_plain_error(done.err)
    assert (
        f"can't listen on 127.0.0.1, port {port}: Address already in use; choose another"
        in done.err
    )


def _wait_for(host: str, port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing listens at port {port}")
