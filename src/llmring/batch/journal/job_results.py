"""The results of a job: which rows are done, what they cost, and where their outcomes are."""

from __future__ import annotations

import logging
import os
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from llmring.batch.journal.job_counts import JobCounts
from llmring.batch.journal.journal_file import lines_of
from llmring.batch.journal.row_bits import RowBits
from llmring.batch.outcome import RowOutcome

log = logging.getLogger("llmring")

_DECODER = msgspec.json.Decoder(RowOutcome)
_ENCODER = msgspec.json.Encoder(decimal_format="string")
# An index holds the number of a file and an offset in one integer.
_OFFSET_BITS = 44


def encoded(outcome: RowOutcome) -> bytes:
    """Return the line of an outcome."""
    return _ENCODER.encode(outcome) + b"\n"


class JobResults:
    """The state of a job's rows.

    Args:
        retry_failed: True if all rows that have failed are to be asked again; False for those
            that may succeed later.
    """

    def __init__(self, *, retry_failed: bool = False) -> None:
        self._retry_failed = retry_failed
        self.counts = JobCounts()
        self._ok = RowBits()
        self._failures: dict[int, RowOutcome] = {}

    def is_done(self, ordinal: int) -> bool:
        """Return True if a row is not to be asked."""
        return ordinal in self._ok or ordinal in self._failures

    def take(self, outcome: RowOutcome) -> None:
        """Take an outcome of this run."""
        if outcome.ordinal in self._ok:
            # Two attempts have paid for the same row.
            self.counts.add_cost(outcome)
            return
        self.counts.add(outcome, self._failures.pop(outcome.ordinal, None))
        if outcome.status == "ok":
            self._ok.add(outcome.ordinal)
        else:
            self._failures[outcome.ordinal] = msgspec.structs.replace(
                outcome, text=None, error=None, parsed=None
            )

    def replay(self, paths: Sequence[Path]) -> None:
        """Take the outcomes of earlier runs."""
        for _, outcome in outcomes_in(paths):
            self.take(outcome)
        again = [
            ordinal
            for ordinal, failure in self._failures.items()
            if self._retry_failed or failure.passing
        ]
        for ordinal in again:
            self.counts.forget(self._failures.pop(ordinal))


def outcomes_in(paths: Sequence[Path]) -> Iterator[tuple[int, RowOutcome]]:
    """Yield the outcomes in files of results, each with its place for `ResultIndex`."""
    for number, path in enumerate(paths):
        for offset, line in lines_of(path):
            try:
                outcome = _DECODER.decode(line)
            except msgspec.DecodeError as error:
                log.warning("%s: a line at byte %d is skipped (%s)", path, offset, error)
                continue
            yield number << _OFFSET_BITS | offset, outcome


class ResultIndex:
    """The newest outcome of each row, found by its ordinal; 8 bytes a row.

    Args:
        paths: The files of results.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._places = array("q")
        ok = RowBits()
        for place, outcome in outcomes_in(paths):
            ordinal = outcome.ordinal
            if ordinal in ok and outcome.status != "ok":
                continue
            if ordinal >= len(self._places):
                more = max(ordinal + 1 - len(self._places), 1024)
                self._places.extend(array("q", [-1]) * more)
            self._places[ordinal] = place
            if outcome.status == "ok":
                ok.add(ordinal)
        self._files = [os.open(path, os.O_RDONLY) for path in paths]

    def find(self, ordinal: int) -> RowOutcome | None:
        """Return the outcome of a row; None if it has none."""
        place = self._places[ordinal] if ordinal < len(self._places) else -1
        if place < 0:
            return None
        handle = self._files[place >> _OFFSET_BITS]
        return _DECODER.decode(_line_at(handle, place & (1 << _OFFSET_BITS) - 1))

    def close(self) -> None:
        """Close the files."""
        for handle in self._files:
            os.close(handle)


def _line_at(handle: int, offset: int) -> bytes:
    size, line = 4096, b""
    while not line.endswith(b"\n"):
        piece = os.pread(handle, size, offset + len(line))
        if not piece:
            break
        head, end, _ = piece.partition(b"\n")
        line += head + end
        size = min(size * 4, 1 << 24)
    return line
