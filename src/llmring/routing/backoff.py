"""The pause before a retry: exponential backoff with full jitter."""

from __future__ import annotations

from collections.abc import Callable

# Full jitter: any time up to a bound that doubles, so that callers who failed together do not
# come back together. https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
FIRST_SECONDS = 0.5
MOST_SECONDS = 8.0
# If a provider asks for more, the next model is tried instead.
MOST_RETRY_AFTER_SECONDS = 10.0
# Of all pauses of a call together, for a server's clients: their programs retry as well.
MOST_SERVED_SECONDS = 10.0


def pause(
    nth: int, retry_after: float | None, left: float | None, chance: Callable[[], float]
) -> float | None:
    """Return the seconds to wait before the nth retry; None if it is not worth the wait.

    Args:
        nth: The number of the retry, from 1.
        retry_after: Seconds that the provider asks to wait, if any.
        left: Seconds that the call has left; None for no limit.
        chance: Returns a random number from 0 up to 1.
    """
    if retry_after is not None:
        # A little later than asked for, and not all callers at the same moment.
        seconds = retry_after + chance() * min(1.0, 0.1 * retry_after)
        if retry_after > MOST_RETRY_AFTER_SECONDS:
            return None
    else:
        seconds = chance() * min(MOST_SECONDS, FIRST_SECONDS * 2 ** (nth - 1))
    return None if left is not None and seconds >= left else seconds
