"""Results of a changed job: matched to rows by digest or ID, never by a place that has moved."""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from llmring.batch.journal.outcome_lines import OutcomeLines, outcomes_in
from llmring.batch.journal.row_bits import RowBits
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowProblem, RowRequest

# What an answer is found by: what was asked, the row's ID, or its place in an input that is the
# same as before.
Match = Literal["digest", "id", "place"]


class ChangeCounts(Struct, frozen=True):
    """The rows of a job that were done, and those of them whose request is still asked for."""

    done: int
    same: int

    @property
    def other(self) -> int:
        """The rows that were done, and whose request is no longer asked for."""
        return self.done - self.same


class EarlierAnswers:
    """The answers of earlier runs, each taken at most once.

    They are in a temporary file of SQLite's, so that the memory is the same for any number.

    Args:
        paths: The files of results.
        match: What they are found by.
    """

    def __init__(self, paths: Sequence[Path], match: Match) -> None:
        self._match = match
        self._lines = OutcomeLines(paths)
        self._database = sqlite3.connect("")
        self._database.execute("CREATE TABLE answers (key, ordinal INTEGER, place INTEGER)")
        self._database.executemany("INSERT INTO answers VALUES (?, ?, ?)", self._entries(paths))
        self._database.execute("CREATE INDEX by_key ON answers (key, ordinal)")
        [[self.count]] = self._database.execute("SELECT count(*) FROM answers")

    def _entries(self, paths: Sequence[Path]) -> Iterator[tuple[str | int, int, int]]:
        for place, outcome in _answers(paths):
            yield self._key(outcome.digest, outcome.id, outcome.ordinal), outcome.ordinal, place

    def _key(self, digest: str, row_id: str, ordinal: int) -> str | int:
        match self._match:
            case "digest":
                return digest
            case "id":
                return row_id
        return ordinal

    def take(self, request: RowRequest | RowProblem) -> int | None:
        """Return the place of an answer for a row; None without one.

        Of equal requests, the first row takes the answer of the first.
        """
        row = request.row
        key = self._key(request.digest, row.id, row.ordinal)
        found = self._database.execute(
            "SELECT rowid, place FROM answers WHERE key = ? ORDER BY ordinal LIMIT 1", (key,)
        ).fetchone()
        if found is None:
            return None
        self._database.execute("DELETE FROM answers WHERE rowid = ?", found[:1])
        return int(found[1])

    def read(self, place: int) -> RowOutcome | None:
        """Return the outcome at a place."""
        return self._lines.read(place)

    def close(self) -> None:
        """Close the files, and remove the temporary one."""
        self._lines.close()
        self._database.close()


def counted_changes(
    paths: Sequence[Path], requests: Iterator[RowRequest | RowProblem]
) -> ChangeCounts:
    """Count the rows that are done, and those whose request is among the new ones."""
    answers = EarlierAnswers(paths, "digest")
    try:
        same = sum(answers.take(request) is not None for request in requests)
        return ChangeCounts(answers.count, same)
    finally:
        answers.close()


def results_kept(
    paths: Sequence[Path], requests: Iterator[RowRequest | RowProblem], match: Match
) -> Iterator[RowOutcome]:
    """Yield the answers that still count, each with the new place of its row.

    A request that is asked for three times takes at most three answers to it.

    Args:
        paths: The files of results.
        requests: The requests of all rows.
        match: What answers are found by.
    """
    answers = EarlierAnswers(paths, match)
    try:
        for request in requests:
            place = answers.take(request)
            outcome = None if place is None else answers.read(place)
            if outcome is not None:
                row = request.row
                yield msgspec.structs.replace(
                    outcome, ordinal=row.ordinal, id=row.id, digest=request.digest
                )
    finally:
        answers.close()


def asks_the_same(paths: Sequence[Path], requests: Iterator[RowRequest | RowProblem]) -> bool:
    """Return True if all rows that have outcomes ask what they asked before; 8 bytes a row."""
    marks = array("Q")
    for _, outcome in outcomes_in(paths):
        if outcome.ordinal >= len(marks):
            marks.extend(array("Q", [0]) * max(outcome.ordinal + 1 - len(marks), 1024))
        marks[outcome.ordinal] = _mark(outcome.digest)
    for request in requests:
        ordinal = request.row.ordinal
        before = marks[ordinal] if ordinal < len(marks) else 0
        if before and before != _mark(request.digest):
            return False
    return True


def _mark(digest: str) -> int:
    # Never 0, which is for rows without an outcome.
    return int.from_bytes(blake2b(digest.encode(), digest_size=8).digest()) | 1


def _answers(paths: Sequence[Path]) -> Iterator[tuple[int, RowOutcome]]:
    """Yield the answers and their places, each row's once; failures are asked again."""
    seen = RowBits()
    for place, outcome in outcomes_in(paths):
        if outcome.status == "ok" and outcome.ordinal not in seen:
            seen.add(outcome.ordinal)
            yield place, outcome
