"""The process that listens, and keeps workers running that answer."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

import msgspec

from llmring.exceptions import ConfigurationError
from llmring.gateway.serve import GRACE_SECONDS, PreparedGateway
from llmring.gateway.server.drain import LIMIT_SECONDS
from llmring.gateway.workers.crash_loop import LASTING_SECONDS, CrashLoop
from llmring.gateway.workers.messages import DRAIN, FORCE, LEAVE, READ_AGAIN, WorkerStart
from llmring.gateway.workers.shared_memory import ConnectionCounts, free_place, make_memory
from llmring.gateway.workers.worker_process import HELD_SIGNALS, WorkerProcess

# A worker that reports nothing for this time is ended and replaced.
PATIENCE_SECONDS = 10.0

_TICK_SECONDS = 0.5
# Without a look for this time, this process was stopped itself.
_STOPPED_SECONDS = 3.0
# On the second signal, workers have this time to end.
_FORCED_SECONDS = 10.0

_log = logging.getLogger("llmring")


class Supervisor:
    """A gateway of several workers.

    Args:
        prepared: The gateway.
        count: The number of workers.
        command: The command that starts a worker, as for `WorkerProcess`.
        patience: Seconds without a report after which a worker is replaced.
    """

    def __init__(
        self,
        prepared: PreparedGateway,
        count: int,
        command: Sequence[str],
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._prepared = prepared
        self._count = count
        self._command = command
        self._patience = patience
        self._memory = make_memory()
        self._counts = None if self._memory is None else ConnectionCounts(self._memory)
        self._worker_start = WorkerStart(
            options=prepared.options,
            lockfile=str(prepared.live.now().ring.lockfile_path),
            agreed=prepared.live.agreed,
            door=prepared.door.fileno(),
            memory=self._memory,
        )
        self._selector = selectors.DefaultSelector()
        self._crash_loop = CrashLoop()
        # Those that are to answer, and those that are ending.
        self._workers: list[WorkerProcess] = []
        self._leaving: list[WorkerProcess] = []
        # The times at which further workers are to start.
        self._due: list[float] = []
        # The workers that a restart has yet to replace, and the one that replaces the first.
        self._outdated: deque[WorkerProcess] = deque()
        self._successor: WorkerProcess | None = None
        # The time at which those that still run are ended, once the gateway is to end.
        self._ends_at: float | None = None
        self._looked_at = time.monotonic()
        self._bell, self._ringer = socket.socketpair()
        for each in (self._bell, self._ringer):
            each.setblocking(False)

    @property
    def pids(self) -> list[int]:
        """The IDs of the processes that answer."""
        return [each.pid for each in self._workers if each.is_ready]

    def notify(self, number: int) -> None:
        """Act on a signal, from another thread.

        Args:
            number: The number of the signal.
        """
        self._ringer.send(bytes([number]))

    def run(self) -> None:
        """Keep workers running until the process is asked to end.

        Raises:
            ConfigurationError: Workers end again and again as soon as they have started.
        """
        with self._selector, self._bell, self._ringer, self._heard_signals():
            self._selector.register(self._bell, selectors.EVENT_READ)
            try:
                self._due = [0.0] * self._count
                while self._ends_at is None or self._workers or self._leaving:
                    self._look()
                    self._wait()
            finally:
                self._close()

    def _close(self) -> None:
        self._prepared.close()
        for each in (*self._workers, *self._leaving):
            each.kill()
            each.reap()
        if self._counts is not None:
            self._counts.close()
        if self._memory is not None:
            os.close(self._memory)

    # --- What happens ---

    @contextlib.contextmanager
    def _heard_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wakeup = signal.set_wakeup_fd(self._ringer.fileno(), warn_on_full_buffer=False)
        numbers = [getattr(signal, name) for name in HELD_SIGNALS]
        # Python writes the number to the descriptor only of a signal that has a handler.
        before = {each: signal.signal(each, lambda *_: None) for each in numbers}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)
            signal.set_wakeup_fd(wakeup)

    def _wait(self) -> None:
        """Wait for the next report, end or signal, or until it is time for a look."""
        now = time.monotonic()
        pause = min([_TICK_SECONDS, *(max(0.0, each - now) for each in self._due)])
        for key, _ in self._selector.select(pause):
            if key.fileobj is self._bell:
                for number in self._bell.recv(256):
                    self._hear(number)
            elif isinstance(key.fileobj, WorkerProcess) and not key.fileobj.read():
                self._lose(key.fileobj)
        if self._successor is not None and self._successor.is_ready:
            self._retire_one()

    def _hear(self, number: int) -> None:
        if number in (signal.SIGTERM, signal.SIGINT):
            self._end(at_once=number == signal.SIGINT)
        elif self._ends_at is not None:
            pass
        elif number == signal.SIGHUP:
            self._order(READ_AGAIN)
        elif number == signal.SIGUSR2:
            self._outdated.extend(each for each in self._workers if each not in self._outdated)

    def _look(self) -> None:
        """Start the workers that are due, and end those that hang."""
        now = time.monotonic()
        stopped = now - self._looked_at
        self._looked_at = now
        for each in (*self._workers, *self._leaving):
            if stopped > _STOPPED_SECONDS:
                each.forgive(stopped)
            if each.silence(now) > self._patience:
                _log.warning("worker %d does not answer; it is ended", each.pid)
                each.kill()
                each.forgive(self._patience)
            if self._ends_at is not None and now >= self._ends_at:
                each.kill()
        for each in self._workers:
            if each.is_ready and not each.has_lasted and now - each.started_at >= LASTING_SECONDS:
                each.has_lasted = True
                self._crash_loop.last()
        for due in [each for each in self._due if each <= now]:
            self._due.remove(due)
            self._start()
        if self._outdated and self._successor is None:
            self._successor = self._start()

    # --- The workers ---

    def _start(self) -> WorkerProcess | None:
        taken = {each.place for each in (*self._workers, *self._leaving)}
        start = msgspec.structs.replace(self._worker_start, place=free_place(taken))
        try:
            worker = WorkerProcess(self._command, start)
        except OSError as error:
            self._count_death(0.0, f"no worker can be started: {error}")
            return None
        self._selector.register(worker, selectors.EVENT_READ)
        self._workers.append(worker)
        return worker

    def _lose(self, worker: WorkerProcess) -> None:
        """Handle the end of a worker."""
        self._selector.unregister(worker)
        code = worker.reap()
        if self._counts is not None and worker.place is not None:
            self._counts.leave(worker.place)
        if worker in self._leaving:
            self._leaving.remove(worker)
            return
        self._workers.remove(worker)
        if worker in self._outdated:
            self._outdated.remove(worker)
        if self._ends_at is not None:
            return
        if worker is self._successor:
            self._successor = None
            self._outdated.clear()
            _log.warning("the other workers are not replaced, since the first new one has ended")
        self._count_death(time.monotonic() - worker.started_at, _reason(worker, code))

    def _count_death(self, age: float, reason: str) -> None:
        """Plan the start of another worker.

        Raises:
            ConfigurationError: Another one would end as well.
        """
        pause = self._crash_loop.die(age)
        if self._crash_loop.is_hopeless and not any(each.has_lasted for each in self._workers):
            raise ConfigurationError(f"workers end as soon as they start: {reason}")
        if len(self._workers) + len(self._due) < self._count:
            _log.warning("%s; another one starts", reason)
            self._prepared.live.report("worker_replaced", reason=reason)
            self._due.append(time.monotonic() + pause)
        else:
            _log.warning("%s", reason)

    def _retire_one(self) -> None:
        """Let the first outdated worker end, now that another one answers in its place."""
        self._successor = None
        # If one has ended meanwhile, this one is in its place.
        if self._outdated and len(self._workers) > self._count:
            old = self._outdated.popleft()
            self._workers.remove(old)
            self._leaving.append(old)
            old.order(LEAVE)
            if not self._outdated:
                _log.info("all workers have been replaced")

    def _order(self, order: bytes) -> None:
        for each in (*self._workers, *self._leaving):
            each.order(order)

    def _end(self, *, at_once: bool) -> None:
        """Begin to end the gateway; at the second time, end it now."""
        now = time.monotonic()
        if self._ends_at is not None:
            self._order(FORCE)
            self._ends_at = now + _FORCED_SECONDS
            return
        delay = 0.0 if at_once else self._prepared.options.drain_delay
        self._ends_at = now + delay + LIMIT_SECONDS + 2 * GRACE_SECONDS
        # The workers have it still; once they close it, clients are refused.
        self._prepared.close()
        self._due.clear()
        self._outdated.clear()
        self._order(LEAVE if at_once else DRAIN)


def _reason(worker: WorkerProcess, code: int) -> str:
    if worker.failure is not None:
        return worker.failure
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"worker {worker.pid} was ended by {signal.Signals(-code).name}"
    return f"worker {worker.pid} has ended with exit code {code}"
