"""The process that holds a model; `local.llama` runs this file and talks to it.

It is told what to load in one line of JSON on its input, answers with one line on its output,
and serves until its input ends, which it does when its parent stops, however that happens.

A process of its own, because llama.cpp in the application's would hold the interpreter lock
while loading, hang or crash at exit while an answer is being made, hang after a fork, and on a
CPU that it was not built for take the application with it.
"""

import importlib
import os
import signal
import sys
from typing import Any

import msgspec
from msgspec import Struct


class Load(Struct, frozen=True, kw_only=True):
    """What to load, and how.

    Attributes:
        path: The GGUF file.
        name: The name under which the model answers.
        key: What callers must present.
        threads: Threads that compute.
        context: Tokens that prompt and answer may have together.
    """

    path: str
    name: str
    key: str
    threads: int
    context: int


class Ready(Struct, frozen=True):
    """Where the server listens, or why it does not."""

    address: str | None = None
    problem: str | None = None


def main() -> None:
    """Load, say so, and serve until the input ends."""
    # Ctrl-C is for the application; it may well go on and ask again.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    load = msgspec.json.decode(sys.stdin.buffer.readline(), type=Load)
    try:
        server = _start(load)
    except ImportError as error:
        _say(Ready(problem=f"xllamacpp can't be loaded here: {error}"))
        return
    except RuntimeError:
        # All that it says is "Failed to init server", whatever the reason.
        _say(Ready(problem="damaged, of a kind that llama.cpp does not know, or too large here"))
        return
    _say(Ready(address=server.listening_address))
    sys.stdin.buffer.read()
    # Taking the server down in order would wait for the answers being made.
    os._exit(0)


def _start(load: Load) -> Any:
    xllamacpp: Any = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = load.path
    params.model_alias = {load.name}
    params.api_keys = [load.key]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = load.context
    # A second slot would get its own half of the context; calls wait for each other instead.
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = load.threads
    # Each open connection takes one, idle ones too. The default pool grows too late: a burst
    # of 8 calls was seen to wait 5 s, until an idle connection expired.
    params.n_threads_http = 64
    params.cache_ram_mib = 0  # by default 8 GiB
    params.fit_params = False  # doubles the loading time, to choose what is set here
    params.warmup = False
    params.offline = True
    params.ui = False
    params.verbosity = -1
    return xllamacpp.Server(params)


def _say(ready: Ready) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(ready) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
