"""How long to wait before a model is asked again."""

from __future__ import annotations

from collections.abc import Callable

# Full jitter: any time up to a bound that doubles, so that callers who failed together do not
# come back together. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
FIRST_SECONDS = 0.5
MOST_SECONDS = 8.0
# A provider that asks for more is better left for the next model.
MOST_RETRY_AFTER_SECONDS = 10.0


def pause(
    nth: int, retry_after: float | None, left: float | None, chance: Callable[[], float]
) -> float | None:
    """Seconds to wait before the nth repetition; None where it is not worth the wait.

    Args:
        nth: Which repetition, from 1.
        retry_after: Seconds that the provider asks to wait, if it does.
        left: Seconds that the call has left; None for no limit.
        chance: Gives a number from 0 up to 1.
    """
    if retry_after is not None:
        # A little later than asked for, and not everybody at the same moment.
        seconds = retry_after + chance() * min(1.0, 0.1 * retry_after)
        if retry_after > MOST_RETRY_AFTER_SECONDS:
            return None
    else:
        seconds = chance() * min(MOST_SECONDS, FIRST_SECONDS * 2 ** (nth - 1))
    return None if left is not None and seconds >= left else seconds
