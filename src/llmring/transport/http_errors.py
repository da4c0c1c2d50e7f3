"""Faults of the HTTP library as errors of llmring."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from llmring.exceptions import (
    ConfigurationError,
    ProviderConnectionError,
    ProviderError,
    ProviderResponseError,
    ProviderTimeoutError,
)

_QUOTED = 200


# Only proxies send it.
# https://www.rfc-editor.org/rfc/rfc9110#name-407-proxy-authentication-re
PROXY_REFUSES = 407


def fault_of(error: Exception) -> ProviderError:
    """Convert an exception of the HTTP library; the message contains no URL and no header."""
    for kind in type(error).__mro__:
        if kind in _FAULTS:
            return _FAULTS[kind](error)
    raise TypeError(f"not a fault of HTTP: {type(error).__name__}")


def _not_reached(message: str) -> ProviderError:
    error = ProviderConnectionError(message)
    error.reached = False
    return error


def _dns(error: Any) -> ProviderError:
    return _not_reached(f"can't find the host {error.host!r}")


def _tls(error: Any) -> ProviderError:
    why = getattr(error.os_error, "reason", None) or error.os_error.strerror
    return _not_reached(
        f"can't open a TLS connection to {error.host!r}: {why}; "
        "use an http:// address if the server has no TLS"
    )


def _certificate(error: Any) -> ProviderError:
    why = getattr(error.certificate_error, "verify_message", None) or "not valid for it"
    return _not_reached(
        f"the TLS certificate of {error.host!r} is refused: {why}; "
        "to trust your own authority, set SSL_CERT_FILE to its certificate"
    )


def _connect(error: Any) -> ProviderError:
    return _not_reached(f"can't connect to {_place_and_reason(error)}")


def _proxy_connect(error: Any) -> ProviderError:
    return _not_reached(
        f"can't connect to the proxy {_place_and_reason(error)}; "
        "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
    )


def _place_and_reason(error: Any) -> str:
    cause = error.os_error
    why = os.strerror(cause.errno) if cause.errno else type(cause).__name__
    return f"{error.host}:{error.port}: {why}"


def refused_by_proxy(answer: Any) -> ProviderError:
    """Return the error for a proxy that refuses the connection."""
    return ProviderConnectionError(
        f"the proxy refuses the connection: {answer.status}; "
        "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
        status=answer.status,
    )


def _bad_http(error: Any) -> ProviderError:
    # The error's status is not the server's, and its text quotes the answer at any length.
    why = " ".join(error.message.split())[:_QUOTED]
    return ProviderResponseError(f"the answer is not HTTP: {why}")


def _payload(error: Exception) -> ProviderError:
    if isinstance(error.__cause__, ContentEncodingError):
        return ProviderResponseError("the answer can't be unpacked; its encoding is damaged")
    return ProviderConnectionError("the connection was cut before the answer was complete")


def _always(kind: type[ProviderError], message: str) -> Callable[[Exception], ProviderError]:
    return lambda _: kind(message)


# Looked up along the class's MRO, so that the most exact entry decides.
_FAULTS: dict[type, Callable[[Any], ProviderError]] = {
    aiohttp.ClientConnectorDNSError: _dns,
    aiohttp.ClientConnectorSSLError: _tls,
    aiohttp.ClientConnectorCertificateError: _certificate,
    aiohttp.ClientProxyConnectionError: _proxy_connect,
    aiohttp.ClientHttpProxyError: refused_by_proxy,
    aiohttp.ClientConnectorError: _connect,
    aiohttp.ServerTimeoutError: _always(ProviderTimeoutError, "the connection took too long"),
    aiohttp.ClientPayloadError: _payload,
    aiohttp.ClientResponseError: _bad_http,
    aiohttp.InvalidURL: _always(
        ProviderConnectionError, "the provider's base URL can't be used; check its variable"
    ),
    aiohttp.ClientError: _always(
        ProviderConnectionError, "the connection was closed before an answer came"
    ),
    ConfigurationError: lambda error: ProviderConnectionError(error.message),
    TimeoutError: _always(ProviderTimeoutError, "no answer in time"),
    OSError: _always(
        ProviderConnectionError, "the connection was closed before the answer was complete"
    ),
}
