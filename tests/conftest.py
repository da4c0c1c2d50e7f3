"""Fixtures for all tests: an environment without keys, lockfile and user settings."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from llmring import LLMResponse, LLMRing, PendingChat, StreamChunk
from llmring.client import warn_once
from llmring.local.weights import default_cache_dir, find
from llmring.providers.table import PROVIDERS
from loopback import Answer, Loopback
from redis_server import PROGRAM, RedisServer
from rings import TODAY

KEYS = [name for row in PROVIDERS.values() for name in row.variables]
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(scope="session")
def cache_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create one cache folder for all tests, with the weights, so a local model loads once."""
    home = tmp_path_factory.mktemp("cache")
    (home / "llmring").mkdir()
    weights = find(default_cache_dir(os.environ))
    if weights is not None:
        (home / "llmring" / weights.name).symlink_to(weights)
    return home


@pytest.fixture(autouse=True)
def clean_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cache_home: Path
) -> Iterator[None]:
    """Remove all variables that llmring reads but one, and give each test its own folders."""
    for name in list(os.environ):
        if name.startswith("LLMRING_") or name in KEYS or name.lower() in PROXIES:
            monkeypatch.delenv(name)
    # Most test servers fail permanently, so retries would only take time.
    monkeypatch.setenv("LLMRING_RETRIES", "0")
    monkeypatch.setenv("LLMRING_TODAY", TODAY)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_home))
    warn_once.forget()
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield
    for kept in (cache_home / "llmring").iterdir():
        if kept.is_dir():
            shutil.rmtree(kept)
        elif not kept.is_symlink():
            kept.unlink()


@pytest.fixture
def serve() -> Iterator[Callable[..., Loopback]]:
    """Start loopback servers with the given answers."""
    servers: list[Loopback] = []

    def start(*answers: Answer) -> Loopback:
        servers.append(Loopback(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class Way:
    """A way to call the public object, sync or async; both must behave the same."""

    def __init__(self, name: str) -> None:
        self.name = name

    def chat(self, ring: LLMRing, *args: Any, **kwargs: Any) -> LLMResponse:
        if self.name == "sync":
            with ring:
                pending: PendingChat = ring.chat(*args, **kwargs)
                return pending.result()

        async def call() -> LLMResponse:
            async with ring:
                pending: PendingChat = ring.chat(*args, **kwargs)
                return await pending

        return asyncio.run(call())

    def stream(self, ring: LLMRing, *args: Any, **kwargs: Any) -> list[StreamChunk]:
        """Return all chunks; an error is raised as the iterator raises it."""
        if self.name == "sync":
            with ring:
                return list(ring.chat_stream(*args, **kwargs))

        async def call() -> list[StreamChunk]:
            async with ring:
                return [chunk async for chunk in ring.chat_stream(*args, **kwargs)]

        return asyncio.run(call())


@pytest.fixture(params=["sync", "async"])
def way(request: pytest.FixtureRequest) -> Way:
    return Way(request.param)


@pytest.fixture
def lockfile(tmp_path: Path) -> Callable[..., Path]:
    """Write a lockfile whose default profile has the given aliases."""

    def write(**aliases: list[str]) -> Path:
        lines = ['version = "1.0"', 'default_profile = "default"', "[profiles.default]"]
        for alias, models in aliases.items():
            lines += ["[[profiles.default.bindings]]", f'alias = "{alias}"', f"models = {models}"]
        path = tmp_path / "llmring.lock"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    if PROGRAM is None:
        pytest.skip("no valkey-server and no redis-server here; apt-get install redis-server")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of an empty server."""
    assert redis_server.ask("FLUSHALL") == b"+OK\r\n"
    return redis_server.url
