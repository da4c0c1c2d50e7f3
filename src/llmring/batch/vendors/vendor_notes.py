"""Notes of a job's steps at a vendor: `vendor.jsonl` in the job's folder.

A note is on disk before the step after it begins, so that a later process on any machine goes on
where this one ended. It has IDs of the vendor, but never a key or a prompt.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from llmring.batch.vendors.part_files import sync_folder
from llmring.dialects.batches.batch_api import BatchState
from llmring.exceptions import ConfigurationError

NOTES = "vendor.jsonl"

Step = Literal[
    "begun",
    "part",
    "split",
    "uploading",
    "uploaded",
    "creating",
    "created",
    "queued",
    "state",
    "downloaded",
    "collected",
    "cancelling",
    "deleted",
]


class VendorNote(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A step of a job.

    Attributes:
        step: The step. "uploading", "creating" and "cancelling" are noted before it.
        at: Seconds since 1970.
        job: The job's ID.
        model: The model that is asked, "provider:model".
        part: The number of the part of the input, from 1.
        rows: Its requests.
        size: Its bytes.
        path: The path of its requests below the base URL.
        dialect: The name of the API that its requests are for.
        api_model: The vendor's name of its model.
        headers: Headers that its requests need.
        round: How often its requests have been sent before.
        tag: The tag of its batch, or the name of its file.
        file: The vendor's ID of a file.
        batch: The vendor's ID of a batch.
        mark: The mark of the key that was used.
        state: The state of a batch, whenever it has changed.
        until: When a part that the vendor did not take is sent again.
        reason: Why it was not taken.
        name: The name of a file in the job's folder.
        left: Requests without an answer that are to be asked live.
        answered: Requests with an answer whose cost is known.
        cost: USD for these.
        again: The new part of `rows` requests without an answer, if they are sent in a batch again.
    """

    step: Step
    at: float
    job: str = ""
    model: str = ""
    part: int = 0
    rows: int = 0
    size: int = 0
    path: str = ""
    dialect: str = ""
    api_model: str = ""
    headers: Mapping[str, str] = {}
    round: int = 0
    tag: str = ""
    file: str = ""
    batch: str = ""
    mark: str = ""
    state: BatchState | None = None
    until: float = 0.0
    reason: str = ""
    name: str = ""
    left: int = 0
    answered: int = 0
    cost: Decimal = Decimal(0)
    again: int = 0


_NOTES = msgspec.json.Decoder(VendorNote)


class VendorNotes:
    """The notes of a job, read and appended.

    Args:
        folder: The job's folder; it exists.
        now: Returns the seconds since 1970.
    """

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._path = folder / NOTES
        self._now = now
        self._file: int | None = None
        self._is_new = not self._path.exists()

    def read(self) -> Iterator[VendorNote]:
        """Yield the notes in order, and cut off a last line that was not written as a whole.

        Raises:
            ConfigurationError: A line is not a note.
        """
        if not self._path.exists():
            return
        data = self._path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.truncate(self._path, whole)
        for number, line in enumerate(data[:whole].splitlines(), 1):
            try:
                note = _NOTES.decode(line)
            except msgspec.DecodeError as error:
                raise ConfigurationError(
                    f"{self._path}:{number}: not a note that this version can read ({error}); use "
                    "the version that wrote it, or start a job in another folder"
                ) from error
            yield note

    def add(self, step: Step, **facts: Any) -> VendorNote:
        """Write a note, and return it once it is on disk."""
        note = VendorNote(step=step, at=self._now(), **facts)
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        line = memoryview(msgspec.json.encode(note) + b"\n")
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)
        if self._is_new:
            sync_folder(self._path.parent)
            self._is_new = False
        return note

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
