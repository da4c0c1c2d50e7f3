"""The process that runs a model; `local.llama` starts this file and talks to it.

It reads the model to load from one line of JSON on stdin, replies with one line on stdout, and
serves until stdin closes, which happens when its parent ends for any reason.

It is a separate process because llama.cpp inside the application would hold the interpreter lock
while loading, hang or crash at exit while it generates, hang after a fork, and on a CPU that it
was not built for crash the application.
"""

import importlib
import os
import signal
import sys
from typing import Any

import msgspec
from msgspec import Struct


class ServerConfig(Struct, frozen=True, kw_only=True):
    """The model to load, and how to serve it.

    Attributes:
        path: The GGUF file.
        name: The name under which the model answers.
        key: The key that callers must present.
        threads: Number of computing threads.
        context: Tokens of prompt and answer together.
    """

    path: str
    name: str
    key: str
    threads: int
    context: int


class Ready(Struct, frozen=True):
    """The server's address, or why it could not start."""

    address: str | None = None
    problem: str | None = None


def main() -> None:
    """Load the model, report it, and serve until stdin closes."""
    # Ctrl-C is for the application, which may continue and use the model again.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    load = msgspec.json.decode(sys.stdin.buffer.readline(), type=ServerConfig)
    try:
        server = _start(load)
    except ImportError as error:
        _send_ready(Ready(problem=f"xllamacpp can't be loaded here: {error}"))
        return
    except RuntimeError:
        # Its message is always "Failed to init server".
        _send_ready(Ready(problem="damaged, unknown to llama.cpp, or too large for this machine"))
        return
    _send_ready(Ready(address=server.listening_address))
    sys.stdin.buffer.read()
    # An orderly shutdown would wait for answers in progress.
    os._exit(0)


def _start(load: ServerConfig) -> Any:
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = load.path
    params.model_alias = {load.name}
    params.api_keys = [load.key]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = load.context
    # A second slot would get half of the context; calls wait for each other instead.
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = load.threads
    # Each open connection takes one thread, idle ones too. The default pool grows too late: a
    # burst of 8 calls waited 5 s until an idle connection expired.
    params.n_threads_http = 64
    params.cache_ram_mib = 0  # by default 8 GiB
    params.fit_params = False  # would double the loading time to choose what is set here
    params.warmup = False
    params.offline = True
    params.ui = False
    params.verbosity = -1
    return xllamacpp.Server(params)


def _send_ready(ready: Ready) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
