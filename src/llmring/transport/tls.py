"""TLS of this process: one context, whose sessions are resumed.

Trusted are the authorities of the system, or those that SSL_CERT_FILE and SSL_CERT_DIR name.
LLMRING_CLIENT_CERT names the file of a certificate that is shown to servers that ask for one, with
its private key in the same file or in that of LLMRING_CLIENT_KEY.
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

_MOST_SESSIONS = 1000


class ResumingContext(ssl.SSLContext):
    """A context for clients that continues the last session with each host.

    asyncio has no parameter for a session, so it is given where asyncio wraps its buffers.
    """

    def wrap_bio(self, *buffers: Any, **options: Any) -> ssl.SSLObject:
        """Wrap two buffers, as the base class."""
        return super().wrap_bio(*buffers, **self._with_session(options))

    def wrap_socket(self, *given: Any, **options: Any) -> ssl.SSLSocket:
        """Wrap a socket, as the base class."""
        return super().wrap_socket(*given, **self._with_session(options))

    def _with_session(self, options: dict[str, Any]) -> dict[str, Any]:
        sessions = self.__dict__.get("_sessions", {})
        return {**options, "session": sessions.get(options.get("server_hostname"))}

    def remember(self, host: str, connection: ssl.SSLObject | ssl.SSLSocket) -> None:
        """Keep the session of a connection for the next one to its host.

        Tickets come with or after the first answer.
        https://www.rfc-editor.org/rfc/rfc8446#section-4.6.1

        Args:
            host: The host's name.
            connection: The connection.
        """
        session = connection.session
        if session is not None and session.has_ticket:
            sessions = self.__dict__.setdefault("_sessions", {})
            if len(sessions) >= _MOST_SESSIONS:
                sessions.clear()
            sessions[host] = session


@cache
def client_context(certificate: str | None = None, key: str | None = None) -> ResumingContext:
    """Return the context of connections to servers.

    Args:
        certificate: The path of a client's certificate; None for none.
        key: The path of its private key; None if it is in the same file.

    Raises:
        OSError: A file can't be read.
    """
    context = ResumingContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    context.set_alpn_protocols(["http/1.1"])
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


def certified_name(host: str) -> str:
    """Return the name that the certificate of a host has to be for: the host without its zone."""
    return host.partition("%")[0]
