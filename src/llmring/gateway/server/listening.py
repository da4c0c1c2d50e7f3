"""The socket of the gateway."""

from __future__ import annotations

import socket

from llmring.exceptions import ConfigurationError

_BACKLOG = 2048


def listening(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Args:
        host: The address to listen on.
        port: The port; 0 for any free one.

    Raises:
        ConfigurationError: The address is not one of this machine, or the port is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        door = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, UnicodeError) as error:
        # The operating system's message repeats the address.
        reason = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0]
        raise ConfigurationError(
            f"can't listen on {host}, port {port}: {reason}; choose another with --port or --host"
        ) from error
    # Connections inherit it. asyncio sets it only on sockets that name their protocol.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door
