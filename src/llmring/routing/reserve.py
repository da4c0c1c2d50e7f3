"""The part of a call's time that is kept for the models after the one that is tried."""

from __future__ import annotations

# An attempt leaves half of the remaining time to the models after it, but at most this much to
# each: a model that never answers can't use up the whole call, and one that is merely slow keeps
# nearly all of a normal deadline.
RESERVE_SECONDS = 10.0

# A shorter gap within an answer does not mean that the rest won't come.
USUAL_GAP_SECONDS = 0.75


def reserve_for(later: int) -> float:
    """Return the most seconds to leave to this number of later models."""
    return RESERVE_SECONDS * later


def latest_end(deadline: float | None, now: float, reserve: float) -> float | None:
    """Return when a model that has brought nothing since `now` has used up its part of the time.

    Args:
        deadline: When the call must be over; None for no limit.
        now: The time, on the same clock.
        reserve: The most seconds to leave to the models after it.
    """
    if deadline is None:
        return None
    return deadline - min((deadline - now) / 2, reserve)
