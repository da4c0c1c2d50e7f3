"""A gateway in processes of its own, and what the system knows about them."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cli.terminal import PYTHON
from served_gateway import ServedGateway


class GatewayProcess(ServedGateway):
    """A gateway in a process of its own, to which connections can be made."""

    def __init__(self, process: "subprocess.Popen[str]", lines: list[str]) -> None:
        self.process = process
        self.lines = lines
        self.port = int(lines[0].split(",")[0].rpartition(":")[2])

    def end(self, *signals: signal.Signals) -> int:
        """Send signals, a moment apart; return the exit code."""
        for each in signals:
            self.process.send_signal(each)
            time.sleep(0.2)
        return self.process.wait(20)


@contextmanager
def started(
    *words: str, env: Mapping[str, str] | None = None, group: bool = False
) -> Iterator[GatewayProcess]:
    """Start a gateway; in a process group of its own, if it is to have one."""
    process = subprocess.Popen(
        [*PYTHON, "serve", "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
        process_group=0 if group else None,
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline().rstrip("\n") for _ in range(4)]
        gateway = GatewayProcess(process, lines)
        # It listens before it answers.
        assert gateway.ask("GET", "/healthz").status == 200
        yield gateway
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()


def children(pid: int) -> set[int]:
    """Return the processes that a process has started."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may hold anything.
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.add(int(stat.parent.name))
    return found


def is_running(pid: int) -> bool:
    """Return True unless a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def server_of(opened: socket.socket, pids: set[int]) -> int | None:
    """Return the process, out of some, that has the other end of a connection on this machine."""
    mine, theirs = opened.getsockname()[1], opened.getpeername()[1]
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        cells = row.split()
        ports = [int(each.rpartition(":")[2], 16) for each in cells[1:3]]
        if ports == [theirs, mine]:
            link = f"socket:[{cells[9]}]"
            return next((pid for pid in pids if link in _descriptors(pid)), None)
    return None


def _descriptors(pid: int) -> set[str]:
    found = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(str(each.readlink()))
        except OSError:
            continue
    return found
