"""Rows that a process could not write before it ended, kept in files for the next process.

Each process that ends writes a file of its own. Inserting rows twice has no effect, so several
processes may take up the same file at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from llmring.ledger.columns import COLUMNS
from llmring.ledger.store import Row, display_place

_log = logging.getLogger("llmring")

_ENCODER = msgspec.json.Encoder()
_REQUIRED = tuple(name for name, kind in COLUMNS.items() if kind.endswith(("KEY", "NOT NULL")))
_ROWS = msgspec.json.Decoder(dict[str, Any])


class Spool:
    """The spool files of one ledger.

    Args:
        folder: The folder for the spool files of all ledgers; created on demand, readable by this
            user alone.
        place: The ledger's file, or the address of its database.
    """

    def __init__(self, folder: Path, place: Path | str) -> None:
        # Without login, so that rows are found again after a change of the password.
        name = hashlib.sha256(display_place(place).encode()).hexdigest()[:16]
        self.folder = folder / name

    def keep(self, rows: Sequence[Row]) -> Path:
        """Write rows to a new file, and return its path.

        Raises:
            OSError: It can't be written.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{os.getpid()}-{os.urandom(5).hex()}.jsonl"
        fresh = path.with_suffix(".tmp")
        try:
            # By name, because a newer llmring may have more columns.
            lines = [_ENCODER.encode(dict(zip(COLUMNS, row, strict=True))) + b"\n" for row in rows]
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.writelines(lines)
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        return path

    def files(self) -> Iterator[tuple[Path, list[Row]]]:
        """Yield the files that wait, oldest first, with their rows.

        A file that can't be read is set aside, with a warning.
        """
        for _, path in sorted(self._waiting()):
            try:
                rows = [_row(line) for line in path.read_bytes().splitlines()]
            except FileNotFoundError:
                continue  # another process has just written it to the ledger
            except (OSError, ValueError) as error:
                _set_aside(path, error)
            else:
                yield path, rows

    def _waiting(self) -> Iterator[tuple[int, Path]]:
        for path in self.folder.glob("*.jsonl"):
            with contextlib.suppress(FileNotFoundError):
                yield path.stat().st_mtime_ns, path


def _set_aside(path: Path, error: Exception) -> None:
    """Rename a file that would be read in vain by each process."""
    aside = path.with_suffix(".bad")
    with contextlib.suppress(OSError):
        path.replace(aside)
        path = aside
    _log.warning(
        "calls of an earlier process are not written to the ledger, as %s can't be read: %s",
        path,
        error,
    )


def _row(line: bytes) -> Row:
    fields = _ROWS.decode(line)
    if any(fields.get(name) is None for name in _REQUIRED):
        raise ValueError("a line holds no call")
    return [fields.get(name) for name in COLUMNS]
