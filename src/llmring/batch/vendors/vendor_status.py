"""The state of a job at its vendor, for people."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from llmring.batch.vendors.vendor_progress import BatchPart, VendorProgress
from llmring.dialects.batches.batch_api import BatchApi


class VendorStatus(Struct, frozen=True, kw_only=True):
    """The state of a job at its vendor.

    Attributes:
        rows: The requests of all parts.
        parts: The parts, those that were sent again included.
        waiting: Parts that are not at the vendor yet.
        queued: Those of them that the vendor did not take yet, because it has too much at work.
        open: Batches that are at work.
        ended: Batches that have ended, and whose results have not been collected.
        collected: Parts whose results have been collected.
        succeeded: Requests with an answer, as far as the vendor counts them.
        failed: Requests that failed, as far as the vendor counts them.
        left: Requests without an answer that are to be asked live.
        unreachable: Batches that can't be looked at with the key of today, and why.
        warnings: What is to be done soon.
        is_cancelled: True if the job was cancelled.
        is_done: True once all results have been collected.
    """

    rows: int
    parts: int
    waiting: int
    queued: int
    open: int
    ended: int
    collected: int
    succeeded: int
    failed: int
    left: int
    unreachable: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_cancelled: bool = False
    is_done: bool = False


def vendor_status(
    progress: VendorProgress, api: BatchApi, mark: str, now: float, faults: Iterable[str] = ()
) -> VendorStatus:
    """Return the state of a job.

    Args:
        progress: Its progress.
        api: The vendor's batch API.
        mark: The mark of the key of today.
        now: Seconds since 1970.
        faults: Why batches could not be looked at the last time.
    """
    parts = list(progress.parts.values())
    sent = [part for part in parts if part.batch is not None]
    counts = [part.state.counts for part in sent if part.state is not None]
    foreign = [part for part in sent if part.mark != mark and not part.is_collected]
    return VendorStatus(
        rows=sum(part.rows for part in parts if not part.round),
        parts=len(parts),
        waiting=sum(part.batch is None and not part.is_collected for part in parts),
        queued=sum(part.queued_until is not None for part in parts),
        open=sum(part.is_open for part in parts),
        ended=sum(part.has_ended for part in parts),
        collected=sum(part.is_collected for part in parts),
        succeeded=sum(each.succeeded or 0 for each in counts),
        failed=sum(each.failed or 0 for each in counts),
        left=sum(part.left for part in parts),
        unreachable=(
            *(
                f"batch {part.batch} was created with another key; set that key to fetch it"
                for part in foreign
            ),
            *faults,
        ),
        warnings=tuple(filter(None, (deletion_warning(part, api, now) for part in sent))),
        is_cancelled=progress.is_cancelled,
        is_done=progress.is_done,
    )


def deletion_warning(part: BatchPart, api: BatchApi, now: float) -> str | None:
    """Return a warning if the vendor deletes the results of a part soon, or has deleted them."""
    state, lasts = part.state, api.results_last
    if part.is_collected or state is None or lasts is None or not part.has_ended:
        return None
    began = state.created if api.results_from == "created" else state.ended
    if began is None:
        return None
    left = began + lasts - now
    if left <= 0:
        return f"the vendor has deleted the results of batch {part.batch}, or is about to"
    if left > lasts / 4:
        return None
    return f"the vendor deletes the results of batch {part.batch} in {left / 3600:.0f} h"
