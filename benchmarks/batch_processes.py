"""The processes of the batch benchmarks: the counting server, and `llmring batch`."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from processes import cores

HERE = Path(__file__).resolve().parent
_KIB = 1024
LOCKFILE = """
version = "1.0"

[[profiles.default.bindings]]
alias = "fast"
models = ["openai:a-model"]
"""


class Server(NamedTuple):
    """The counting server."""

    port: int

    def counts(self) -> dict[str, int]:
        """Return its numbers; see `batch_upstream`."""
        found: dict[str, int] = json.loads(self._get("/counts"))
        return found

    def order(self, what: str, value: float) -> None:
        """Change how it answers; see `batch_upstream`."""
        self._get(f"/order/{what}/{value:g}")

    def _get(self, path: str) -> bytes:
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            body: bytes = answer.read()
            return body


@contextlib.contextmanager
def counting_server() -> Iterator[Server]:
    """Run the counting server on a core of its own."""
    core = cores()[1]
    command = [
        sys.executable,
        str(HERE / "batch_upstream.py"),
        *([] if core is None else [str(core)]),
    ]
    with subprocess.Popen(  # noqa: S603 -- our own file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the server has no pipes")
        yield Server(int(process.stdout.readline()))
        process.stdin.close()


def write_input(path: Path, rows: int) -> None:
    """Write an input with this many rows, each with a text of its own."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f'{{"text": "row {number} {"x" * 80}"}}\n' for number in range(rows))


def environ(folder: Path, server: Server) -> dict[str, str]:
    """Return the variables of a process that calls the server."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(HERE.parent / "src"),
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "OPENAI_API_KEY": "sk-none",
        "OPENAI_BASE_URL": f"http://127.0.0.1:{server.port}/v1",
    }


def batch_command(folder: Path, given: Path, *options: str) -> list[str]:
    """Return the command that sends each row of an input, and writes `out.jsonl`."""
    (folder / "llmring.lock").write_text(LOCKFILE, encoding="utf-8")
    return [
        *(sys.executable, "-m", "llmring", "batch", str(given), "--alias", "fast"),
        *("--prompt", "Tell me about {text}", "-o", str(folder / "out.jsonl")),
        *("--concurrency", "256", "--progress", "none", "--allow-unknown-cost", "--yes", *options),
    ]


class Cost(NamedTuple):
    """What a process took.

    Attributes:
        seconds: From its start to its end.
        cpu: Seconds of CPU.
        mebibytes: The most memory that it had.
        status: Its exit status.
    """

    seconds: float
    cpu: float
    mebibytes: float
    status: int


def timed(command: Sequence[str], folder: Path, variables: dict[str, str]) -> Cost:
    """Run a command on the core of clients, and return what it took."""
    core = cores()[0]
    began = time.perf_counter()
    with (folder / "stderr.txt").open("a") as complaints:
        process = subprocess.Popen(  # noqa: S603 -- our own files
            command, cwd=folder, env=variables, stdout=complaints, stderr=complaints
        )
        if core is not None:
            os.sched_setaffinity(process.pid, {core})
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(seconds, cpu, usage.ru_maxrss / _KIB, process.returncode)
