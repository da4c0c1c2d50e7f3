"""Equal requests of a batch, of which only the first is asked.

The outcomes stay in memory, one for each different request.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from llmring.batch.outcome import RowOutcome
from llmring.batch.row import RowRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmring.batch.engine.row_queue import Work


class EqualRows:
    """The requests that were asked, by their digests.

    Args:
        earlier: The outcomes of earlier runs.
    """

    def __init__(self, earlier: Iterable[RowOutcome] = ()) -> None:
        self._done = {
            each.digest: each for each in earlier if each.status == "ok" and each.same_as is None
        }
        self._asked: dict[str, Work] = {}

    def first(self, request: RowRequest) -> Work | RowOutcome | None:
        """Return what answers a request too: a row on its way, or an outcome; None if nothing."""
        return self._done.get(request.digest) or self._asked.get(request.digest)

    def ask(self, work: Work) -> None:
        """Note that a request is asked."""
        self._asked[work.request.digest] = work

    def settle(self, outcome: RowOutcome) -> None:
        """Note the outcome of a request."""
        self._asked.pop(outcome.digest, None)
        if outcome.status == "ok":
            self._done[outcome.digest] = outcome


def same(outcome: RowOutcome, request: RowRequest) -> RowOutcome:
    """Return the outcome of a row whose equal request has this outcome."""
    return msgspec.structs.replace(
        outcome,
        id=request.row.id,
        ordinal=request.row.ordinal,
        cost=Decimal(0),
        cost_reason=None,
        attempts=0,
        same_as=outcome.id,
    )
