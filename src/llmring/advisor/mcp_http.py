"""The advisor's MCP server over HTTP: who may reach it, and serving.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#security-warning
"""

from __future__ import annotations

import contextlib
import hmac
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from llmring.address import is_loopback
from llmring.exceptions import ConfigurationError

if TYPE_CHECKING:
    from mcp.server import Server
    from starlette.types import ASGIApp, Receive, Scope, Send

# Shorter ones can be guessed.
LEAST_TOKEN = 16

_LOCAL = ("127.0.0.1", "localhost", "[::1]")


class HttpAccess(Struct, frozen=True):
    """The requests that the server answers. The token shows in no repr.

    Attributes:
        hosts: The hosts by which clients may address it, for the headers Host and Origin.
        token: The bearer token that each request must carry; None for no such check.
    """

    hosts: tuple[str, ...]
    token: str | None = None

    def __repr__(self) -> str:
        return f"HttpAccess({self.hosts!r})"


def access(host: str, hosts: Sequence[str], token: str | None) -> HttpAccess:
    """Decide who may reach a server.

    Args:
        host: The address that it listens on.
        hosts: The names by which clients may address it, in addition to those of this machine.
        token: The token that clients must send, if any.

    Raises:
        ConfigurationError: The server would be open to others without a token or a list of hosts.
    """
    if token is not None and len(token) < LEAST_TOKEN:
        raise ConfigurationError(
            f"LLMRING_MCP_TOKEN is shorter than {LEAST_TOKEN} characters; make one: "
            'python -c "import secrets; print(secrets.token_urlsafe())"'
        )
    if not is_loopback(host):
        if token is None:
            raise ConfigurationError(
                f"{host} can be reached from other machines; set LLMRING_MCP_TOKEN to a secret "
                "that clients send as a bearer token, or listen on 127.0.0.1"
            )
        if not hosts:
            raise ConfigurationError(
                f"{host} can be reached from other machines; name the hosts by which clients "
                "address it: --allow-host llmring.example"
            )
    own = f"[{host}]" if ":" in host else host
    local = (*_LOCAL, own) if is_loopback(host) and own not in _LOCAL else _LOCAL
    return HttpAccess((*local, *hosts), token)


def listening(host: str, port: int) -> socket.socket:
    """Open a listening socket.

    Args:
        host: The address to listen on.
        port: The port.

    Raises:
        ConfigurationError: The address is not one of this machine, or the port is in use.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # The operating system's message repeats the address.
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise ConfigurationError(
            f"can't listen on {host}, port {port}: {reason}; choose another with --port or --host"
        ) from error


def serve_http(served: Server[Any], allowed: HttpAccess, door: socket.socket) -> None:
    """Serve over streamable HTTP at /mcp until the process is stopped.

    Args:
        served: The server.
        allowed: The requests to answer.
        door: The listening socket; closed at the end.
    """
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    app: ASGIApp = served.streamable_http_app(
        transport_security=TransportSecuritySettings(
            allowed_hosts=[each for host in allowed.hosts for each in (host, f"{host}:*")],
            allowed_origins=[
                f"{scheme}://{host}{port}"
                for host in allowed.hosts
                for scheme in ("http", "https")
                for port in ("", ":*")
            ],
        )
    )
    if allowed.token is not None:
        app = _RequireToken(app, allowed.token)
    with door, contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[door])


class _RequireToken:
    """An ASGI application behind a bearer token.

    https://www.rfc-editor.org/rfc/rfc6750

    Args:
        app: The application.
        token: The token.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._wanted = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            sent = dict(scope["headers"]).get(b"authorization", b"")
            if not hmac.compare_digest(sent, self._wanted):
                headers = [(b"www-authenticate", b"Bearer"), (b"content-type", b"text/plain")]
                await send({"type": "http.response.start", "status": 401, "headers": headers})
                await send({"type": "http.response.body", "body": b"a bearer token is required\n"})
                return
        await self._app(scope, receive, send)
