"""The newest catalog on this machine: the one that was fetched, or else the package's own.

A fetched catalog is one file, `registry/catalog` in the cache folder: a line that says where it is
from and what its digest is, and then the document as it came. So it is replaced in one step, and
whatever damages it is noticed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from llmring.exceptions import LLMRingError
from llmring.registry.bundled import bundled
from llmring.registry.catalog import Catalog
from llmring.registry.update import checked, sha256_of

# How long what was seen on the disk is taken to be there still.
LOOK_AGAIN_SECONDS = 1.0

_log = logging.getLogger("llmring")


class Note(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a catalog beside it.

    Attributes:
        url: Where it is from, without what may be secret in that.
        sha256: The digest of its document.
        etag: What the server calls this version of it.
        over: The day of the newer catalog whose place it was forced to take, if it was.
    """

    url: str
    sha256: str
    etag: str | None = None
    over: date | None = None


class Fetched(Struct, frozen=True):
    """A catalog that was fetched."""

    note: Note
    catalog: Catalog

    @property
    def holds(self) -> bool:
        """Whether it is to be used in place of the package's own."""
        own = bundled().date
        return self.catalog.date >= own or (self.note.over is not None and self.note.over >= own)


class _Look(Struct, frozen=True):
    """What was found in a folder: the file's signature, when that was, and what was in it."""

    signature: tuple[int, int, int] | None
    at: float
    fetched: Fetched | None
    catalog: Catalog


_looks: dict[Path, _Look] = {}


def newest(folder: Path | None) -> Catalog:
    """The catalog that was fetched last, if it is not older than the package's own.

    It is read again when its file has changed, and next to nothing is done where a look at the
    file is less than `LOOK_AGAIN_SECONDS` old.

    Args:
        folder: Where fetched catalogs are kept; None for the package's own.
    """
    if folder is None:
        return bundled()
    look = _looks.get(folder)
    if look is None or time.monotonic() - look.at > LOOK_AGAIN_SECONDS:
        look = _look(folder, look)
    return look.catalog


def fetched(folder: Path | None) -> Fetched | None:
    """The catalog that was fetched last, whether it is used or not; None where none is."""
    if folder is None:
        return None
    return _look(folder, _looks.get(folder)).fetched


def is_damaged(folder: Path | None) -> bool:
    """Whether a catalog was fetched that can't be used now."""
    return folder is not None and fetched(folder) is None and _looks[folder].signature is not None


def keep(folder: Path, note: Note, body: bytes, day: date) -> bool:
    """Put a catalog that passed all checks where `newest` finds it.

    Args:
        folder: Where fetched catalogs are kept; made if need be.
        note: What is to be kept beside it.
        body: Its document.
        day: Its day.

    Returns:
        Whether it is there; not if another process has brought a newer one meanwhile.

    Raises:
        LLMRingError: The folder can't be written.
    """
    from llmring.lockfile import atomic

    path = _path(folder)
    if path is None:
        raise LLMRingError(f"can't tell where {folder} is; set HOME or XDG_CACHE_HOME")
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        turnstile = atomic.open_turnstile(path)
        try:
            atomic.enter(turnstile)
            there = None if note.over else fetched(folder)
            if there is not None and there.holds and there.catalog.date > day:
                return False
            atomic.replace(path, msgspec.json.encode(note) + b"\n" + body)
        finally:
            os.close(turnstile)
    _looks.pop(folder, None)
    return True


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LLMRingError(
            f"the catalog can't be kept in {path.parent}: {error.strerror or error}; "
            "make room or set XDG_CACHE_HOME to another folder"
        ) from error


def _look(folder: Path, before: _Look | None) -> _Look:
    path = _path(folder)
    signature = None if path is None else _signature(path)
    if before is not None and before.signature == signature:
        look: _Look = msgspec.structs.replace(before, at=time.monotonic())
    else:
        found = None if path is None or signature is None else _read(path)
        catalog = found.catalog if found is not None and found.holds else bundled()
        look = _Look(signature, time.monotonic(), found, catalog)
    _looks[folder] = look
    return look


def _path(folder: Path) -> Path | None:
    try:
        return folder.expanduser() / "registry" / "catalog"
    except RuntimeError:  # nobody's home
        return None


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read(path: Path) -> Fetched | None:
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        note = msgspec.json.decode(head, type=Note)
        if sha256_of(body) == note.sha256:
            # It may have been fetched by an llmring that reads more than this one, or less.
            return Fetched(note, checked(body, None, date.min, force=True))
        fault: object = "it has been damaged: its SHA-256 is another than when it came"
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        fault = error
    except LLMRingError as error:
        fault = error.message
    _log.warning(
        "passed over the catalog of models in %s, which can't be used (%s); get it again: "
        "llmring registry update",
        path,
        fault,
    )
    return None
