"""The interface through which a call reads an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from llmring.exceptions import ProviderTimeoutError
from llmring.wire import HttpHead

if TYPE_CHECKING:
    from llmring.wire import HttpRequest


class Exchange(Protocol):
    """An answer whose head has arrived and whose body is still arriving."""

    head: HttpHead

    def expire_at(self, when: float | None) -> None:
        """End the answer at this time of the loop's clock; None for never."""

    def stall_after(self, seconds: float) -> None:
        """End the answer when no byte has come for this many seconds."""

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


# Sends a request, and returns its answer within the given seconds.
Opener = Callable[["HttpRequest", float | None], Awaitable["Exchange"]]
