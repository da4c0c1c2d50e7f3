"""The taking of connections from a socket at which several processes listen."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

# As asyncio's own server does where the process or the system has too many descriptors open.
_PAUSE_SECONDS = 1.0
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

# Up to this, it makes no difference who takes a connection.
MOST_SURPLUS = 2
# Others have this time; they may hang.
_YIELD_SECONDS = 0.005

_log = logging.getLogger("llmring")


class Acceptor:
    """A server that takes one connection at a time.

    The servers of event loops take all that wait at once, so that of many clients who come together
    one process would get almost all. This one leaves a connection to others for a moment if they
    have fewer.

    Args:
        door: The socket.
        protocol: Builds the protocol of a connection.
        surplus: Returns how many more connections this process has than the one with the fewest.
    """

    def __init__(
        self,
        door: socket.socket,
        protocol: Callable[[], asyncio.BaseProtocol],
        surplus: Callable[[], int],
    ) -> None:
        self._door = door
        self._protocol = protocol
        self._surplus = surplus
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        self._is_closed = False
        door.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Take no more connections."""
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._door)

    async def wait_closed(self) -> None:
        """Wait until each connection has its protocol."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _listen(self) -> None:
        if not self._is_closed:
            self._loop.add_reader(self._door, self._accept)

    def _accept(self) -> None:
        if self._surplus() + len(self._opening) > MOST_SURPLUS:
            self._loop.remove_reader(self._door)
            self._loop.call_later(_YIELD_SECONDS, self._take_late)
        else:
            self._take()

    def _take_late(self) -> None:
        if not self._is_closed:
            self._listen()
            self._take()

    def _take(self) -> None:
        try:
            opened, _ = self._door.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            # Another process was faster, or the client has left.
            return
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            _log.warning("no connections are taken for a moment: %s", error)
            self._loop.remove_reader(self._door)
            self._loop.call_later(_PAUSE_SECONDS, self._listen)
            return
        opened.setblocking(False)
        task = self._loop.create_task(self._open(opened))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, opened: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, opened)
        except OSError:
            # The client has left.
            opened.close()
