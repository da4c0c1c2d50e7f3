"""The job that workers get: all of it by value, but for keys."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from msgspec import Struct

from llmring.batch.carried_lockfile import CarriedLockfile
from llmring.batch.engine.job_plan import JobPlan
from llmring.batch.engine.stop_reason import Cause
from llmring.batch.ray.lease import LeaseTimes
from llmring.batch.ray.partition import Partition

# Makes the plan of the job in a worker; it is given the path of the lockfile there.
OpenPlan = Callable[[Path], JobPlan]


class RayJob(Struct, frozen=True, kw_only=True):
    """A job for many machines.

    Attributes:
        id: The ID of the job.
        folder: The folder for partitions, on storage that all workers share.
        lockfile: The lockfile, with each worker's share of its limits.
        open_plan: Makes the plan; it is pickled, and reads keys where it is called.
        id_column: The column that holds the rows' IDs.
        times: The times of leases.
    """

    id: str
    folder: Path
    lockfile: CarriedLockfile
    open_plan: OpenPlan
    id_column: str | None = None
    times: LeaseTimes = LeaseTimes()

    def partition_folder(self, number: int) -> Path:
        """Return the folder of a partition's leases and attempts."""
        return self.folder / f"{number:05}"

    def part_path(self, number: int) -> Path:
        """Return the file with the result of a partition."""
        return self.folder / f"part-{number:05}.jsonl"

    @property
    def stop_path(self) -> Path:
        """The file whose existence stops all workers."""
        return self.folder / "stop"


class PartitionAttempt(Struct, frozen=True, kw_only=True):
    """An attempt at a partition, as a worker gets it.

    Attributes:
        partition: The partition.
        holder: What identifies the attempt.
        dead: Earlier attempts whose workers have died.
        skipped: The ordinals of rows that were done before.
        max_cost: USD that it may cost; None for no limit.
    """

    partition: Partition
    holder: str
    dead: tuple[str, ...] = ()
    skipped: frozenset[int] = frozenset()
    max_cost: Decimal | None = None


class AttemptEnd(Struct, frozen=True, kw_only=True):
    """The end of an attempt.

    Attributes:
        is_done: True if the partition is complete.
        is_leased: True if another worker has the partition.
        spent: USD that all attempts at the partition have cost, as far as known.
        cause: Why it has stopped early.
        message: The reason in words.
    """

    is_done: bool = False
    is_leased: bool = False
    spent: Decimal = Decimal(0)
    cause: Cause | None = None
    message: str | None = None
