"""The interface through which a call reads an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from llmring.exceptions import ProviderTimeoutError
from llmring.wire import HttpHead

if TYPE_CHECKING:
    from llmring.wire import HttpRequest


class Patience(Protocol):
    """The limits on how long a streamed answer may bring nothing; all times are the event loop's.

    Attributes:
        read_at: When the last sign of life came; 0 before the first.
    """

    read_at: float

    @property
    def interval(self) -> float:
        """Seconds after which to judge again at the latest, as `due` may have moved."""

    def forgive(self, now: float) -> None:
        """Start all limits again, after a time in which the caller read nothing."""

    def due(self) -> float:
        """Return when the answer has failed if nothing comes until then."""

    def verdict(self, now: float) -> ProviderTimeoutError | None:
        """Return the error of an answer that has brought too little; None if it may go on."""


# A caller that comes back for the next bytes after this time has done something else meanwhile.
ABSENCE_SECONDS = 0.05


def forgive_absence(patience: Patience, left_at: float, now: float) -> None:
    """Start the limits of an answer again, if its caller was away.

    Args:
        patience: The limits.
        left_at: When the caller got the bytes before.
        now: When it comes back.
    """
    if now - left_at > ABSENCE_SECONDS:
        patience.forgive(now)


class Exchange(Protocol):
    """An answer whose head has arrived and whose body is still arriving."""

    head: HttpHead

    def expire_at(self, when: float | None) -> None:
        """End the answer at this time of the loop's clock; None for never."""

    def watch(self, patience: Patience) -> None:
        """End the answer when it has brought nothing for too long."""

    async def read(self) -> bytes:
        """Read the rest of the body."""

    async def chunk(self) -> bytes:
        """Return the next bytes of the body; empty at its end."""

    async def finish(self) -> None:
        """Read and discard the rest of a body, if there is little left."""

    def close(self) -> None:
        """Close the connection."""


def answer_timeout(stall: float | None, status: int) -> ProviderTimeoutError:
    """Build the error for an answer that began and ran out of time.

    Args:
        stall: Seconds without a byte; None if the whole answer took too long.
        status: The HTTP status of the answer.
    """
    if stall is None:
        return ProviderTimeoutError("the answer took too long", status=status)
    error = ProviderTimeoutError(f"the answer stalled: nothing came for {stall:g} s", status=status)
    error.stalled_for = stall
    return error


def empty_answer_timeout(seconds: float, status: int) -> ProviderTimeoutError:
    """Build the error for an answer that began and then sent only signs of life.

    Args:
        seconds: Seconds without content.
        status: The HTTP status of the answer.
    """
    error = ProviderTimeoutError(
        f"the answer stalled: no content came for {seconds:g} s, only signs of life",
        status=status,
    )
    error.stalled_for = seconds
    return error


# Sends a request, and returns its answer within the given seconds.
Opener = Callable[["HttpRequest", float | None], Awaitable["Exchange"]]
