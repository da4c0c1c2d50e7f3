"""The errors of connections and of HTTP; their messages hold no URL, no header and no body."""

from __future__ import annotations

import os
import ssl

from llmring.exceptions import (
    ProviderConnectionError,
    ProviderError,
    ProviderResponseError,
    ProviderTimeoutError,
    RingClosedError,
)

# Only proxies send it.
# https://www.rfc-editor.org/rfc/rfc9110#name-407-proxy-authentication-re
PROXY_REFUSES = 407

_PROXY_VARIABLES = "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"


def _not_reached(message: str) -> ProviderError:
    error = ProviderConnectionError(message)
    error.reached = False
    return error


def unknown_host(host: str) -> ProviderError:
    """Build the error for a host without an address."""
    return _not_reached(f"can't find the host {host!r}")


def connect_error(host: str, port: int | str, error: OSError, *, is_proxy: bool) -> ProviderError:
    """Build the error for a connection, or its TLS, that can't be opened.

    Args:
        host: The host's name or address, or the path of a socket.
        port: The port; empty for a socket.
        error: Why it can't be opened.
        is_proxy: True if the host is a proxy.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _not_reached(
            f"the TLS certificate of {host!r} is refused: {error.verify_message}; "
            "to trust your own authority, set SSL_CERT_FILE to its certificate"
        )
    if isinstance(error, ssl.SSLError):
        return _not_reached(
            f"can't open a TLS connection to {host!r}: {error.reason or error.strerror}; "
            "use an http:// address if the server has no TLS"
        )
    why = os.strerror(error.errno) if error.errno else type(error).__name__
    place = f"{host}:{port}" if port else host
    if is_proxy:
        return _not_reached(f"can't connect to the proxy {place}: {why}; {_PROXY_VARIABLES}")
    return _not_reached(f"can't connect to {place}: {why}")


def refused_by_proxy(status: int) -> ProviderError:
    """Build the error for a proxy that refuses the connection."""
    return ProviderConnectionError(
        f"the proxy refuses the connection: {status}; {_PROXY_VARIABLES}", status=status
    )


def no_connection_in_time() -> ProviderError:
    """Build the error for a host that does not accept a connection in time."""
    return ProviderTimeoutError("the connection took too long")


def no_answer_in_time() -> ProviderError:
    """Build the error for an answer that has not begun in time."""
    return ProviderTimeoutError("no answer in time")


def closed_early(status: int | None) -> ProviderError:
    """Build the error for a connection that ended before the answer did.

    Args:
        status: The status of the answer; None if it had not begun.
    """
    if status is None:
        return ProviderConnectionError("the connection was closed before an answer came")
    return ProviderConnectionError(
        "the connection was cut before the answer was complete", status=status
    )


def not_http(why: str, status: int | None = None) -> ProviderError:
    """Build the error for an answer that breaks the rules of HTTP.

    Args:
        why: What it breaks, without a part of the answer.
        status: The status of the answer; None if it has none.
    """
    return ProviderResponseError(f"the answer is not HTTP: {why}", status=status)


def unusable_header() -> ProviderError:
    """Build the error for a header that can't be sent."""
    return _not_reached("a header holds a line break, and can't be sent; check the provider's key")


def unusable_address() -> ProviderError:
    """Build the error for an address that can't be used."""
    return _not_reached("the provider's base URL can't be used; check its variable")


def ring_closed() -> RingClosedError:
    """Build the error of a call whose ring was closed."""
    return RingClosedError(
        "the ring was closed while this call was in progress; close it after its calls have ended"
    )
