"""Images and files that columns hold, attached to the message of a row.

A value is a path relative to the input, an http(s) or data: URL, bytes, or `{bytes, path}`, as
datasets keep images; or a list of these. A URL is passed to the provider, never loaded.
"""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast

from llmring.batch.input.request_builder import RowAttachments
from llmring.batch.input.row_source import RowSource
from llmring.batch.input.template import unknown_column, value_at
from llmring.batch.row import InputRow
from llmring.chat.media import MediaPart
from llmring.exceptions import ValidationError
from llmring.files.attachment import attachment
from llmring.files.local_file import LocalFile

Register = Callable[[str], str]
Kind = Literal["image", "file"]

# Files whose facts are known, and contents that were seen, so that memory stays flat.
_KNOWN_FILES = 1024
_SEEN_CONTENTS = 10_000


class Attachments:
    """The attachments of rows.

    A file is read when its request is sent. One that comes again is registered, so that a provider
    that keeps files is sent it once, whatever the number of rows.

    Args:
        images: The columns that hold images.
        files: The columns that hold files of any type.
        register: Registers a path as a file of the ring, and returns its ID; None to send the
            bytes with each request.
    """

    def __init__(
        self,
        images: Sequence[str] = (),
        files: Sequence[str] = (),
        register: Register | None = None,
    ) -> None:
        self._columns: list[tuple[str, Kind]] = [(name, "image") for name in images]
        self._columns += [(name, "file") for name in files]
        self._register = register
        self._files: OrderedDict[str, LocalFile] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._ids: dict[str, str] = {}

    def check(self, source: RowSource) -> None:
        """Check that the columns exist.

        Raises:
            ValidationError: One does not.
        """
        for name, kind in self._columns:
            if source.columns and name not in source.paths:
                raise unknown_column(name, source.paths, source.columns, f"--{kind}")

    def __call__(self, row: InputRow) -> RowAttachments:
        """Return what the row attaches; see `Enclose`."""
        parts: list[MediaPart] = []
        files: list[str] = []
        marks: list[Any] = []
        for name, kind in self._columns:
            for value in _values(row, name):
                self._add(value, kind, name, row.folder, (parts, files, marks))
        return RowAttachments(parts, files, marks)

    def _add(
        self,
        value: Any,
        kind: Kind,
        column: str,
        folder: str,
        found: tuple[list[MediaPart], list[str], list[Any]],
    ) -> None:
        parts, files, marks = found
        if isinstance(value, str) and not _is_url(value):
            file = self._file(str(Path(folder, value)))
            known = file.refresh()
            content = known.content_hash or ""
            _check_kind(kind, known.media_type, column)
            files.append(self._sent(file, content))
            marks.append([known.media_type, content])
            return
        part = _part(value, column)
        _check_kind(kind, part.media_type, column)
        parts.append(part)
        marks.append([part.media_type, _content(part)])

    def _file(self, path: str) -> LocalFile:
        known = self._files.get(path)
        if known is None:
            known = self._files[path] = LocalFile(path, hashed=True)
            if len(self._files) > _KNOWN_FILES:
                self._files.popitem(last=False)
        self._files.move_to_end(path)
        return known

    def _sent(self, file: LocalFile, content: str) -> str:
        """Return the path of a file that comes for the first time, else its ID."""
        if self._register is None:
            return file.path
        if content in self._ids:
            return self._ids[content]
        if content in self._seen:
            del self._seen[content]
            self._ids[content] = self._register(file.path)
            return self._ids[content]
        self._seen[content] = None
        if len(self._seen) > _SEEN_CONTENTS:
            self._seen.popitem(last=False)
        return file.path


def _values(row: InputRow, name: str) -> Iterator[Any]:
    held = value_at(row.values, name)
    for value in held if isinstance(held, list | tuple) else [held]:
        given = value
        if isinstance(given, Mapping):
            # https://huggingface.co/docs/datasets/image_dataset
            if given.get("bytes"):
                yield given
                continue
            given = given.get("path")
        if given is None or given in ("", b""):
            raise ValidationError(f"column {name!r} is null or empty; give a path, a URL or bytes")
        yield given


def _is_url(text: str) -> bool:
    return text[:8].lower().startswith(("http://", "https://", "data:"))


def _part(value: Any, column: str) -> MediaPart:
    if isinstance(value, Mapping):
        path = value.get("path")
        return attachment(value["bytes"], name=Path(path).name if path else None)
    if isinstance(value, str | bytes | bytearray | memoryview):
        return attachment(value)
    raise ValidationError(
        f"column {column!r} holds {type(value).__name__}; give a path, a URL or bytes"
    )


def _check_kind(kind: Kind, media_type: str | None, column: str) -> None:
    if kind == "image" and not (media_type or "image/").startswith("image/"):
        raise ValidationError(
            f"column {column!r} holds {media_type}, not an image; attach it with --file"
        )


def _content(part: MediaPart) -> str:
    """Return a hash of a part's bytes, or its URL."""
    data = getattr(part, "data", None)
    if data is None:
        return cast("str", getattr(part, "url", ""))
    return hashlib.sha256(base64.b64decode(data)).hexdigest()
