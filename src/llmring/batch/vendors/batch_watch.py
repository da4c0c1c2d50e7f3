"""Looks at the batches of a job, and their cancellation."""

from __future__ import annotations

from llmring.batch.vendors.submission import Submission
from llmring.batch.vendors.vendor_job import VendorJob
from llmring.batch.vendors.vendor_progress import BatchPart
from llmring.exceptions import ConfigurationError, ProviderError
from llmring.routing.failure_policy import is_passing


class BatchWatch:
    """Watches the batches of a job that were created with the key of today.

    Args:
        job: The job.
        submission: Submits its parts.

    Attributes:
        faults: Why batches could not be looked at, or parts not be sent, the last time.
    """

    def __init__(self, job: VendorJob, submission: Submission) -> None:
        self._job = job
        self._submission = submission
        self.faults: list[str] = []

    @property
    def has_open(self) -> bool:
        """True if a batch is waiting or at work."""
        return any(part.is_open for part in self._job.parts())

    async def look(self) -> None:
        """Look once at each batch that is at work.

        Raises:
            ProviderError: The vendor refuses the key, or does not know a batch.
        """
        self.faults = []
        for part in self._job.parts():
            if part.is_open and part.mark == self._job.mark:
                await self._look(part)

    async def send(self) -> None:
        """Send parts that have waited; one that can't be sent now waits on.

        Raises:
            UnclearBatchError: It is unclear whether a part was sent.
            ProviderError: The vendor refuses a part.
        """
        if not self._job.progress.is_split or self._job.progress.is_cancelled:
            return
        try:
            await self._submission.send()
        except ProviderError as error:
            if not is_passing(error):
                raise
            self.faults.append(str(error))

    def queue_refused(self, part: BatchPart) -> None:
        """Let a part wait if its batch was refused because the vendor has too much at work."""
        state = part.state
        if part.has_ended and state is not None and state.phase == "refused":
            codes = {fault.code for fault in state.faults}
            if codes & self._job.api.queues:
                self._submission.queue(part, ", ".join(sorted(codes)))

    async def cancel(self) -> None:
        """Ask the vendor to cancel all batches, and find those whose creation was interrupted.

        Raises:
            UnclearBatchError: It is unclear whether a part was sent.
            ProviderError: A batch could not be cancelled.
        """
        for part in self._job.parts():
            if part.creating is not None and part.batch is None:
                await self._submission.find(part)
            if part.is_open and part.mark == self._job.mark:
                await self._cancel(part.batch or "")

    def check_reach(self) -> None:
        """Check that a batch is left that can be looked at with the key of today.

        Raises:
            ConfigurationError: All were created with another key.
        """
        waiting = [part for part in self._job.parts() if part.is_open or part.has_ended]
        foreign = [part.batch or "" for part in waiting if part.mark != self._job.mark]
        if foreign and len(foreign) == len(waiting):
            raise ConfigurationError(
                f"the batches {', '.join(foreign)} were created with another key of "
                f"{self._job.target.ref.provider}; set that key to fetch their results"
            )

    async def _look(self, part: BatchPart) -> None:
        api = self._job.api
        try:
            state = await self._job.door.repeated(api.look(part.batch or ""), api.state)
        except ProviderError as error:
            if not is_passing(error):
                raise
            self.faults.append(f"batch {part.batch}: {error}")
            return
        if part.state is None or state.phase != part.state.phase:
            self._job.note("state", part, batch=state.id, state=state)
        # Of counts that grow, the next look has the newest.
        part.state = state
        if not part.is_open:
            self._submission.hurry()
            self.queue_refused(part)

    async def _cancel(self, batch: str) -> None:
        try:
            await self._job.door.repeated(self._job.api.cancel(batch), lambda _head, _body: None)
        except ProviderError as error:
            # A batch that has ended in the meantime can't be cancelled.
            if error.status not in (400, 404, 409):
                raise
