"""Interface of what keeps the outcomes of a batch, and of the pace of its requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Protocol

from llmring.batch.outcome import RowOutcome


class OutcomeJournal(Protocol):
    """Keeps the outcomes of a job's rows."""

    @property
    def spent(self) -> Decimal:
        """USD that the rows of all runs have cost, as far as known."""

    def is_done(self, ordinal: int) -> bool:
        """Return True if a row needs no answer in this run."""

    def add(self, outcome: RowOutcome) -> None:
        """Keep an outcome: it is written when this returns.

        Raises:
            OSError: It can't be written, and nothing of it is kept.
        """

    def outcomes(self) -> Iterator[RowOutcome]:
        """Yield the outcomes that are kept."""


class PaceReport(Protocol):
    """The pace of one model, for people to read."""

    @property
    def model(self) -> str:
        """The reference of the model."""

    @property
    def in_flight(self) -> int:
        """The requests in flight."""

    @property
    def window(self) -> int:
        """The most requests that may be in flight."""

    @property
    def resumes_in(self) -> float:
        """Seconds until the pause after a rate limit is over."""


class Pace(Protocol):
    """The pace of all requests of a batch."""

    def states(self) -> Sequence[PaceReport]:
        """Return the pace of each model."""

    def close(self) -> None:
        """Cancel the requests that wait for their turns."""
