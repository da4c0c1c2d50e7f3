"""The lines of files of results: encoded, read one after the other, or read by their places."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from llmring.batch.journal.journal_file import lines_of
from llmring.batch.outcome import RowOutcome
from llmring.chat.json_text import whole_pairs
from llmring.redaction import redact

log = logging.getLogger("llmring")

_DECODER = msgspec.json.Decoder(RowOutcome)
_ENCODER = msgspec.json.Encoder(decimal_format="string")
# A place is the number of a file and an offset, in one integer.
_OFFSET_BITS = 44
# How each line begins; in the text of an answer, the quotes would be escaped.
_BEGINNING = b'{"id":"'


def encoded(outcome: RowOutcome) -> bytes:
    """Return the line of an outcome, with keys in its error masked."""
    if outcome.error is not None:
        outcome = msgspec.structs.replace(outcome, error=redact(outcome.error))
    try:
        return _ENCODER.encode(outcome) + b"\n"
    except UnicodeEncodeError:
        # Half a pair of UTF-16, which UTF-8 can't hold.
        plain = msgspec.structs.asdict(outcome)
        return _ENCODER.encode(_whole({k: v for k, v in plain.items() if v is not None})) + b"\n"


def _whole(value: object) -> object:
    """Replace halves of pairs in all texts."""
    match value:
        case str():
            return whole_pairs(value)
        case dict():
            return {_whole(name): _whole(each) for name, each in value.items()}
        case list() | tuple():
            return [_whole(each) for each in value]
    return value


def outcomes_in(paths: Sequence[Path]) -> Iterator[tuple[int, RowOutcome]]:
    """Yield the outcomes in files of results, each with its place for `OutcomeLines`.

    A line that can't be read loses its row, with a warning; a file that does not exist has none.
    """
    decode = _DECODER.decode
    for number, path in enumerate(paths):
        if not path.exists():
            continue
        first = number << _OFFSET_BITS
        for offset, line in lines_of(path):
            try:
                outcome = decode(line)
            except msgspec.DecodeError as error:
                log.warning("%s: a line at byte %d is skipped (%s)", path, offset, error)
                behind = _behind_torn_line(line)
                if behind is None:
                    continue
                skipped, outcome = behind
                yield first | offset + skipped, outcome
                continue
            yield first | offset, outcome


def _behind_torn_line(line: bytes) -> tuple[int, RowOutcome] | None:
    """Return the outcome that was written behind the first part of another one, if there is one."""
    at = line.find(_BEGINNING, 1)
    while at > 0:
        try:
            return at, _DECODER.decode(line[at:])
        except msgspec.DecodeError:
            at = line.find(_BEGINNING, at + 1)
    return None


class OutcomeLines:
    """The outcomes in files of results, by their places.

    Args:
        paths: The files, as `outcomes_in` has had them.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._files = [path.open("rb") if path.exists() else None for path in paths]

    def read(self, place: int) -> RowOutcome | None:
        """Return the outcome at a place; None if its file is gone."""
        file = self._files[place >> _OFFSET_BITS]
        if file is None:
            return None
        file.seek(place & (1 << _OFFSET_BITS) - 1)
        return _DECODER.decode(file.readline())

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            if file is not None:
                file.close()
