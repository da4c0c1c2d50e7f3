"""What a call reads an answer from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from llmring.exceptions import ProviderTimeoutError
from llmring.wire import HttpHead

if TYPE_CHECKING:
    from llmring.wire import HttpRequest


class Exchange(Protocol):
    """An answer whose head is here and whose body is still coming."""

    head: HttpHead

    def expire_at(self, when: float | None) -> None:
        """End the answer at this time of the loop's clock; None for never."""

    def stall_after(self, seconds: float) -> None:
        """End the answer when no byte has come for so long."""

    async def read(self) -> bytes:
        """All that is left of the body."""

    async def chunk(self) -> bytes:
        """The next bytes of the body; empty at its end."""

    async def finish(self) -> None:
        """Let the rest of a body go by, where it is next to nothing."""

    def close(self) -> None:
        """Let the connection go."""


def answer_timeout(stall: float | None, status: int) -> ProviderTimeoutError:
    """Build the error of an answer that began and ran out of time.

    Args:
        stall: Seconds for which nothing came; None where the whole answer took too long.
        status: The HTTP status of the answer.
    """
    if stall is None:
        return ProviderTimeoutError("the answer took too long", status=status)
    error = ProviderTimeoutError(f"the answer stalled: nothing came for {stall:g} s", status=status)
    error.stalled_for = stall
    return error


# Sends a request, and gives its answer within so many seconds.
Opener = Callable[["HttpRequest", float | None], Awaitable["Exchange"]]
