"""Rows that could not be written to the ledger, kept in files until it can be.

A process writes files of its own: while the ledger is out of reach, and when it ends. Inserting
rows twice has no effect, so several processes may take up the same file at once.
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
from llmring.ledger.store import MOST_AT_ONCE, Row, Store, display_place

_log = logging.getLogger("llmring")

_ENCODER = msgspec.json.Encoder()
_REQUIRED = tuple(name for name, kind in COLUMNS.items() if kind.endswith(("KEY", "NOT NULL")))
_ROWS = msgspec.json.Decoder(dict[str, Any])


# So many files of a process become one, or a long outage would leave thousands.
_MOST_SMALL = 60


class Spool:
    """The spool files of one ledger.

    Args:
        folder: The folder for the spool files of all ledgers; created on demand, readable by this
            user alone.
        place: The ledger's file, or the address of its database.

    Attributes:
        own: The files of this process that are to be taken up, with their numbers of rows.
    """

    def __init__(self, folder: Path, place: Path | str) -> None:
        # Without login, so that rows are found again after a change of the password.
        name = hashlib.sha256(display_place(place).encode()).hexdigest()[:16]
        self.folder = folder / name
        self.own: dict[Path, int] = {}
        self._small: list[Path] = []

    def keep(self, rows: Sequence[Row]) -> Path:
        """Write rows to a new file, and return its path.

        Raises:
            OSError: It can't be written.
        """
        path = self._written([line_of(row) for row in rows])
        self.own[path] = len(rows)
        self._small.append(path)
        if len(self._small) > _MOST_SMALL:
            self._merge()
        return path

    def _written(self, lines: Sequence[bytes]) -> Path:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{os.getpid()}-{os.urandom(5).hex()}.jsonl"
        fresh = path.with_suffix(".tmp")
        try:
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.writelines(lines)
            fresh.replace(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise
        return path

    def _merge(self) -> None:
        """Make one file of several small ones."""
        some, self._small = self._small, []
        lines, count = [], 0
        for path in some:
            # Another process may have taken it up.
            with contextlib.suppress(FileNotFoundError):
                lines.append(path.read_bytes())
                count += self.own[path]
        if lines:
            self.own[self._written(lines)] = count
        for path in some:
            self.done(path)

    def done(self, path: Path) -> None:
        """Remove a file whose rows are in the ledger."""
        path.unlink(missing_ok=True)
        self.own.pop(path, None)
        if path in self._small:
            self._small.remove(path)

    def write_to(self, store: Store, *, own: bool = False) -> None:
        """Write the rows of all files to the ledger, and remove the files.

        Args:
            store: The ledger.
            own: True for the files of this process alone.

        Raises:
            LedgerUnusableError: They could not be written.
            OSError: A file can't be removed.
        """
        for path, rows in self.files(own=own):
            for start in range(0, len(rows), MOST_AT_ONCE):
                store.write(rows[start : start + MOST_AT_ONCE])
            self.done(path)

    def files(self, *, own: bool = False) -> Iterator[tuple[Path, list[Row]]]:
        """Yield the files that wait, oldest first, with their rows.

        A file that can't be read is set aside, with a warning.

        Args:
            own: True for those of this process alone.
        """
        for path in list(self.own) if own else [path for _, path in sorted(self._waiting())]:
            try:
                rows = [row_in(line) for line in path.read_bytes().splitlines()]
            except FileNotFoundError:
                self.done(path)  # another process has written it to the ledger
            except (OSError, ValueError) as error:
                _set_aside(path, error)
                self.own.pop(path, None)
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


def line_of(row: Row) -> bytes:
    """Return a row as a line of JSON."""
    # By name, because a newer llmring may have more columns.
    return _ENCODER.encode(dict(zip(COLUMNS, row, strict=True))) + b"\n"


def row_in(line: bytes) -> Row:
    """Return the row in a line.

    Raises:
        ValueError: It holds no row.
    """
    fields = _ROWS.decode(line)
    if any(fields.get(name) is None for name in _REQUIRED):
        raise ValueError("a line holds no call")
    return [fields.get(name) for name in COLUMNS]
