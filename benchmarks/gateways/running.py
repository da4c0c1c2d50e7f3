"""What is asked of every gateway, and its process.

Each gateway is a module with a function `start`, which takes a `Config`, the folder of the peers'
environments and a folder for its own files, and returns a `Running`:

    with litellm.start(config, peers, home) as gateway:
        gateway.urls["chat"], gateway.called(alias), gateway.version
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

# The APIs that a client can speak, and a model's server.
APIS = ("chat", "responses", "messages", "gemini", "ollama")
# A key that opens nothing.
KEY = "sk-" + "5e0b7c41d92f8a36" * 3
# Some gateways import for a long time on a busy machine.
PATIENCE_SECONDS = 120.0

_LOG = "log.txt"
T = TypeVar("T")


class Model(NamedTuple):
    """A model behind a gateway.

    Attributes:
        api: The API of its server.
        url: The address of its server, without what its API adds (`/v1`, `/v1beta`).
        name: Its name there.
    """

    api: str
    url: str
    name: str


class Alias(NamedTuple):
    """A name that clients call, and its models in the order in which they are tried."""

    name: str
    models: tuple[Model, ...]


class Config(NamedTuple):
    """What a gateway is to do.

    Attributes:
        aliases: The names that clients call.
        stall: Seconds without a byte after which a model has failed.
        deadline: Seconds that a call may take.
    """

    aliases: tuple[Alias, ...]
    stall: float = 2.0
    deadline: float = 30.0


class Called(NamedTuple):
    """How a client calls an alias: the name of the model, and headers."""

    model: str
    headers: Mapping[str, str] = {}


class Running:
    """A gateway that answers.

    Args:
        name: Its name.
        version: Its version.
        process: Its process.
        urls: For each API that it offers, the base URL for the vendor's own SDK.
        called: How a client calls an alias.
    """

    def __init__(
        self,
        name: str,
        version: str,
        process: subprocess.Popen[bytes],
        urls: Mapping[str, str],
        called: Callable[[Alias], Called] = lambda alias: Called(alias.name),
    ) -> None:
        self.name = name
        self.version = version
        self.process = process
        self.urls = urls
        self.called = called

    def stop(self) -> None:
        """End the gateway."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def urls_at(base: str, apis: Sequence[str] = APIS) -> dict[str, str]:
    """Return the base URLs of SDKs, for a gateway that has the paths of the vendors."""
    return {api: f"{base}/v1" if api in ("chat", "responses") else base for api in apis}


def root_of(model: Model) -> str:
    """Return the base URL of a model's server, as an SDK of OpenAI or Google would have it."""
    return model.url + {"chat": "/v1", "responses": "/v1", "gemini": "/v1beta"}.get(model.api, "")


def free_port() -> int:
    """Return a port of loopback that is free."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def launched(
    command: Sequence[str], home: Path, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process with none of the user's own variables; what it prints goes to a file."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / _LOG).open("wb") as log:
        return subprocess.Popen(  # noqa: S603  # our own commands
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "XDG_STATE_HOME": str(home / "state"),
                "XDG_CACHE_HOME": str(home / "cache"),
                "DO_NOT_TRACK": "1",
                **(environ or {}),
            },
        )


def printed(process: subprocess.Popen[bytes], home: Path, wanted: str) -> re.Match[str]:
    """Wait until a process has printed something, and return it.

    Raises:
        RuntimeError: It ended, or has not printed it in time.
    """

    def look() -> re.Match[str] | None:
        return re.search(wanted, (home / _LOG).read_text(errors="replace"))

    return _waited(process, home, look)


def until_it_listens(process: subprocess.Popen[bytes], base: str, home: Path) -> None:
    """Wait until connections are taken.

    Raises:
        RuntimeError: The process ended, or does not listen in time.
    """
    place = urlsplit(base)

    def look() -> bool:
        with socket.socket() as tried:
            return tried.connect_ex((place.hostname or "", place.port or 0)) == 0

    _waited(process, home, look)


def _waited(process: subprocess.Popen[bytes], home: Path, look: Callable[[], T | None]) -> T:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if found := look():
            return found
        if process.poll() is not None:
            break
        time.sleep(0.1)
    process.kill()
    process.wait()
    lines = (home / _LOG).read_text(errors="replace").strip().splitlines() or ["it is silent"]
    raise RuntimeError(lines[-1])
