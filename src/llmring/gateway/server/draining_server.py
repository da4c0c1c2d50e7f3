"""The HTTP server of a gateway, which ends as the gateway drains."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType

import uvicorn

from llmring.gateway.server.drain import Drain

# On the second signal, calls have this time to end.
_FORCED_SECONDS = 0.5
_TICK_SECONDS = 0.05

_log = logging.getLogger("llmring")


class DrainingServer(uvicorn.Server):
    """A server that ends as its gateway drains.

    Args:
        config: The settings of the server.
        drain: The end of the gateway.
        on_hangup: Called on SIGHUP.
    """

    def __init__(
        self, config: uvicorn.Config, drain: Drain, on_hangup: Callable[[], None] | None
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._on_hangup = on_hangup

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        is_main = threading.current_thread() is threading.main_thread()
        if self._on_hangup is not None and is_main and hasattr(signal, "SIGHUP"):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self._on_hangup)
            # It would end the process.
            loop.add_signal_handler(signal.SIGUSR2, self.refuse_restart)
        await super().startup(sockets)

    def refuse_restart(self) -> None:
        """Report that SIGUSR2 has no effect."""
        _log.warning("SIGUSR2 replaces workers, and this gateway is one process; add --workers")

    async def on_tick(self, counter: int) -> bool:
        """Return True once the server is to end."""
        return await super().on_tick(counter) or self._drain.is_closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the server, once its calls have ended or their time is over."""
        drain = self._drain
        timer = asyncio.get_running_loop().call_later(drain.limit, drain.expire)
        forcing = asyncio.create_task(self._end_if_forced())
        for server in self.servers:
            server.close()
        # The loop takes some steps from a connection to its protocol.
        await asyncio.sleep(_TICK_SECONDS)
        await super().shutdown(sockets)
        timer.cancel()
        forcing.cancel()
        await asyncio.wait([forcing])

    async def _end_if_forced(self) -> None:
        while not self._drain.is_forced:
            await asyncio.sleep(_TICK_SECONDS)
        self._drain.expire()
        await asyncio.sleep(_FORCED_SECONDS)
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Begin to drain; on the second signal, end now."""
        # Python runs this between two steps of the loop; the next tick sees the change.
        if self._drain.is_draining:
            self._drain.force()
        else:
            self._drain.begin(at_once=sig == signal.SIGINT)
