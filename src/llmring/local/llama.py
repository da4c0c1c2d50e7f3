"""Models that run on this machine: found on disk, and served on loopback by llama.cpp.

A running model is an OpenAI-compatible server like any other, with an address and a key.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import msgspec
from msgspec import Struct

from llmring.exceptions import ConfigurationError, ProviderModelNotFoundError
from llmring.local import server
from llmring.local.weights import GGUF_MAGIC, OWN_FILE, SMOLLM2, find, intact
from llmring.redaction import MASK

if TYPE_CHECKING:
    import subprocess

INSTALL = "pip install 'llmring[local]'"
PULL = "llmring local pull"

DEFAULT_CONTEXT_TOKENS = 2048

# More threads help models this small little, and a container may get fewer CPUs than it sees.
_MOST_THREADS = 8


class LocalModel(Struct, frozen=True, kw_only=True):
    """A model file and how to run it. Equal values share one server.

    Attributes:
        name: The second half of its reference: "local:<name>".
        path: The GGUF file.
        pinned: True for the bundled model, whose checksum is known.
        threads: Number of computing threads; None for one less than there are CPUs.
        context: Tokens of prompt and answer together.
    """

    name: str
    path: Path
    pinned: bool = False
    threads: int | None = None
    context: int = DEFAULT_CONTEXT_TOKENS


class RunningServer(Struct, frozen=True):
    """Address and key of a running model, in OpenAI's chat format. The repr hides the key."""

    base_url: str
    key: str

    def __repr__(self) -> str:
        return f"Served({self.base_url!r}, key={MASK})"


def models(own: Path | None, cache_dir: Path) -> tuple[LocalModel, ...]:
    """Return the models available here: the user's own file, then the bundled model.

    Args:
        own: Value of LLMRING_LOCAL_MODEL; the model's name is the file's stem.
        cache_dir: Folder of the bundled model.
    """
    found = {own.stem: LocalModel(name=own.stem, path=own)} if own is not None else {}
    bundled = find(cache_dir)
    if bundled is not None:
        pulled = LocalModel(name=SMOLLM2.name, path=bundled, pinned=True)
        found.setdefault(pulled.name, pulled)
    return tuple(found.values())


def is_installed() -> bool:
    """Return True if the extra that runs local models is installed."""
    import importlib.util

    return importlib.util.find_spec("xllamacpp") is not None


def steps_to_run(cache_dir: Path) -> list[str]:
    """Return the commands that are still to be run before the bundled model can answer."""
    install = [] if is_installed() else [INSTALL]
    return [*install, *([] if find(cache_dir) is not None else [PULL])]


def locate(name: str, own: Path | None, cache_dir: Path) -> LocalModel:
    """Return the model of that name.

    Args:
        name: The second half of its reference.
        own: Value of LLMRING_LOCAL_MODEL.
        cache_dir: Folder of the bundled model.

    Raises:
        ConfigurationError: It is the bundled model, not downloaded yet.
        ProviderModelNotFoundError: No local model has this name.
    """
    here = {model.name: model for model in models(own, cache_dir)}
    if name in here:
        return here[name]
    if name == SMOLLM2.name:
        raise ConfigurationError(
            f"the model {name} is not on this machine; run '{PULL}' to download it "
            f"({SMOLLM2.megabytes} MB), {OWN_FILE}"
        )
    names = sorted({*here, SMOLLM2.name})
    raise ProviderModelNotFoundError(
        f"unknown local model {name!r}; use {' or '.join(names)}, or add one with "
        "LLMRING_LOCAL_MODEL=/path/to/file.gguf (the file's name is the model's)",
        provider="local",
        model=name,
    )


