"""Destinations of requests, worked out once for each URL, and the heads of requests as bytes.

https://www.rfc-editor.org/rfc/rfc9112#name-request-target
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, unquote, urlsplit

from msgspec import Struct

from llmring.address import UNIX_SCHEME
from llmring.transport.unpack import ENCODINGS

USER_AGENT = "llmring"

_PORTS = {"http": 80, "https": 443}


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
        line: The request line.
        headers: The headers of each request that does not have its own ones.
        lines: The request line and these headers.
        method: The method.
        may_repeat: True if sending the request twice does no harm.
    """

    origin: Origin
    line: str
    headers: Mapping[str, str]
    lines: str
    method: str
    may_repeat: bool

    def __repr__(self) -> str:
        # The lines may hold a login.
        return f"<Destination {self.origin.authority}>"


_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def destination(
    method: str, url: str, proxy_for: Callable[[str, str, int | None], str | None]
) -> Destination | None:
    """Return where a request goes; None if the address can't be used.

    Args:
        method: The method.
        url: The address; `http+unix://%2Frun%2Fx.sock/path` for a Unix socket. A user name and a
            password in it are sent as the authorization.
        proxy_for: Returns the URL of the proxy for a scheme, a host and a port, if there is one.

    Raises:
        ConfigurationError: The proxy can't be used.
    """
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, unquote(parts.hostname or ""), parts.port
        if scheme == UNIX_SCHEME:
            # The path keeps its case, which a host name loses.
            origin, name = Origin(unquote(parts.netloc), 0, is_secure=False), "localhost"
        else:
            name = _ascii(host)
            through = proxy_for(scheme, host, port)
            proxy = _proxy(through) if through else None
            origin = Origin(name, port or _PORTS[scheme], scheme == "https", proxy)
    except (ValueError, KeyError):
        return None
    # The zone of an address is of this machine alone.
    name = name.partition("%")[0]
    place = f"[{name}]" if ":" in name else name
    if port not in (None, _PORTS.get(scheme)):
        place = f"{place}:{port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    more = {}
    if parts.username is not None and scheme != UNIX_SCHEME:
        more["authorization"] = _basic(parts)
    if origin.proxy is not None and not origin.is_secure:
        target = f"http://{place}{target}"
        if origin.proxy.login:
            more["proxy-authorization"] = origin.proxy.login
    headers = {
        "host": place,
        "accept": "*/*",
        "accept-encoding": ENCODINGS,
        "user-agent": USER_AGENT,
        **more,
    }
    lines = _lines(headers)
    if not lines or not target.isascii() or not target.isprintable() or " " in target:
        return None
    line = f"{method} {target} HTTP/1.1\r\n"
    return Destination(origin, line, headers, f"{line}{lines}", method, method in _SAFE)


class RequestHead(Struct, frozen=True):
    """The head of a request as bytes; its repr shows none of them, which hold the key.

    Attributes:
        data: The bytes; empty if a header can't be sent.
    """

    data: bytes

    def __repr__(self) -> str:
        return f"<RequestHead {len(self.data)} bytes>"


def request_head(there: Destination, headers: Mapping[str, str], length: int) -> RequestHead:
    """Build the head of a request.

    Args:
        there: Where it goes.
        headers: Its own headers, by their names in lower case.
        length: The number of bytes of its body.
    """
    lines = _lines(headers)
    if lines is None:
        return RequestHead(b"")
    if length or not there.may_repeat:
        lines = f"{lines}content-length: {length}\r\n"
    if there.headers.keys().isdisjoint(headers):
        return RequestHead(f"{there.lines}{lines}\r\n".encode())
    others = {name: value for name, value in there.headers.items() if name not in headers}
    return RequestHead(f"{there.line}{_lines(others)}{lines}\r\n".encode())


def _lines(headers: Mapping[str, str]) -> str | None:
    """Return headers as lines; None if one holds a line break, and would add a header."""
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    text = "".join(lines)
    if text.count("\n") != len(lines) or text.count("\r") != len(lines) or "\0" in text:
        return None
    return text


def tunnel_request(origin: Origin) -> RequestHead:
    """Build the request for a tunnel through the proxy of a server.

    https://www.rfc-editor.org/rfc/rfc9110#name-connect
    """
    headers = {"host": origin.authority, "user-agent": USER_AGENT}
    if origin.proxy is not None and origin.proxy.login:
        headers["proxy-authorization"] = origin.proxy.login
    return RequestHead(f"CONNECT {origin.authority} HTTP/1.1\r\n{_lines(headers)}\r\n".encode())


def _ascii(host: str) -> str:
    """Return a host's name as DNS has it.

    Raises:
        ValueError: It can't be one.
    """
    return host if host.isascii() else host.encode("idna").decode()


def _proxy(url: str) -> ProxyAddress:
    parts = urlsplit(url)
    host = _ascii(unquote(parts.hostname or ""))
    login = "" if parts.username is None else _basic(parts)
    return ProxyAddress(host, parts.port or _PORTS[parts.scheme], parts.scheme == "https", login)


def _basic(parts: SplitResult) -> str:
    """Return the authorization by the user name and the password of a URL."""
    words = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(words.encode()).decode()}"
