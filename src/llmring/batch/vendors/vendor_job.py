"""The parts of a job at a vendor that all of its steps share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmring.batch.batch_calls import BatchCalls
from llmring.batch.vendors.choice import api_of
from llmring.batch.vendors.key_mark import key_mark
from llmring.batch.vendors.part_files import PartFiles
from llmring.batch.vendors.vendor_clock import VendorClock
from llmring.batch.vendors.vendor_door import VendorDoor
from llmring.batch.vendors.vendor_notes import Step, VendorNotes
from llmring.batch.vendors.vendor_progress import BatchPart, progress_of
from llmring.exceptions import ConfigurationError
from llmring.routing.targets import Target


class VendorJob:
    """A job at a vendor: its model, its files, and its progress so far.

    Args:
        calls: The ring.
        target: The model.
        folder: The job's folder.
        clock: The clock.

    Attributes:
        target: The model.
        api: The vendor's batch API.
        clock: The clock.
        door: Sends requests.
        files: The files of the parts.
        progress: The progress; `note` keeps it up to date.

    Raises:
        ConfigurationError: The provider has no batch API, or the job is with another model.
    """

    def __init__(self, calls: BatchCalls, target: Target, folder: Path, clock: VendorClock) -> None:
        self.target = target
        self.api = api_of(target)
        self.clock = clock
        self.door = VendorDoor(calls, target, clock)
        self.files = PartFiles(folder)
        self._notes = VendorNotes(folder, clock.now)
        self.progress = progress_of(self._notes.read())
        if self.progress.model not in ("", target.name):
            raise ConfigurationError(
                f"{folder} has batches of {self.progress.model}, and the first model with batches "
                f"is {target.name} now; bind the alias as before, or start a job in another folder"
            )

    @property
    def mark(self) -> str:
        """The mark of the key of today."""
        return key_mark(self.target.endpoint.key_in_use)

    def parts(self) -> Iterator[BatchPart]:
        """Yield the parts in order."""
        yield from sorted(self.progress.parts.values(), key=lambda part: part.number)

    def note(self, step: Step, part: BatchPart | int = 0, **facts: Any) -> None:
        """Note a step, of a part or of the whole job."""
        number = part if isinstance(part, int) else part.number
        self.progress.take(self._notes.add(step, part=number, **facts))

    def close(self) -> None:
        """Close the notes."""
        self._notes.close()
