"""One worker, as the process that watches it sees it."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence

import msgspec

from llmring.gateway.workers.messages import DONE, FAILED, READY, WorkerStart

# Signals that a worker must not get before it can handle them.
HELD_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2")

# Python and the modules of the gateway have this time to start.
_START_SECONDS = 60.0
# After its last call, a worker has this time to write what it has recorded.
_DONE_SECONDS = 20.0
_REAP_SECONDS = 5.0


class WorkerProcess:
    """A worker.

    Args:
        command: The command that starts a worker; the descriptor of its socket is added.
        start: What the worker is given.

    Attributes:
        place: Its place in `ConnectionCounts`; None without one.
        is_ready: True once it answers clients.
        started_at: The monotonic time of its start.
        has_lasted: True once it has run for long enough to have started well.
    """

    def __init__(self, command: Sequence[str], start: WorkerStart) -> None:
        self.place = start.place
        self.is_ready = self.has_lasted = False
        self.started_at = time.monotonic()
        self._heard_at = self.started_at
        self._allowance = _START_SECONDS
        self._failure: bytes | None = None
        self._channel, theirs = socket.socketpair()
        kept = [theirs.fileno(), start.door, *([] if start.memory is None else [start.memory])]
        try:
            with theirs, held_signals():
                self._process = subprocess.Popen(  # noqa: S603 -- the command is the caller's
                    [*command, str(theirs.fileno())], stdin=subprocess.DEVNULL, pass_fds=kept
                )
        except BaseException:
            self._channel.close()
            raise
        self._send(msgspec.json.encode(start) + b"\n")

    @property
    def pid(self) -> int:
        """The ID of its process."""
        return self._process.pid

    @property
    def failure(self) -> str | None:
        """The reason why it could not start, if it has reported one."""
        return None if self._failure is None else self._failure.decode("utf-8", "replace")

    def fileno(self) -> int:
        """Return the descriptor that can be read when it has reported something or has ended."""
        return self._channel.fileno()

    def order(self, order: bytes) -> None:
        """Send an order."""
        self._send(order)

    def read(self) -> bool:
        """Read its reports; return False once it has ended."""
        try:
            found = self._channel.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            found = b""
        if found:
            self._heard_at = time.monotonic()
            self._take(found)
        return bool(found)

    def _take(self, found: bytes) -> None:
        if self._failure is not None:
            self._failure += found
            return
        reports, mark, reason = found.partition(FAILED)
        if mark:
            self._failure = reason
        if READY in reports:
            self.is_ready = True
            self._allowance = 0.0
        if DONE in reports:
            self._allowance = _DONE_SECONDS

    def silence(self, now: float) -> float:
        """Return the seconds for which it has reported nothing, although it should have.

        Args:
            now: The monotonic time.
        """
        return now - self._heard_at - self._allowance

    def forgive(self, seconds: float) -> None:
        """Do not count a time in which nothing was read."""
        self._heard_at += seconds

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def reap(self) -> int:
        """Wait for the end of the process, and close all that belongs to it; return its code."""
        self._channel.close()
        try:
            return self._process.wait(_REAP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def _send(self, data: bytes) -> None:
        # One that has ended is noticed when it is read.
        with contextlib.suppress(OSError):
            self._channel.sendall(data)


@contextlib.contextmanager
def held_signals() -> Iterator[None]:
    """Hold signals back, also for processes that are started meanwhile."""
    held = {getattr(signal, name) for name in HELD_SIGNALS}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def release_signals() -> None:
    """Get the signals that were held back at the start."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {getattr(signal, name) for name in HELD_SIGNALS})
