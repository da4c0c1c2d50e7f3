"""Interface of an input: its rows in order, its columns, and the mark by which it is known."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from llmring.batch.row import InputRow, RowProblem

Row = InputRow | RowProblem


class InputFingerprint(Struct, frozen=True, kw_only=True):
    """A mark of one input, by which a later run finds out that it has changed.

    Attributes:
        name: The file's label among the inputs, the same on every machine.
        size: Its bytes, as they are on the disk.
        digest: 128 bits in hexadecimal digits; empty if the input can be read only once.
        covers: "whole" if the digest is of all bytes, "pieces" if it is of the head, the tail and
            pieces in between, "nothing" if it has none.
    """

    name: str
    size: int = 0
    digest: str = ""
    covers: Literal["whole", "pieces", "nothing"] = "nothing"


class RowSource(Protocol):
    """The rows of one or more inputs."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns; where rows may differ, those of the first rows."""

    @property
    def paths(self) -> Collection[str]:
        """The names that a template may have: columns, and dotted names of nested values."""

    @property
    def is_repeatable(self) -> bool:
        """True if the rows can be read more than once."""

    @property
    def has_own_ids(self) -> bool:
        """True if the rows hold their IDs; False if these are places, which insertions move."""

    def __iter__(self) -> Iterator[Row]:
        """Read the rows in the order of the input; a row that can't be read is a problem.

        Raises:
            ValidationError: The structure of a file is lost, or the rows come asynchronously.
        """

    def stream(self) -> AsyncIterator[Row]:
        """Read the rows as `__iter__` does, also those that come asynchronously."""

    def fingerprint(self) -> Sequence[InputFingerprint]:
        """Return a mark for each input, without rows in memory."""

    def count(self) -> int | None:
        """Return the number of rows if that is known without reading them; else None."""
