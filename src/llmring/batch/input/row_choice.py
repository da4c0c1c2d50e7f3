"""The choice of rows: a part of the input, a sample of it, and another order of sending."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import TypeVar

from msgspec import Struct

from llmring.batch.input.row_source import InputFingerprint, Row, RowSource
from llmring.batch.row import InputRow
from llmring.exceptions import ValidationError

T = TypeVar("T")

# Rows among which `shuffled` draws the next one. A true permutation would need the place of each
# row in its file, which compressed files, Parquet and streams don't have.
SHUFFLED_ROWS = 10_000

_SAMPLE = re.compile(r"(?:(?P<rows>\d+)|(?P<percent>\d+(?:\.\d+)?)%)")


class RowChoice(Struct, frozen=True, kw_only=True):
    """A choice of rows; the same rows each time, for the same input.

    Attributes:
        skip: Rows to leave out at the beginning.
        limit: The rows after them to choose from; None for all.
        sample: How many of these to take, at random; None for all.
        share: The share of these to take, at random, from 0 to 1; None for all.
        seed: The seed of `sample` and `share`.
    """

    skip: int = 0
    limit: int | None = None
    sample: int | None = None
    share: float | None = None
    seed: int = 0

    @property
    def takes_all(self) -> bool:
        """True if no row is left out."""
        return (self.skip, self.limit, self.sample, self.share) == (0, None, None, None)

    def number(self, rows: int) -> int | None:
        """Return how many of some rows are taken; None if that depends on each row."""
        left = max(0, rows - self.skip)
        left = left if self.limit is None else min(left, self.limit)
        if self.share is not None:
            return None
        return left if self.sample is None else min(left, self.sample)

    def has_share(self, ordinal: int) -> bool:
        """Return True if a row is one of those of `share`."""
        if self.share is None:
            return True
        mark = blake2b(b"%d/%d" % (self.seed, ordinal), digest_size=8).digest()
        return int.from_bytes(mark, "big") < self.share * 2**64


def parse_sample(text: str) -> tuple[int | None, float | None]:
    """Parse a sample: "500" is a number of rows, "5%" a share of them.

    Returns:
        The number of rows and the share, one of which is None.

    Raises:
        ValidationError: It has another form.
    """
    found = _SAMPLE.fullmatch(text.strip())
    if found is None or float(found["percent"] or 0) > 100:
        raise ValidationError(
            f"{text[:40]!r} is not a sample; write a number of rows, or a share such as 5%"
        )
    if found["rows"] is not None:
        return int(found["rows"]), None
    return None, float(found["percent"]) / 100


class ChosenRows:
    """Some rows of a source, with the ordinals and IDs that they have there; see `RowSource`.

    Args:
        source: The source.
        choice: The choice of its rows.

    Raises:
        ValidationError: A number of rows is to be sampled from rows that can be read once.
    """

    def __init__(self, source: RowSource, choice: RowChoice) -> None:
        if choice.sample is not None and source.count() is None and not source.is_repeatable:
            raise ValidationError(
                "a number of rows can't be sampled from rows that can be read once; give a share "
                "such as 5%"
            )
        self.source = source
        self.choice = choice

    @property
    def columns(self) -> Sequence[str]:
        """The columns of the source."""
        return self.source.columns

    @property
    def paths(self) -> Collection[str]:
        """The names that a template may have."""
        return self.source.paths

    @property
    def is_repeatable(self) -> bool:
        """True if the source can be read more than once."""
        return self.source.is_repeatable

    @property
    def has_own_ids(self) -> bool:
        """True if the rows of the source hold their IDs."""
        return self.source.has_own_ids

    def __iter__(self) -> Iterator[Row]:
        takes, choice = self._taker(), self.choice
        for row in self.source:
            ordinal = _ordinal(row)
            if choice.limit is not None and ordinal >= choice.skip + choice.limit:
                return
            if takes(ordinal):
                yield row

    async def stream(self) -> AsyncIterator[Row]:
        """Read the rows as they come."""
        takes, choice = self._taker(), self.choice
        async for row in self.source.stream():
            if takes(_ordinal(row)):
                yield row
            # Before the next row is waited for, which may never come.
            if choice.limit is not None and _ordinal(row) + 1 >= choice.skip + choice.limit:
                return

    def fingerprint(self) -> Sequence[InputFingerprint]:
        """Return the marks of the source."""
        return self.source.fingerprint()

    def count(self) -> int | None:
        """Return the number of chosen rows if that is known without reading them; else None."""
        rows = self.source.count()
        return None if rows is None else self.choice.number(rows)

    def _taker(self) -> _Taker:
        if self.choice.sample is None:
            return _Taker(self.choice, 0)
        rows = self.source.count()
        if rows is None:
            rows = sum(1 for _ in self.source)
        left = max(0, rows - self.choice.skip)
        return _Taker(
            self.choice, left if self.choice.limit is None else min(left, self.choice.limit)
        )


class _Taker:
    """Decides for one row after the other; a sample of n rows needs no memory for them.

    D. E. Knuth, The Art of Computer Programming, volume 2, section 3.4.2, algorithm S.
    """

    def __init__(self, choice: RowChoice, left: int) -> None:
        self._choice = choice
        self._needed, self._left = choice.sample or 0, left
        self._random = random.Random(choice.seed)  # noqa: S311 -- nothing secret

    def __call__(self, ordinal: int) -> bool:
        choice = self._choice
        if ordinal < choice.skip:
            return False
        if choice.limit is not None and ordinal >= choice.skip + choice.limit:
            return False
        if choice.sample is None:
            return choice.has_share(ordinal)
        taken = self._random.random() * self._left < self._needed
        self._left -= 1
        self._needed -= taken
        return taken and choice.has_share(ordinal)


def _ordinal(row: Row) -> int:
    return row.ordinal if isinstance(row, InputRow) else row.row.ordinal


def shuffled(rows: Iterable[T], seed: int, most: int = SHUFFLED_ROWS) -> Iterator[T]:
    """Yield rows in another order, each drawn from the next ones.

    Args:
        rows: The rows.
        seed: The seed; the same order each time.
        most: The rows that are in memory at a time.
    """
    draw = random.Random(seed)  # noqa: S311 -- nothing secret
    held: list[T] = []
    for row in rows:
        if len(held) < most:
            held.append(row)
            continue
        at = draw.randrange(most)
        drawn, held[at] = held[at], row
        yield drawn
    draw.shuffle(held)
    yield from held