def serve(model: LocalModel) -> RunningServer:
    """Return the address of a model, starting it (0.3 s and more) if it is not running yet.

    Blocks while the model loads; any thread may call it. The server ends with this process.

    Raises:
        ConfigurationError: The extra is not installed, or the file can't be loaded.
    """
    with _lock:
        running = _running.get(model)
        # The server may have been killed, for example for its memory; or this process is a fork
        # and the server belongs to its parent.
        if running is not None and running.process.poll() is not None:
            _end(_running.pop(model).process)
            running = None
        if running is None:
            running = _running[model] = _start(model)
        return running.served


def stop() -> None:
    """End all local models now, instead of with the process."""
    with _lock:
        for running in _running.values():
            _end(running.process)
        _running.clear()


class _Running(Struct, frozen=True):
    process: subprocess.Popen[bytes]
    served: RunningServer


_lock = threading.Lock()
_running: dict[LocalModel, _Running] = {}


def _forget_lock_in_child() -> None:
    # Another thread may have held the lock at the moment of the fork.
    global _lock  # noqa: PLW0603
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock_in_child)


def _start(model: LocalModel) -> _Running:
    import atexit
    import secrets

    _check(model)
    load = server.ServerConfig(
        path=os.fspath(model.path.resolve()),
        name=model.name,
        key=secrets.token_hex(16),
        threads=model.threads or _threads(),
        context=model.context,
    )
    with ExitStack() as undo:
        process = _spawn()
        undo.callback(_end, process)
        _send_load(process, load)
        # Checked while the model loads, so that it costs no extra time.
        if model.pinned and not intact(model.path):
            raise ConfigurationError(f"{model.path} is damaged; run '{PULL}' to download it again")
        ready = _receive_ready(process)
        if ready.address is None:
            raise ConfigurationError(f"{model.path} can't be served: {ready.problem}")
        undo.pop_all()
    atexit.unregister(stop)
    atexit.register(stop)
    return _Running(process, RunningServer(f"{ready.address}/v1", load.key))


def _check(model: LocalModel) -> None:
    """Check the extra and the file before anything is started."""
    if not is_installed():
        raise ConfigurationError(f"models of provider 'local' need an extra; run {INSTALL}")
    if not sys.executable or getattr(sys, "frozen", False):
        raise ConfigurationError(
            "a local model needs a Python interpreter, and this program has none; run it with "
            "python"
        )
    try:
        with model.path.open("rb") as file:
            magic = file.read(len(GGUF_MAGIC))
    except OSError as error:
        raise ConfigurationError(
            f"can't read the model {model.path}: {error.strerror}; "
            + (f"run '{PULL}' to download it" if model.pinned else "check LLMRING_LOCAL_MODEL")
        ) from error
    if magic != GGUF_MAGIC:
        raise ConfigurationError(f"{model.path} is not a GGUF file; check LLMRING_LOCAL_MODEL")


def _threads() -> int:
    """Leave one CPU free: llama.cpp gets 10 times slower if one of its threads must wait."""
    if sys.platform == "linux":
        cpus = len(os.sched_getaffinity(0))
    else:
        cpus = os.cpu_count() or 1
    return max(1, min(cpus - 1, _MOST_THREADS))


def _spawn() -> subprocess.Popen[bytes]:
    import subprocess

    return subprocess.Popen(  # noqa: S603  # runs our own file
        [sys.executable, "-P", server.__file__],
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # so that Ctrl-C in a terminal reaches only the application
    )


def _send_load(process: subprocess.Popen[bytes], load: server.ServerConfig) -> None:
    with suppress(BrokenPipeError):  # the process has ended; `_receive_ready` reports it
        cast("IO[bytes]", process.stdin).write(msgspec.json.encode(load) + b"\n")


def _receive_ready(process: subprocess.Popen[bytes]) -> server.Ready:
    line = cast("IO[bytes]", process.stdout).readline()
    if line:
        return msgspec.json.decode(line, type=server.Ready)
    status = process.wait()
    why = f"signal {-status}" if status < 0 else f"status {status}"
    return server.Ready(
        problem=f"its process ended with {why}; xllamacpp may be built for a newer CPU"
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
