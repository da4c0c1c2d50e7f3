"""Progress of a job at its vendor, as its notes have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct, field

from llmring.batch.vendors.vendor_notes import VendorNote
from llmring.dialects.batches.batch_api import BatchState


class BatchPart(Struct, kw_only=True):
    """A part of the input that goes into one batch.

    Attributes:
        number: Its number, from 1.
        rows: Its requests.
        size: Its bytes.
        path: The path of its requests below the base URL.
        dialect: The name of the API that its requests are for.
        api_model: The vendor's name of its model.
        headers: Headers that its requests need.
        round: How often its requests have been sent before.
        uploading: The name under which its file is being uploaded; None if no upload is open.
        file: The vendor's ID of its file.
        file_mark: The mark of the key with which the file was uploaded.
        creating: When the creation of its batch began; None if none is open.
        tries: How often its batch has been created.
        batch: The ID of its batch.
        earlier: The IDs of batches of this part that the vendor did not take.
        mark: The mark of the key with which the batch was created, or is being created.
        state: The last known state of the batch.
        queued_until: When a batch that was not taken is sent again; None if none waits.
        queued: How often it has waited.
        downloads: The files with its results, by the vendor's name of each.
        is_collected: True once all of its results have been passed on.
        left: Requests without an answer that are to be asked live.
        answered: Requests with an answer whose cost is known.
        cost: USD for these.
        deleted: The vendor's files that have been deleted.
    """

    number: int
    rows: int
    size: int
    path: str
    api_model: str
    dialect: str = ""
    headers: Mapping[str, str] = {}
    round: int = 0
    uploading: str | None = None
    file: str | None = None
    file_mark: str = ""
    creating: float | None = None
    tries: int = 0
    batch: str | None = None
    earlier: set[str] = field(default_factory=set)
    mark: str = ""
    state: BatchState | None = None
    queued_until: float | None = None
    queued: int = 0
    downloads: dict[str, str] = field(default_factory=dict)
    is_collected: bool = False
    left: int = 0
    answered: int = 0
    cost: Decimal = Decimal(0)
    deleted: set[str] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        """True if its batch is waiting or at work."""
        return self.batch is not None and (
            self.state is None or self.state.phase in ("open", "cancelling")
        )

    @property
    def has_ended(self) -> bool:
        """True if its batch has ended and its results have not been passed on."""
        return self.batch is not None and not self.is_open and not self.is_collected

    @property
    def known(self) -> set[str]:
        """The IDs of all its batches."""
        return self.earlier if self.batch is None else {*self.earlier, self.batch}


class VendorProgress(Struct, kw_only=True):
    """Progress of a job.

    Attributes:
        job: The job's ID; empty before it has begun.
        model: The model that is asked, "provider:model".
        is_split: True once the whole input has been split into parts.
        is_cancelled: True if the job was cancelled.
        parts: The parts by number.
    """

    job: str = ""
    model: str = ""
    is_split: bool = False
    is_cancelled: bool = False
    parts: dict[int, BatchPart] = field(default_factory=dict)

    def take(self, note: VendorNote) -> None:
        """Bring the progress up to date with a note."""
        part = self.parts.get(note.part)
        match note.step:
            case "begun":
                self.job, self.model = note.job, note.model
                self.is_split = self.is_cancelled = False
                self.parts.clear()
            case "part":
                self.parts[note.part] = _part_of(note)
            case "split":
                self.is_split = True
            case "cancelling":
                self.is_cancelled = True
            case _ if part is not None:
                _take(part, note)
                if note.again:
                    self.parts[note.again] = BatchPart(
                        number=note.again,
                        rows=note.rows,
                        size=note.size,
                        path=part.path,
                        api_model=part.api_model,
                        dialect=part.dialect,
                        headers=part.headers,
                        round=part.round + 1,
                    )

    @property
    def is_done(self) -> bool:
        """True once the results of all parts have been passed on."""
        return self.is_split and all(part.is_collected for part in self.parts.values())


def progress_of(notes: Iterable[VendorNote]) -> VendorProgress:
    """Return the progress after these notes."""
    progress = VendorProgress()
    for note in notes:
        progress.take(note)
    return progress


def _part_of(note: VendorNote) -> BatchPart:
    return BatchPart(
        number=note.part,
        rows=note.rows,
        size=note.size,
        path=note.path,
        api_model=note.api_model,
        dialect=note.dialect,
        headers=note.headers,
        round=note.round,
    )


def _take(part: BatchPart, note: VendorNote) -> None:
    match note.step:
        case "uploading":
            part.uploading = note.tag
        case "uploaded":
            part.uploading, part.file, part.file_mark = None, note.file, note.mark
        case "creating":
            part.creating, part.mark, part.queued_until = note.at, note.mark, None
            part.tries += 1
        case "created":
            part.creating, part.batch, part.mark = None, note.batch, note.mark
        case "queued":
            _wait(part, note)
        case _:
            _take_result(part, note)


def _wait(part: BatchPart, note: VendorNote) -> None:
    if part.batch is not None:
        part.earlier.add(part.batch)
    part.uploading = part.creating = part.batch = part.state = None
    part.queued_until = note.until
    part.queued += 1


def _take_result(part: BatchPart, note: VendorNote) -> None:
    match note.step:
        case "state":
            part.state = note.state
        case "downloaded":
            part.downloads[note.file] = note.name
        case "collected":
            part.is_collected, part.left = True, note.left
            part.answered, part.cost = note.answered, note.cost
        case "deleted":
            part.deleted.add(note.file)
