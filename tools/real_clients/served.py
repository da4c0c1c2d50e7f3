"""A process of `llmring serve`, with the lockfile and the vendors of one run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from real_clients.tap import Tap

_WAIT_SECONDS = 15


@contextmanager
def served(folder: Path, lockfile: str, environ: Mapping[str, str]) -> Iterator[Tap]:
    """Start a gateway, and yield a listener in front of it that keeps what clients send.

    Args:
        folder: A folder for its files.
        lockfile: The text of its lockfile.
        environ: The addresses and keys of its providers.
    """
    path, log = folder / "llmring.lock", folder / "gateway.log"
    path.write_text(lockfile, encoding="utf-8")
    options = ("--port", "0", "--drain-delay", "0", "--file", str(path))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HOME": str(folder),
        **environ,
    }
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603  # our own program
            [sys.executable, "-m", "llmring", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=environment,
        ) as process,
    ):
        try:
            first = "" if process.stdout is None else process.stdout.readline()
            if not first.startswith("llmring gateway at"):
                raise RuntimeError(log.read_text())
            with Tap(int(first.partition("http://127.0.0.1:")[2].partition(",")[0])) as tap:
                yield tap
        finally:
            process.terminate()
            process.wait(_WAIT_SECONDS)
