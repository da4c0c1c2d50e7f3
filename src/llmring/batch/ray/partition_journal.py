"""The journal of a partition: a file for each attempt, and its result when it is complete."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from llmring.batch.journal.journal_file import JournalFile
from llmring.batch.journal.outcome_lines import encoded
from llmring.batch.mapping.block_journal import outcomes_in
from llmring.batch.outcome import RowOutcome
from llmring.chat.cost import EXACT


class PartitionJournal:
    """The journal of one attempt, which begins with the outcomes of earlier ones; see `Journal`.

    Args:
        folder: The folder of the partition.
        attempt: The number of the attempt.
        skipped: The ordinals of rows that were done before the partition.

    Raises:
        OSError: It can't be opened.
    """

    is_full = False

    def __init__(self, folder: Path, attempt: int, skipped: frozenset[int] = frozenset()) -> None:
        self._folder = folder
        self._skipped = skipped
        self.spent = Decimal(0)
        self._outcomes: dict[int, RowOutcome] = {}
        for outcome in attempts_of(folder):
            self._take(outcome)
        self._file = JournalFile(folder / f"attempt-{attempt:04}.jsonl")

    def is_done(self, ordinal: int) -> bool:
        """Return True if a row has an outcome."""
        return ordinal in self._outcomes or ordinal in self._skipped

    def add(self, outcome: RowOutcome) -> None:
        """Write an outcome.

        Raises:
            OSError: It can't be written.
        """
        self._file.write(encoded(outcome))
        self._take(outcome)

    def outcomes(self) -> Iterator[RowOutcome]:
        """Yield the outcomes in the order of the input."""
        return iter([self._outcomes[ordinal] for ordinal in sorted(self._outcomes)])

    def close(self) -> None:
        """Sync the file to disk, and close it."""
        self._file.close()

    def _take(self, outcome: RowOutcome) -> None:
        self._outcomes[outcome.ordinal] = outcome
        self.spent = EXACT.add(self.spent, outcome.cost or Decimal(0))


def attempts_of(folder: Path) -> Iterator[RowOutcome]:
    """Yield the outcomes of all attempts at a partition."""
    for path in sorted(folder.glob("attempt-*.jsonl")):
        yield from outcomes_in(path)


def spent_by(folder: Path) -> Decimal:
    """Return the USD that all attempts at a partition have cost, as far as known."""
    total = Decimal(0)
    for outcome in attempts_of(folder):
        total = EXACT.add(total, outcome.cost or Decimal(0))
    return total


def write_part(path: Path, outcomes: list[RowOutcome]) -> None:
    """Write the result of a partition, in one step.

    Raises:
        OSError: It can't be written.
    """
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    with fresh.open("wb") as file:
        file.writelines(map(encoded, outcomes))
    fresh.replace(path)
