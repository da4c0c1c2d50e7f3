"""The number of failed rows at which a batch stops, so that one mistake does not fail all rows."""

from __future__ import annotations

from collections import deque

from llmring.batch.engine.stop_reason import StopReason

IN_A_ROW = 100
RECENT = 200
# Of the first rows, a share means little.
_SHARE_FROM = 100


class FailureWatch:
    """Counts the rows that fail.

    Without a number or a share, a job stops after 100 failures in a row, or if half of the last 200
    rows have failed.

    Args:
        most: Failed rows at which the job stops; None for no such number.
        share: Share of failed rows at which it stops; None for none.
    """

    def __init__(self, most: int | None = None, share: float | None = None) -> None:
        self._most = most
        self._share = share
        self._done = 0
        self._failed = 0
        self._in_a_row = 0
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._recent_failed = 0

    def add(self, *, failed: bool) -> StopReason | None:
        """Count a row; return the reason to stop, if this is one row too many."""
        self._done += 1
        self._failed += failed
        if self._most is not None or self._share is not None:
            return self._beyond() if failed else None
        self._in_a_row = self._in_a_row + 1 if failed else 0
        if len(self._recent) == RECENT:
            self._recent_failed -= self._recent[0]
        self._recent.append(failed)
        self._recent_failed += failed
        if not failed:
            return None
        if self._in_a_row >= IN_A_ROW:
            return _stop(f"{IN_A_ROW} rows in a row have failed")
        if len(self._recent) == RECENT and self._recent_failed * 2 >= RECENT:
            return _stop(f"{self._recent_failed} of the last {RECENT} rows have failed")
        return None

    def _beyond(self) -> StopReason | None:
        if self._most is not None and self._failed >= self._most:
            return _stop(f"{self._failed} rows have failed")
        if (
            self._share is not None
            and self._done >= _SHARE_FROM
            and self._failed > self._share * self._done
        ):
            return _stop(f"{self._failed} of {self._done} rows have failed")
        return None


def _stop(what: str) -> StopReason:
    return StopReason(
        "too_many_failed", f"{what}; see why in the failed rows, or allow more: --max-rows-failed"
    )
