"""A file on this machine that requests use, and what was last read of it."""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from msgspec import Struct

from llmring.chat.media import HEAD_BYTES, MediaPart, part_of
from llmring.chat.parts import UploadedPart
from llmring.dialects.dialect import FileContent
from llmring.exceptions import ValidationError
from llmring.files.attachment import empty, read, resolve_media_type, shown, unreadable

# Size, modification time and inode; while they are equal, the content is taken to be.
_Mark = tuple[int, int, int]


class FileSnapshot(Struct, frozen=True):
    """Facts about a file from the last time it was read."""

    mark: _Mark
    media_type: str
    content_hash: str | None = None

    @property
    def size(self) -> int:
        """Size in bytes."""
        return self.mark[0]


class LocalFile:
    """A file by its path; each method looks at the disk again.

    Args:
        path: The file's path.
        hashed: True to hash the content, for copies of it elsewhere.

    Raises:
        MissingFileError: The file does not exist.
        ValidationError: It is a folder, or empty, or its type can't be detected.
    """

    def __init__(self, path: str, *, hashed: bool) -> None:
        self.path = str(Path(path).absolute())
        self.name = Path(path).name
        self._hashed = hashed
        self.known = self._look(_mark(self.path))

    def refresh(self) -> FileSnapshot:
        """Return current facts about the file; read it again only if it seems changed."""
        mark = _mark(self.path)
        if mark != self.known.mark:
            self.known = self._look(mark)
        return self.known

    def part(self) -> MediaPart:
        """Return the file as a part of a message, with its bytes."""
        return part_of(read(self.path), self.refresh().media_type, self.name)

    def content(self) -> tuple[FileContent, str]:
        """Return the file for an upload to a provider, and the hash of its content."""
        data = read(self.path)
        media_type = self.refresh().media_type
        return FileContent(name=self.name, media_type=media_type, data=data), _hash(data)

    def empty_part(self) -> MediaPart:
        """Return the file as a part of a message, without its bytes."""
        return part_of(b"", self.known.media_type, self.name)

    def reference(self, id_: str) -> UploadedPart:
        """Return a part of a message that refers to a provider's copy of the file."""
        return UploadedPart(id_, self.known.media_type, self.name)

    def _look(self, mark: _Mark) -> FileSnapshot:
        try:
            with Path(self.path).open("rb") as file:
                head = file.read(HEAD_BYTES)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest() if self._hashed else None
        except OSError as error:
            raise unreadable(self.path, error) from None
        return FileSnapshot(
            mark, resolve_media_type(head, None, self.name, shown(self.path)), digest
        )


def _mark(path: str) -> _Mark:
    try:
        found = Path(path).stat()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(found.st_mode):
        raise unreadable(path, IsADirectoryError())
    if not stat.S_ISREG(found.st_mode):
        raise ValidationError(f"{shown(path)} is not a regular file; read it and attach the bytes")
    if found.st_size == 0:
        raise empty(shown(path))
    return found.st_size, found.st_mtime_ns, found.st_ino


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
