"""The ring of a server, whose calls are those of its clients."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from os import PathLike
from typing import TYPE_CHECKING, cast

from msgspec import UNSET, UnsetType

from llmring.chat.parsed_request import ParsedRequest
from llmring.chat.response import LLMResponse
from llmring.client.replies.event_reader import EventChunk, ReplyEventReader
from llmring.client.ring import LLMRing
from llmring.client.ring_core import RingCore

if TYPE_CHECKING:
    from llmring.providers.endpoint import Endpoint


class ServedRing(LLMRing):
    """A ring that makes the calls of a server's clients, and has no lockfile of a calling package.

    Args:
        lockfile_path: As for `LLMRing`.
        timeout: As for `LLMRing`.
        environ: As for `LLMRing`.
    """

    def __init__(
        self,
        lockfile_path: str | PathLike[str] | None = None,
        *,
        timeout: float | UnsetType | None = UNSET,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        RingCore.__init__(
            self,
            lockfile_path,
            None,
            timeout=timeout,
            on_attempt=None,
            on_failover=None,
            telemetry="auto",
            environ=environ,
        )

    @property
    def endpoints(self) -> Mapping[str, Endpoint]:
        """The endpoint of each provider, by its name."""
        return self._active_lockfile.latest().endpoints

    async def answer(self, request: ParsedRequest, profile: str | None) -> LLMResponse:
        """Return a whole answer, as `chat` does.

        Args:
            request: The request.
            profile: The profile of the lockfile; None for the usual one.

        Raises:
            LLMRingError: No model answered.
        """
        return await self._send(request, profile)

    def stream_events(
        self, request: ParsedRequest, profile: str | None
    ) -> AsyncGenerator[EventChunk, None]:
        """Stream an answer as events, to be passed on to a client.

        The time limit of the call ends with the first content. A client can't take back what it
        was sent: where an answer would have to start over, the call fails.

        Args:
            request: The request.
            profile: The profile of the lockfile; None for the usual one.

        Raises:
            LLMRingError: No model answered, or an answer broke off and no other model may go on.
        """
        failover = self._plan(request, profile, stream=True, served=True)
        chunks = self._executor.stream(failover, ReplyEventReader)
        return cast("AsyncGenerator[EventChunk, None]", chunks)
