"""Where a URL leads, worked out once, and requests to it as bytes.

https://www.rfc-editor.org/rfc/rfc9112#name-request-target
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from llmring.exceptions import LLMRingError, ProviderConnectionError
from llmring.transport.http_errors import unusable_header
from llmring.transport.unpack import ENCODINGS

USER_AGENT = "llmring"

_PORTS = {"http": 80, "https": 443}
_UNIX = "http+unix"


class ProxyAddress(Struct, frozen=True):
    """The address of an HTTP proxy, and the header with its login.

    Attributes:
        is_secure: True if the connection to the proxy itself is encrypted.
        login: The value of Proxy-Authorization; empty for none.
    """

    host: str
    port: int
    is_secure: bool
    login: str

    def __repr__(self) -> str:
        return f"<ProxyAddress {self.host}:{self.port}>"


class Origin(Struct, frozen=True):
    """A server to which connections are kept.

    Attributes:
        host: The name or address, ready for a look-up; the path for a Unix socket.
        port: The port; 0 for a Unix socket.
        is_secure: True for TLS.
        proxy: The proxy on the way; None for a direct connection.
    """

    host: str
    port: int
    is_secure: bool
    proxy: ProxyAddress | None = None

    @property
    def is_socket(self) -> bool:
        """True if it is a Unix socket."""
        return self.port == 0

    @property
    def authority(self) -> str:
        """Its host and port as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Destination(Struct, frozen=True):
    """A method and a URL, as a server and the first lines of a request.

    Attributes:
        origin: The server.
        lines: The request line, and the headers that are the same for each request.
        has_body: False if the answer has no body, whatever its headers say.
        may_repeat: True if sending the request twice does no harm.
    """

    origin: Origin
    lines: str
    has_body: bool
    may_repeat: bool

    def __repr__(self) -> str:
        return f"<Destination {self.origin.authority}>"


_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def destination(
    method: str, url: str, proxy_for: Callable[[str, str, int | None], str | None]
) -> Destination:
    """Work out where a request goes.

    Args:
        method: The method.
        url: The address; `http+unix://%2Frun%2Fx.sock/path` for a Unix socket.
        proxy_for: Returns the URL of the proxy for a scheme, a host and a port, if there is one.

    Raises:
        ProviderConnectionError: The address can't be used.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, unquote(parts.hostname or ""), parts.port
        if scheme == _UNIX:
            # The path keeps its case, which a host name loses.
            origin = Origin(unquote(parts.netloc), 0, is_secure=False)
            name = "localhost"
        else:
            proxy = proxy_for(scheme, host, port)
            name = _ascii(host)
            origin = Origin(
                name,
                port or _PORTS[scheme],
                is_secure=scheme == "https",
                proxy=_proxy(proxy) if proxy else None,
            )
    except (ValueError, KeyError):
        raise _unusable() from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    # The zone of an address is of this machine alone.
    name = name.partition("%")[0]
    place = f"[{name}]" if ":" in name else name
    place = f"{place}:{port}" if port not in (None, _PORTS.get(scheme)) else place
    login = ""
    if origin.proxy is not None and not origin.is_secure:
        target = f"http://{place}{target}"
        login = origin.proxy.login and f"proxy-authorization: {origin.proxy.login}\r\n"
    lines = (
        f"{method} {target} HTTP/1.1\r\nhost: {place}\r\naccept: */*\r\n"
        f"accept-encoding: {ENCODINGS}\r\nuser-agent: {USER_AGENT}\r\n{login}"
    )
    if not lines.isascii() or lines.count("\n") != 5 + bool(login) or " " in target:
        raise _unusable()
    return Destination(origin, lines, method != "HEAD", method in _SAFE)


def request_head(there: Destination, headers: Mapping[str, str], length: int) -> bytes:
    """Build the head of a request.

    Args:
        there: Where it goes.
        headers: Its own headers.
        length: The number of bytes of its body.

    Raises:
        ProviderConnectionError: A header holds a line break.
    """
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    if length or not there.may_repeat:
        lines.append(f"content-length: {length}\r\n")
    text = "".join(lines)
    # A value with a line break would add a header of its own.
    if text.count("\n") != len(lines) or text.count("\r") != len(lines) or "\0" in text:
        raise unusable_header(next(n for n, v in headers.items() if not f"{n}{v}".isprintable()))
    return f"{there.lines}{text}\r\n".encode()


def tunnel_request(origin: Origin) -> bytes:
    """Build the request for a tunnel through the proxy of a server.

    https://www.rfc-editor.org/rfc/rfc9110#name-connect
    """
    place = origin.authority
    login = origin.proxy.login if origin.proxy is not None else ""
    more = f"proxy-authorization: {login}\r\n" if login else ""
    return (
        f"CONNECT {place} HTTP/1.1\r\nhost: {place}\r\nuser-agent: {USER_AGENT}\r\n{more}\r\n"
    ).encode()


def _ascii(host: str) -> str:
    """Return a host's name as DNS has it.

    Raises:
        ValueError: It can't be one.
    """
    return host if host.isascii() else host.encode("idna").decode()


def _proxy(url: str) -> ProxyAddress:
    parts = urlsplit(url)
    login = ""
    if parts.username is not None:
        words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        login = f"Basic {base64.b64encode(words.encode()).decode()}"
    port = parts.port or _PORTS[parts.scheme]
    return ProxyAddress(_ascii(unquote(parts.hostname or "")), port, parts.scheme == "https", login)


def _unusable() -> LLMRingError:
    error = ProviderConnectionError("the provider's base URL can't be used; check its variable")
    error.reached = False
    return error
