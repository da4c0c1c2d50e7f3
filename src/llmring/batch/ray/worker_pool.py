"""The workers of a job: one attempt each at a time, and a new worker for one that dies.

They are plain actors, not Ray Data's: Ray restarts neither them nor their tasks, as the driver does
both. It then knows for certain which attempt has died, so that its lease can be taken at once, and
how many workers a partition has cost. Nothing but partitions goes through Ray's store.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from llmring.batch.ray.ray_job import AttemptEnd, PartitionAttempt, RayJob
from llmring.batch.ray.ray_worker import RayWorker

_WAIT_SECONDS = 0.5


class EndedTask(NamedTuple):
    """An attempt that has ended.

    Attributes:
        attempt: The attempt.
        end: How it ended; None if the worker was lost.
        death: "known" if the worker's process has ended; "unknown" if it may still run.
        error: What the attempt has raised.
    """

    attempt: PartitionAttempt
    end: AttemptEnd | None = None
    death: Literal["known", "unknown"] | None = None
    error: Exception | None = None


class WorkerPool:
    """The workers of a job.

    Args:
        ray: The package.
        job: The job.
        workers: How many workers there are.
        cpus: The cores of a worker.
    """

    def __init__(self, ray: Any, job: RayJob, workers: int, cpus: float = 1.0) -> None:
        self._ray = ray
        self._job = job
        actor = ray.remote(RayWorker)
        self._actor = actor.options(num_cpus=cpus, max_restarts=0, max_task_retries=0)
        self._idle = [self._new() for _ in range(workers)]
        self._running: dict[Any, tuple[Any, PartitionAttempt]] = {}
        self.workers = workers

    def _new(self) -> Any:
        return self._actor.remote(self._job)

    @property
    def has_place(self) -> bool:
        """True if a worker is idle."""
        return bool(self._idle)

    @property
    def running(self) -> int:
        """The attempts in progress."""
        return len(self._running)

    def ask_all(self, method: str, *given: Any, seconds: float) -> list[Any]:
        """Call a method of all workers, which are idle, and return the results.

        Raises:
            ray.exceptions.RayError: A worker has died, or did not start in time.
        """
        calls = [getattr(each, method).remote(*given) for each in self._idle]
        found: list[Any] = self._ray.get(calls, timeout=seconds)
        return found

    def start(self, attempt: PartitionAttempt) -> None:
        """Start an attempt on an idle worker."""
        worker = self._idle.pop()
        self._running[worker.run.remote(attempt)] = (worker, attempt)

    def ended(self) -> Iterator[EndedTask]:
        """Wait for a moment, and yield the attempts that have ended."""
        if not self._running:
            return
        ready, _ = self._ray.wait([*self._running], num_returns=1, timeout=_WAIT_SECONDS)
        for call in ready:
            worker, attempt = self._running.pop(call)
            yield self._end_of(call, worker, attempt)

    def _end_of(self, call: Any, worker: Any, attempt: PartitionAttempt) -> EndedTask:
        errors = self._ray.exceptions
        try:
            end: AttemptEnd = self._ray.get(call)
        except errors.ActorDiedError:
            self._idle.append(self._new())
            return EndedTask(attempt, death="known")
        except errors.RayTaskError as error:
            self._idle.append(worker)
            cause = error.cause if isinstance(error.cause, Exception) else error
            return EndedTask(attempt, error=cause)
        except errors.RayError:
            # It can't be reached, and may go on for a while, until its lease expires.
            self._ray.kill(worker)
            self._idle.append(self._new())
            return EndedTask(attempt, death="unknown")
        self._idle.append(worker)
        return EndedTask(attempt, end)

    def close(self) -> None:
        """End all workers."""
        for worker in [*self._idle, *(worker for worker, _ in self._running.values())]:
            self._ray.kill(worker)
        self._idle.clear()
        self._running.clear()
