"""The progress of a batch."""

from decimal import Decimal

from msgspec import Struct

from llmring.plain_data import PlainData


class ModelPace(PlainData, Struct, frozen=True):
    """The pace of one model.

    Attributes:
        model: Its reference.
        in_flight: Requests in flight.
        most: The most requests that may be in flight at the moment.
        resumes_in: Seconds until the pause after a rate limit is over; 0.0 without a pause.
    """

    __module__ = "llmring"

    model: str
    in_flight: int
    most: int
    resumes_in: float


class BatchProgress(PlainData, Struct, frozen=True, kw_only=True):
    """The progress of a batch.

    Attributes:
        done: Rows that are done, in this run and earlier ones.
        total: All rows; None if their number is unknown.
        ok: Rows with an answer, of this run.
        failed: Rows that have failed, of this run.
        earlier: Rows that were done in earlier runs.
        in_flight: Rows on their way.
        waiting: Rows that wait for their turn or for their next round.
        rate: Rows done in a second, in the last ones.
        cost: USD for this run so far, as far as known.
        spent: USD for all runs so far.
        max_cost: USD that the job may cost; None for no limit.
        seconds: Seconds since the run began.
        left_seconds: Seconds that the rest is likely to take; None if that is unknown.
        models: The pace of each model.
        trouble: Why the job can't go on at the moment, such as a full disk.
    """

    __module__ = "llmring"

    done: int
    total: int | None
    ok: int
    failed: int
    earlier: int
    in_flight: int
    waiting: int
    rate: float
    cost: Decimal
    spent: Decimal
    max_cost: Decimal | None
    seconds: float
    left_seconds: float | None
    models: tuple[ModelPace, ...]
    trouble: str | None = None


class RateMeter:
    """The rows done in a second, smoothed over about ten seconds.

    Args:
        now: The time in seconds.
    """

    def __init__(self, now: float) -> None:
        self._at = now
        self._count = 0
        self._rate: float | None = None

    def rate(self, count: int, now: float) -> float:
        """Return the rate.

        Args:
            count: Rows done so far.
            now: The time in seconds.
        """
        seconds = now - self._at
        if seconds < _LEAST_SECONDS and self._rate is not None:
            return self._rate
        if seconds <= 0:
            return 0.0
        latest = (count - self._count) / seconds
        weight = 1.0 if self._rate is None else min(1.0, seconds / _SMOOTH_SECONDS)
        self._rate = latest if self._rate is None else self._rate + weight * (latest - self._rate)
        self._at, self._count = now, count
        return self._rate


_LEAST_SECONDS = 0.2
_SMOOTH_SECONDS = 10.0
