"""Files of a part in the job's folder: the lines to be sent, and the rows that they are from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

FOLDER = "vendor"


class RowMark(Struct, frozen=True, array_like=True):
    """A row of a part, as far as its result needs it.

    Attributes:
        custom: Its ID at the vendor.
        id: Its ID.
        ordinal: Its place in the input.
        digest: The digest of its request.
        form: The place of the first row with the same tools and the same form of the answer.
        texts: The number of texts to embed; 0 for a chat.
    """

    custom: str
    id: str
    ordinal: int
    digest: str
    form: int
    texts: int


_MARKS = msgspec.json.Decoder(RowMark)


def sync_folder(folder: Path) -> None:
    """Write a folder's list of files to disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class PartFiles:
    """The files of a job's parts.

    Args:
        folder: The job's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / FOLDER

    def path(self, number: int, kind: str) -> Path:
        """Return the path of a file: "lines", "rows", "left", or "results-" with a number."""
        return self._folder / f"part-{number:05d}.{kind}.jsonl"

    def clear(self) -> None:
        """Remove all files, and make the folder if need be."""
        self._folder.mkdir(exist_ok=True)
        for file in self._folder.iterdir():
            file.unlink()

    def sync(self) -> None:
        """Write the list of files to disk; each file is there once it is closed."""
        sync_folder(self._folder)

    def lines(self, number: int) -> Iterator[bytes]:
        """Yield the lines to be sent, without their ends."""
        with self.path(number, "lines").open("rb") as file:
            for line in file:
                yield line.rstrip(b"\n")

    def marks(self, number: int) -> Iterator[RowMark]:
        """Yield the rows, in the order of the lines."""
        with self.path(number, "rows").open("rb") as file:
            yield from map(_MARKS.decode, file)

    def pairs(self, number: int) -> Iterator[tuple[RowMark, bytes]]:
        """Yield each row with its line."""
        yield from zip(self.marks(number), self.lines(number), strict=True)

    def left(self, number: int) -> Iterator[RowMark]:
        """Yield the rows without an answer."""
        path = self.path(number, "left")
        if path.exists():
            with path.open("rb") as file:
                yield from map(_MARKS.decode, file)

    def write_left(self, number: int, marks: Iterable[RowMark]) -> int:
        """Write the rows without an answer, and return their number."""
        count = 0
        with PartWriter(self.path(number, "left")) as file:
            for mark in marks:
                file.add(msgspec.json.encode(mark))
                count += 1
        return count

    def remove(self, number: int, *, keep_left: bool) -> None:
        """Remove the files of a part, except for the rows without an answer if these are needed."""
        for file in self._folder.glob(f"part-{number:05d}.*"):
            if not (keep_left and file == self.path(number, "left")):
                file.unlink()


class PartWriter:
    """A file that is written line by line, and is on disk once it is closed.

    Args:
        path: Its path.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")

    def add(self, line: bytes) -> None:
        """Write a line."""
        self._file.write(line)
        self._file.write(b"\n")

    def close(self) -> None:
        """Flush the file to disk, and close it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class OpenPart:
    """A part that is being written.

    Args:
        files: The files of the job.
        number: Its number.

    Attributes:
        number: Its number.
        rows: Its requests so far.
        size: Its bytes so far.
        texts: The texts to embed so far.
    """

    def __init__(self, files: PartFiles, number: int) -> None:
        self._lines = PartWriter(files.path(number, "lines"))
        self._marks = PartWriter(files.path(number, "rows"))
        self.number = number
        self.rows = self.size = self.texts = 0

    def add(self, mark: RowMark, line: bytes) -> None:
        """Add a row."""
        self._lines.add(line)
        self._marks.add(msgspec.json.encode(mark))
        self.rows += 1
        self.size += len(line) + 1
        self.texts += mark.texts

    def close(self) -> None:
        """Close its files."""
        self._lines.close()
        self._marks.close()


def new_part(files: PartFiles, number: int, source: int, wanted: Callable[[str], bool]) -> OpenPart:
    """Write a part with some of the rows of another; return it, closed.

    Args:
        files: The files of the job.
        number: The number of the new part.
        source: The number of the other.
        wanted: Checks the ID of a row at the vendor.
    """
    part = OpenPart(files, number)
    for mark, line in files.pairs(source):
        if wanted(mark.custom):
            part.add(mark, line)
    part.close()
    return part
