"""Results of a changed job: matched to rows by digest or ID, never by their place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from llmring.batch.journal.job_results import outcomes_in
from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowProblem, RowRequest


class ChangeCounts(Struct, frozen=True):
    """The rows of a job that were done, and those of them whose request is still asked for."""

    done: int
    same: int


def counted_changes(
    paths: Sequence[Path], requests: Iterator[RowRequest | RowProblem]
) -> ChangeCounts:
    """Count the rows that are done, and those whose request is among the new ones."""
    digests = Counter(outcome.digest for outcome in _newest(paths))
    done = digests.total()
    same = 0
    for request in requests:
        if digests[request.digest] > 0:
            digests[request.digest] -= 1
            same += 1
    return ChangeCounts(done, same)


def results_kept(
    paths: Sequence[Path], requests: Iterator[RowRequest | RowProblem], *, by_id: bool
) -> Iterator[RowOutcome]:
    """Yield the answers that still count, each with the new place of its row.

    A request that is asked for three times takes at most three answers to it. What they have cost
    is left out, as it is counted elsewhere.

    Args:
        paths: The files of results.
        requests: The requests of all rows.
        by_id: True to match rows by their IDs, whatever is asked; False by what is asked.
    """
    found: dict[str, list[RowOutcome]] = {}
    for outcome in _newest(paths):
        found.setdefault(outcome.id if by_id else outcome.digest, []).append(outcome)
    for request in requests:
        answers = found.get(request.row.id if by_id else request.digest)
        if answers:
            yield msgspec.structs.replace(
                answers.pop(0),
                ordinal=request.row.ordinal,
                id=request.row.id,
                digest=request.digest,
                cost=None,
                cost_reason=None,
                tokens_in=None,
                tokens_out=None,
                tokens_cached=0,
            )


def _newest(paths: Sequence[Path]) -> Iterator[RowOutcome]:
    """Yield the answers, each row's once; failures are asked again."""
    seen: set[int] = set()
    for _, outcome in outcomes_in(paths):
        if outcome.status == "ok" and outcome.ordinal not in seen:
            seen.add(outcome.ordinal)
            yield outcome
