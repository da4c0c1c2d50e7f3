"""The processes of the comparison of gateways: each gateway on one core, the load on the other.

CPU and memory come from /proc, so that it takes Linux.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from gateway_peers import Gateway, port_of
from processes import HERE, Ports, Told, cores

ANSWER_SECONDS = 120.0
READY_SECONDS = 60.0
_POLL_SECONDS = 0.005


class Load:
    """The process that sends the requests."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def do(self, **job: Any) -> Told:
        """Run a job and return its result."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the load generator has no pipes")
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], ANSWER_SECONDS)[0]:
            raise RuntimeError("the load generator does not answer")
        result: Told = json.loads(self._process.stdout.readline())
        return result


@contextlib.contextmanager
def load(python: Path | str) -> Iterator[Load]:
    """Run the load generator.

    Args:
        python: An interpreter, if possible with uvloop.
    """
    core = cores()[1]
    command = [str(python), str(HERE / "gateway_load.py"), *([] if core is None else [str(core)])]
    with subprocess.Popen(  # noqa: S603  # our own file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Load(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()


class Measured:
    """A gateway that runs on one core.

    Args:
        gateway: The gateway.
        folder: The folder of the environments.
        home: A folder for its files.
        ports: The ports of the upstream.

    Attributes:
        running: The gateway, started.
        port: Its port.

    Raises:
        RuntimeError: It does not start.
    """

    def __init__(self, gateway: Gateway, folder: Path, home: Path, ports: Ports) -> None:
        with _on_first_core():
            self.running = gateway.start(folder, home, ports)
        self.port = port_of(self.running)
        if not self._listens(time.perf_counter() + READY_SECONDS):
            self.close()
            raise RuntimeError("it takes no connections")

    def _listens(self, until: float) -> bool:
        while time.perf_counter() < until and self.running.process.poll() is None:
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return True
            time.sleep(_POLL_SECONDS)
        return False

    def cpu(self) -> float:
        """Return the seconds of CPU that it has used: of all its processes and threads."""
        spent = 0.0
        for pid in self._pids():
            for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    # https://docs.kernel.org/scheduler/sched-stats.html
                    spent += int(thread.read_text().split()[0]) / 1e9
        return spent

    def memory(self) -> float:
        """Return the bytes of its own that are in memory, those shared by its processes once."""
        total = 0.0
        for pid in self._pids():
            with contextlib.suppress(OSError):
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        return total * 1024

    def _pids(self) -> list[int]:
        """Return its process and those that it has started."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(stat[1])
        found = [self.running.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def close(self) -> None:
        """End it."""
        if self.running.name.startswith("llmring"):
            # It takes connections for some seconds more, unless it is asked a second time.
            self.running.process.terminate()
            time.sleep(0.2)
        self.running.stop()


@contextlib.contextmanager
def _on_first_core() -> Iterator[None]:
    """Start processes on one core, so that they have as many threads as that asks for."""
    own, core = os.sched_getaffinity(0), cores()[0]
    if core is None:
        yield
        return
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, own)


def seconds_to_ready(gateway: Gateway, folder: Path, home: Path, ports: Ports) -> float:
    """Return the seconds from the start of a gateway until it reports that it can answer.

    Raises:
        RuntimeError: It does not start.
    """
    began = time.perf_counter()
    measured = Measured(gateway, folder, home, ports)
    try:
        while time.perf_counter() < began + READY_SECONDS:
            with contextlib.suppress(OSError, HTTPException):
                connection = HTTPConnection("127.0.0.1", measured.port, timeout=5)
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return time.perf_counter() - began
            time.sleep(_POLL_SECONDS)
    finally:
        measured.close()
    raise RuntimeError(f"not ready in {READY_SECONDS:.0f} s")


def order(ports: Ports, what: str) -> None:
    """Give the upstream an order, as `turn/500`."""
    connection = HTTPConnection("127.0.0.1", ports.second, timeout=10)
    connection.request("POST", f"/{what}", body=b"")
    connection.getresponse().read()
    connection.close()
