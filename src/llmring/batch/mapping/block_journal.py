"""The journal of a block: its answers, so that a second attempt asks only what is missing.

A block has a file for each attempt, with one line for each outcome. Its name begins with the digest
of the block's requests, so that another attempt finds it on any machine that shares the folder.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec

from llmring.batch.outcome import RowOutcome

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(RowOutcome).decode


class BlockJournal:
    """The journal of one attempt at a block.

    Args:
        folder: The folder of all journals.
        digests: The digests of the block's requests, in order.
        marks: Further marks, which make blocks with equal requests distinct.
    """

    def __init__(self, folder: Path, digests: Sequence[str], marks: Sequence[str] = ()) -> None:
        key = blake2b("\n".join([*digests, "", *marks]).encode(), digest_size=16).hexdigest()
        self._digests = digests
        # Else one folder would have a file for each block.
        self._folder = folder / key[:2]
        self._key = key
        self._file: int | None = None

    def earlier(self) -> dict[int, RowOutcome]:
        """Return the outcomes of earlier attempts by their place in the block.

        Failures that may pass are left out.
        """
        found: dict[int, RowOutcome] = {}
        for path in sorted(self._folder.glob(f"{self._key}-*.jsonl")):
            for outcome in outcomes_in(path):
                place = outcome.ordinal
                is_ours = place < len(self._digests) and self._digests[place] == outcome.digest
                if is_ours and not outcome.passing:
                    found[place] = outcome
        return found

    def add(self, outcome: RowOutcome) -> None:
        """Write an outcome.

        Raises:
            OSError: It can't be written.
        """
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            name = f"{self._key}-{uuid.uuid4().hex}.jsonl"
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND
            self._file = os.open(self._folder / name, flags, 0o666)
        write_line(self._file, outcome)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def write_line(file: int, outcome: RowOutcome) -> None:
    """Write an outcome as one line, whole in the usual case.

    Args:
        file: The number of a file that is open for appending.
        outcome: The outcome.

    Raises:
        OSError: It can't be written.
    """
    line = _encode(outcome) + b"\n"
    while line:
        line = line[os.write(file, line) :]


def outcomes_in(path: Path) -> list[RowOutcome]:
    """Return the outcomes of a file; a line that a crash has cut is skipped."""
    found = []
    with path.open("rb") as lines:
        for line in lines:
            try:
                found.append(_decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
    return found
