"""Search for a batch that may have been created although its creation was never noted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from llmring.batch.vendors.vendor_job import VendorJob
from llmring.batch.vendors.vendor_progress import BatchPart
from llmring.dialects.batches.batch_api import BatchState
from llmring.exceptions import LLMRingError

# A vendor's list may lack what was created just now.
_SETTLED_SECONDS = 60.0
# The clocks of the vendor and of this machine may differ.
_SKEW_SECONDS = 600.0


class UnclearBatchError(LLMRingError):
    """A batch may have been created or not, and the vendor's list does not settle it."""


class BatchSearch:
    """Searches the vendor's list for a batch of a job.

    Args:
        job: The job.
    """

    def __init__(self, job: VendorJob) -> None:
        self._api = job.api
        self._door = job.door
        self._clock = job.clock
        self._files = job.files

    async def find(self, part: BatchPart, tag: str, known: Collection[str]) -> BatchState | None:
        """Return the batch of a part whose creation began, if it was created.

        Args:
            part: The part.
            tag: The tag with which it was created.
            known: The IDs of the job's other batches.

        Raises:
            UnclearBatchError: The list does not settle it.
            ProviderError: The list could not be fetched.
        """
        began = part.creating or 0.0
        found = await self._found(part, tag, known, began)
        if found is None and self._clock.now() < began + _SETTLED_SECONDS:
            await self._clock.sleep(began + _SETTLED_SECONDS - self._clock.now())
            found = await self._found(part, tag, known, began)
        return found

    async def _found(
        self, part: BatchPart, tag: str, known: Collection[str], began: float
    ) -> BatchState | None:
        def is_older(states: Sequence[BatchState]) -> bool:
            oldest = min((each.created or began for each in states), default=began)
            return self._api.newest_first and oldest < began - _SKEW_SECONDS

        states = await self._door.pages(self._api.listing, self._api.listed, is_older)
        unknown = [each for each in states if each.id not in known]
        if self._api.tags or self._api.files is not None:
            ours = [
                each
                for each in unknown
                if each.tag == tag or (each.tag is None and each.file and each.file == part.file)
            ]
        else:
            ours = await self._with_our_ids(part, unknown, began)
        if len(ours) > 1:
            raise _unclear(part, f"{len(ours)} batches with its tag", ours)
        return ours[0] if ours else None

    async def _with_our_ids(
        self, part: BatchPart, states: Sequence[BatchState], began: float
    ) -> list[BatchState]:
        """Return the batches with requests of a part, at a vendor whose batches have no tag.

        Raises:
            UnclearBatchError: One that is still at work may be it.
        """
        similar = [
            each
            for each in states
            if (each.created or began) >= began - _SKEW_SECONDS and each.counts.total == part.rows
        ]
        first = next(self._files.marks(part.number)).custom
        ours = []
        for state in similar:
            if not state.outputs:
                raise _unclear(part, "a batch of as many requests from the same time", [state])
            path = self._files.path(part.number, "search")
            await self._door.download(self._api.download(state.outputs[0]), path)
            if self._has(path, first):
                ours.append(state)
            path.unlink()
        return ours

    def _has(self, path: Path, custom: str) -> bool:
        with path.open("rb") as file:
            results = map(self._api.result, file)
            return any(each is not None and each.id == custom for each in results)


def _unclear(part: BatchPart, what: str, states: Sequence[BatchState]) -> UnclearBatchError:
    names = ", ".join(each.id for each in states)
    return UnclearBatchError(
        f"part {part.number}: it was being sent when the job was stopped, and the vendor lists "
        f"{what} ({names}); look at it there, then resume with resubmit (--resubmit) to send the "
        "part again, or cancel the job"
    )
