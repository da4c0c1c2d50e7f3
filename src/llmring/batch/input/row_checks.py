"""The check of all rows before the first request: IDs are distinct, lines can be sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llmring.batch.input.row_ids import id_hash
from llmring.batch.input.row_source import Row, RowSource
from llmring.batch.row import InputRow
from llmring.exceptions import ValidationError

# 4 MB; of a million IDs, some thousand are looked at twice.
_BITS = 2**25


def check_rows(
    source: RowSource, fault: Callable[[Mapping[str, Any]], str | None] | None = None
) -> None:
    """Check all rows of a source, in 4 MB whatever their number up to some millions.

    The first pass marks two bits of a table for each ID. An ID whose bits were marked before may
    be there twice, and a second pass compares these alone.

    Args:
        source: The rows; nothing is checked if they can be read once.
        fault: Returns why a row can't be sent, from its values.

    Raises:
        ValidationError: Two rows have the same ID, or a row can't be sent.
    """
    if not source.is_repeatable:
        return
    marked = bytearray(_BITS // 8)
    suspects: set[bytes] = set()
    for each in source:
        row = _row(each)
        reason = None if fault is None or row is not each else fault(row.values)
        if reason is not None:
            raise ValidationError(f"{row.place}: {reason}")
        hash_ = id_hash(row.id)
        first, second = _places(hash_)
        bits = marked[first >> 3] >> (first & 7) & marked[second >> 3] >> (second & 7) & 1
        if bits:
            suspects.add(hash_)
        marked[first >> 3] |= 1 << (first & 7)
        marked[second >> 3] |= 1 << (second & 7)
    del marked
    if suspects:
        _compare(source, suspects)


def _places(hash_: bytes) -> tuple[int, int]:
    return (
        int.from_bytes(hash_[:8], "big") % _BITS,
        int.from_bytes(hash_[8:], "big") % _BITS,
    )


def _compare(source: RowSource, suspects: set[bytes]) -> None:
    places: dict[str, str] = {}
    for each in source:
        row = _row(each)
        if id_hash(row.id) not in suspects:
            continue
        if row.id in places:
            raise ValidationError(
                f"two rows have the ID {row.id!r}: {places[row.id]} and {row.place}; make them "
                "distinct"
            )
        places[row.id] = row.place


def _row(each: Row) -> InputRow:
    return each if isinstance(each, InputRow) else each.row
