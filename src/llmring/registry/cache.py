"""The newest catalog on this machine: the fetched one, or else the one in the package.

A fetched catalog is one file, `registry/catalog` in the cache folder: a line with its origin and
digest, followed by the document as received. So it is replaced atomically, and damage is detected.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
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

# Seconds for which a look at the file is trusted.
LOOK_AGAIN_SECONDS = 1.0

_log = logging.getLogger("llmring")


class Note(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The metadata kept with a fetched catalog.

    Attributes:
        url: The address it was fetched from, without parts that may be secret.
        sha256: The digest of the document.
        etag: The server's ETag for this version.
        over: The date of the newer catalog that it was forced to replace, if any.
    """

    url: str
    sha256: str
    etag: str | None = None
    over: date | None = None


class Fetched(Struct, frozen=True):
    """A fetched catalog with its metadata."""

    note: Note
    catalog: Catalog

    @property
    def holds(self) -> bool:
        """True if this catalog is used instead of the package's own."""
        own = bundled().date
        return self.catalog.date >= own or (self.note.over is not None and self.note.over >= own)


class _Look(Struct, frozen=True):
    """A look at a folder: the file's signature, the time of the look, and the content."""

    signature: tuple[int, int, int] | None
    at: float
    fetched: Fetched | None
    catalog: Catalog


_looks: dict[Path, _Look] = {}


@functools.lru_cache(maxsize=16)  # asked at each look-up of a model
def folder_of(folder: Path, url: str | None) -> Path:
    """Return the folder of the catalogs fetched from the address that a lockfile names.

    They are kept apart, for a lockfile decides about its own models only.

    Args:
        folder: The folder of fetched catalogs.
        url: The address that the lockfile names; None if it names none.
    """
    if url is None:
        return folder
    return folder / "registries" / hashlib.sha256(url.encode()).hexdigest()[:16]


def catalog_folder(folder: Path, url: str | None) -> Path:
    """Return the folder of the catalog to use: the lockfile's own, once one has been fetched.

    Args:
        folder: The folder of fetched catalogs.
        url: The address that the lockfile names; None if it names none.
    """
    if url is None:
        return folder
    own = folder_of(folder, url)
    return folder if newest(own) is bundled() else own


def newest(folder: Path | None) -> Catalog:
    """Return the fetched catalog, or the package's own if that is newer.

    The file is read again when it has changed, which is checked at most once in
    `LOOK_AGAIN_SECONDS`.

    Args:
        folder: The folder of fetched catalogs; None for the package's own catalog.
    """
    if folder is None:
        return bundled()
    look = _looks.get(folder)
    if look is None or time.monotonic() - look.at > LOOK_AGAIN_SECONDS:
        look = _look(folder, look)
    return look.catalog


def fetched(folder: Path | None) -> Fetched | None:
    """Return the fetched catalog, whether it is used or not; None if there isn't any."""
    if folder is None:
        return None
    return _look(folder, _looks.get(folder)).fetched


def is_damaged(folder: Path | None) -> bool:
    """Return True if there is a fetched catalog that can't be read."""
    return folder is not None and fetched(folder) is None and _looks[folder].signature is not None


def keep(folder: Path, note: Note, body: bytes, day: date) -> bool:
    """Store a catalog that passed all checks, for `newest` to find.

    Args:
        folder: The folder of fetched catalogs; created if missing.
        note: The metadata.
        body: The document.
        day: The catalog's date.

    Returns:
        True if it was stored, False if another process has stored a newer one meanwhile.

    Raises:
        LLMRingError: The folder can't be written.
    """
    from llmring.lockfile import atomic_write

    path = _path(folder)
    if path is None:
        raise LLMRingError(f"can't locate {folder}; set HOME or XDG_CACHE_HOME")
    with _storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write.turn(path):
            there = None if note.over else fetched(folder)
            if there is not None and there.holds and there.catalog.date > day:
                return False
            atomic_write.replace(path, msgspec.json.encode(note) + b"\n" + body)
    _looks.pop(folder, None)
    return True


@contextlib.contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LLMRingError(
            f"the catalog can't be stored in {path.parent}: {error.strerror or error}; "
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
    except RuntimeError:  # "~" can't be expanded
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
            # Another version of llmring may have fetched it, so check again.
            return Fetched(note, checked(body, None, date.min, force=True))
        fault: object = "it is damaged: its SHA-256 has changed since it was fetched"
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        fault = error
    except LLMRingError as error:
        fault = error.message
    _log.warning(
        "ignoring the catalog of models in %s, which can't be used (%s); fetch it again: "
        "llmring registry update",
        path,
        fault,
    )
    return None
