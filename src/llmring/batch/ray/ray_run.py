"""One run of a job on many machines: partitions are dealt out, and their results collected."""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from decimal import Decimal

from llmring.batch.engine.job_plan import JobPlan
from llmring.batch.engine.stop_reason import StopReason
from llmring.batch.mapping.block_journal import outcomes_in
from llmring.batch.outcome import RowOutcome
from llmring.batch.ray.partition import Partition
from llmring.batch.ray.partition_journal import attempts_of, spent_by
from llmring.batch.ray.partition_run import fail_rest
from llmring.batch.ray.ray_job import PartitionAttempt, RayJob
from llmring.batch.ray.shared_spending import Money
from llmring.batch.ray.worker_pool import EndedTask, WorkerPool
from llmring.exceptions import ConfigurationError

# Workers that a partition may cost, until its rows fail.
MOST_DEATHS = 3
_PROBE_SECONDS = 300.0
_GRACE_SECONDS = 15.0


class RayRun:
    """A run of a job on the workers of a pool.

    Args:
        job: The job.
        plan: Its plan, as the driver has made it.
        partitions: The partitions.
        pool: The workers.
        keep: Keeps outcomes of rows that are not done, in the job's own journal.
        is_done: Returns True if the row with an ordinal is done.
        spent: Returns the USD of all outcomes in that journal.
    """

    def __init__(
        self,
        job: RayJob,
        plan: JobPlan,
        partitions: Iterable[Partition],
        pool: WorkerPool,
        keep: Callable[[RowOutcome], object],
        is_done: Callable[[int], bool],
        spent: Callable[[], Decimal] = Decimal,
    ) -> None:
        self._job = job
        self._plan = plan
        self._partitions = {each.number: each for each in partitions}
        self._pool = pool
        self._keep = keep
        self._is_done = is_done
        self._spent = spent
        self._money = Money(None, Decimal(0))
        self._ready: deque[int] = deque()
        # Partitions that another worker has, and when to ask for them again.
        self._leased: dict[int, float] = {}
        self._short: dict[int, Decimal] = {}
        self._dead: dict[int, list[str]] = {}
        self._deaths = Counter[int]()
        self._stop: StopReason | None = None
        self._failure: Exception | None = None

    def run(self) -> StopReason | None:
        """Run all partitions; return the reason if it stops early.

        Raises:
            ConfigurationError: A worker does not see the folder of the job.
            Exception: What an attempt has raised.
        """
        job = self._job
        job.folder.mkdir(parents=True, exist_ok=True)
        job.stop_path.unlink(missing_ok=True)
        self._probe()
        self._begin()
        try:
            self._work()
        except KeyboardInterrupt:
            self._stop = StopReason("interrupted", "interrupted by Ctrl-C")
            self._wind_up()
        for number in self._partitions:
            if not job.part_path(number).exists():
                self._collect_attempts(number)
        if self._failure is not None:
            raise self._failure
        return self._stop

    def _begin(self) -> None:
        """Collect what earlier runs have done, and count it."""
        for number in self._partitions:
            if self._job.part_path(number).exists():
                self._collect(number)
            else:
                self._collect_attempts(number)
                self._ready.append(number)
        self._money = Money(self._plan.settings.max_cost, self._spent())
        if self._money.is_limited:
            for number in self._ready:
                self._money.begin(number, spent_by(self._job.partition_folder(number)))

    def _work(self) -> None:
        while True:
            self._deal()
            if not self._pool.running:
                if not self._may_go_on or not (self._ready or self._leased):
                    return
                # All that is left is with other workers.
                time.sleep(min(1.0, self._job.times.look))
                continue
            for ended in self._pool.ended():
                self._settle(ended)

    @property
    def _may_go_on(self) -> bool:
        return self._stop is None and self._failure is None

    def _probe(self) -> None:
        """Check that all workers see the folder."""
        probe = self._job.folder / f"probe-{secrets.token_hex(8)}"
        content = secrets.token_hex(16)
        probe.write_text(content, encoding="utf-8")
        try:
            seen = self._pool.ask_all("sees", probe, content, seconds=_PROBE_SECONDS)
            places = self._pool.ask_all("place", seconds=_PROBE_SECONDS)
        finally:
            probe.unlink(missing_ok=True)
        blind = sorted({host for (host, _), sees in zip(places, seen, strict=True) if not sees})
        if blind:
            raise ConfigurationError(
                f"the workers on {', '.join(blind)} don't see {self._job.folder.absolute()}; put "
                "the input, the output and the job's folder (--job) on storage that all machines "
                "have under the same path"
            )

    def _deal(self) -> None:
        """Start attempts, as far as there are idle workers and money."""
        now = time.monotonic()
        for number in [each for each, due in self._leased.items() if due <= now]:
            del self._leased[number]
            self._ready.append(number)
        while self._ready and self._pool.has_place and self._may_go_on:
            number = self._ready.popleft()
            budget = self._money.deal(number, self._pool.workers - self._pool.running)
            if budget is not None and budget <= self._short.get(number, Decimal(0)):
                self._money.settle(number, spent_by(self._job.partition_folder(number)))
                self._ready.appendleft(number)
                if not self._pool.running:
                    self._stop_for_money()
                return
            partition = self._partitions[number]
            self._pool.start(
                PartitionAttempt(
                    partition=partition,
                    holder=secrets.token_hex(16),
                    dead=tuple(self._dead.get(number, ())),
                    skipped=self._skipped(partition),
                    max_cost=budget,
                )
            )

    def _skipped(self, partition: Partition) -> frozenset[int]:
        return frozenset(filter(self._is_done, range(*partition.ordinals)))

    def _settle(self, ended: EndedTask) -> None:
        number, end = ended.attempt.partition.number, ended.end
        if end is None or end.is_leased:
            if self._money.is_limited:
                self._money.settle(number, spent_by(self._job.partition_folder(number)))
        else:
            self._money.settle(number, end.spent)
        if ended.error is not None:
            self._failure = self._failure or ended.error
        elif ended.death is not None:
            self._died(ended)
        elif end is not None and end.is_done:
            self._collect(number)
        elif end is not None and end.is_leased:
            self._leased[number] = time.monotonic() + self._job.times.look
        elif end is not None and end.cause == "max_cost":
            self._short[number] = ended.attempt.max_cost or Decimal(0)
            self._ready.append(number)
        elif end is not None and end.cause == "left":
            # It has lost its lease.
            self._leased[number] = time.monotonic() + self._job.times.look
        elif end is not None and end.cause is not None:
            self._stop = self._stop or StopReason(end.cause, end.message or "")

    def _died(self, ended: EndedTask) -> None:
        number = ended.attempt.partition.number
        self._deaths[number] += 1
        if ended.death == "known":
            self._dead.setdefault(number, []).append(ended.attempt.holder)
        if self._deaths[number] < MOST_DEATHS:
            self._ready.append(number)
            return
        attempt = PartitionAttempt(
            partition=ended.attempt.partition,
            holder=secrets.token_hex(16),
            dead=tuple(self._dead.get(number, ())),
            skipped=self._skipped(ended.attempt.partition),
        )
        if fail_rest(self._job, self._plan, attempt, self._deaths[number]):
            self._collect(number)
        else:
            self._leased[number] = time.monotonic() + self._job.times.look

    def _collect(self, number: int) -> None:
        for outcome in outcomes_in(self._job.part_path(number)):
            if not self._is_done(outcome.ordinal):
                self._keep(outcome)

    def _collect_attempts(self, number: int) -> None:
        for outcome in attempts_of(self._job.partition_folder(number)):
            if not self._is_done(outcome.ordinal):
                self._keep(outcome)

    def _stop_for_money(self) -> None:
        self._stop = StopReason(
            "max_cost",
            f"{self._money.left} USD are left, too little for a further row; raise --max-cost, or "
            "limit the answers with --max-tokens",
        )

    def _wind_up(self) -> None:
        """Let the workers end the rows in flight."""
        self._job.stop_path.touch()
        until = time.monotonic() + _GRACE_SECONDS
        while self._pool.running and time.monotonic() < until:
            for ended in self._pool.ended():
                self._settle(ended)
