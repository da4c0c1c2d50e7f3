"""Proxies: what they are asked, and what they may answer instead of the server."""

import pytest

from transport.contract.judgement import Contract
from transport.contract.outcomes import CUT, LATE, REFUSED
from transport.contract.raw_server import (
    Connection,
    RawServer,
    Script,
    always,
    answering,
    chunked,
    head,
    split,
    whole,
)
from transport.contract.remote_asks import (
    REMOTE,
    UNKNOWN_AUTHORITY,
    Asked,
    RemoteCase,
    asked,
    secured,
    server_tls,
)

BEHIND = server_tls(REMOTE)
OF_THE_PROXY = server_tls("127.0.0.1")
HELLO = always(lambda _: whole())

CONNECTED = b"HTTP/1.1 200 Connection established\r\n\r\n"


def tunnel(*answer: bytes, then: Script | None = None) -> Script:
    """Answer CONNECT, then be the server behind the proxy."""

    def script(connection: Connection) -> None:
        if connection.receive_head() is not None:
            connection.send(*answer)
            (then or secured(BEHIND, HELLO))(connection)

    return script


def only(*answer: bytes) -> Script:
    """Answer CONNECT, then close."""
    return tunnel(*answer, then=lambda connection: connection.close())


def stays(connection: Connection) -> None:
    connection.drain()


def without_tls(connection: Connection) -> None:
    connection.receive_some()
    connection.send(whole(status="400 Bad"))


def relayed(connection: Connection) -> None:
    """Answer CONNECT, and pass on bytes to a server with TLS."""
    if connection.receive_head() is not None:
        with RawServer(secured(BEHIND, HELLO)) as server:
            connection.send(CONNECTED)
            connection.relay(server.place)


def resetting(connection: Connection) -> None:
    connection.receive_head()
    connection.reset()


def dripping(connection: Connection) -> None:
    connection.receive_head()
    connection.send_slowly(b"HTTP/1.1 200 " + b"a" * 500, 0.02)


def plain(
    name: str,
    script: Script,
    expected: str | set[str],
    proxy: str = "http://{place}",
    methods: tuple[str, ...] = ("POST",),
) -> RemoteCase:
    return RemoteCase(name, script, f"http://{REMOTE}/v1?a=b", expected, proxy, methods)


def secure(
    name: str,
    script: Script,
    expected: str | set[str],
    proxy: str = "http://{place}",
    methods: tuple[str, ...] = ("POST",),
    seconds: float = 10,
) -> RemoteCase:
    return RemoteCase(
        name, script, f"https://{REMOTE}/v1?a=b", expected, proxy, methods, seconds=seconds
    )


LOGIN = "http://me:s3cret%40word@{place}"

CASES = (
    plain("http through a proxy", HELLO, "200 hello"),
    plain("http through a proxy with a login", HELLO, "200 hello", LOGIN),
    plain(
        "http through a proxy, three times",
        always(lambda request: whole(b"%d" % request.connection)),
        "200 0, 200 0, 200 0",
        methods=("POST",) * 3,
    ),
    plain("http through a proxy that answers 407", answering(whole(status="407 Who")), CUT),
    plain("http through a proxy that answers 502", answering(whole(status="502 Bad")), "502 hello"),
    plain("http through a proxy that closes", lambda connection: connection.receive(), CUT),
    plain("http through a proxy that answers no HTTP", answering(b"SSH-2.0\r\n\r\n"), REFUSED),
    plain("http through a proxy of SOCKS", HELLO, CUT, "socks5://{place}"),
    plain(
        "http through a proxy with TLS",
        secured(OF_THE_PROXY, HELLO),
        "200 hello",
        "https://{place}",
    ),
    secure("a tunnel", tunnel(CONNECTED), "200 hello"),
    secure("a tunnel through a proxy with a login", tunnel(CONNECTED), "200 hello", LOGIN),
    secure("a tunnel of HTTP/1.0", tunnel(CONNECTED.replace(b"1.1", b"1.0")), "200 hello"),
    secure("a tunnel without a reason", tunnel(b"HTTP/1.1 200\r\n\r\n"), "200 hello"),
    secure("a tunnel with headers", tunnel(head("via: a", "proxy-agent: b")), "200 hello"),
    secure("a tunnel with a length of 0", tunnel(head("content-length: 0")), "200 hello"),
    # No body follows a 2xx to CONNECT, whatever its headers are.
    secure("a tunnel with a length", tunnel(head("content-length: 9")), {"200 hello", CUT}),
    secure("a tunnel with chunks", tunnel(head("transfer-encoding: chunked")), {"200 hello", CUT}),
    secure("a tunnel that will be closed", tunnel(head("connection: close")), "200 hello"),
    secure("a tunnel byte by byte", tunnel(*split(CONNECTED, range(1, 41))), "200 hello"),
    secure(
        "a tunnel with an interim answer",
        tunnel(head(status="103 Hints") + CONNECTED),
        {"200 hello", CUT},
    ),
    secure(
        "a tunnel, three times",
        tunnel(
            CONNECTED,
            then=secured(BEHIND, always(lambda request: whole(b"%d" % request.connection))),
        ),
        "200 0, 200 0, 200 0",
        methods=("POST",) * 3,
    ),
    secure("a tunnel to a wrong name", tunnel(CONNECTED, then=secured(OF_THE_PROXY, HELLO)), CUT),
    secure("a tunnel with bytes before TLS", tunnel(CONNECTED + b"hello"), CUT),
    secure("a tunnel to a server without TLS", tunnel(CONNECTED, then=without_tls), CUT),
    secure("a tunnel that is closed at once", only(CONNECTED), CUT),
    secure("a tunnel that goes nowhere", tunnel(CONNECTED, then=stays), LATE, seconds=0.5),
    secure(
        "a tunnel whose server cuts its answer",
        tunnel(CONNECTED, then=secured(BEHIND, answering(whole()[:-1]))),
        CUT,
    ),
    secure("a proxy that answers 407", only(whole(b"who?", status="407 Who")), CUT),
    secure("a proxy that answers 502", only(whole(b"bad", status="502 Bad")), CUT),
    secure(
        "a proxy that answers 403 in chunks",
        only(chunked(b"no").replace(b"200 OK", b"403 No")),
        CUT,
    ),
    secure(
        "a proxy that answers 302", only(whole(b"", "location: http://a/", status="302 Go")), CUT
    ),
    secure("a proxy that answers 101", only(head(status="101 Switching")), {CUT, REFUSED}),
    secure(
        "a proxy that answers 407 and waits",
        tunnel(head("content-length: 99", status="407 Who"), then=stays),
        CUT,
    ),
    secure("a proxy that answers no HTTP", only(b"SSH-2.0\r\n\r\n"), {CUT, REFUSED}),
    secure("a proxy that answers a huge head", only(head("x-a: " + "b" * 2**20)), {CUT, REFUSED}),
    secure("a proxy that closes", lambda connection: connection.receive_head(), CUT),
    secure("a proxy that closes before the request", lambda connection: connection.close(), CUT),
    secure(
        "a proxy that resets",
        resetting,
        CUT,
    ),
    secure("a proxy that cuts its answer", only(CONNECTED[:20]), CUT),
    secure("a proxy that cuts its answer in its end", only(CONNECTED[:-1]), CUT),
    secure("a proxy that is silent", stays, LATE, seconds=0.5),
    secure("a proxy that answers byte by byte without end", dripping, LATE, seconds=0.5),
    secure(
        "a tunnel through a proxy with TLS",
        secured(OF_THE_PROXY, relayed),
        "200 hello",
        "https://{place}",
    ),
    secure(
        "a tunnel through a proxy of an unknown authority",
        secured(server_tls("127.0.0.1", authority=UNKNOWN_AUTHORITY), tunnel(CONNECTED)),
        CUT,
        "https://{place}",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_proxy_brings_the_answer_or_an_error_of_the_connection(
    contract: Contract, case: RemoteCase
) -> None:
    contract.judge(asked(contract.contender, CASES)[case.name].outcome, case.expected)


def proxied(contract: Contract, name: str) -> Asked:
    return asked(contract.contender, CASES)[name]


def test_a_proxy_is_asked_for_the_whole_address(contract: Contract) -> None:
    [request] = proxied(contract, "http through a proxy").server.requests

    assert request.line == f"POST http://{REMOTE}/v1?a=b HTTP/1.1"
    assert request.values("host") == [REMOTE]
    assert request.values("authorization") == ["Bearer sk-1"]
    assert request.values("proxy-authorization") == []


def test_a_proxy_is_asked_for_a_tunnel_without_the_headers_of_the_request(
    contract: Contract,
) -> None:
    connect, request = proxied(contract, "a tunnel").server.heads

    assert connect.line == f"CONNECT {REMOTE}:443 HTTP/1.1"
    assert connect.values("host") in ([REMOTE], [f"{REMOTE}:443"])
    assert connect.values("authorization") == []
    assert request.line == "POST /v1?a=b HTTP/1.1"
    assert request.values("host") == [REMOTE]


def test_a_login_is_sent_to_the_proxy_only(contract: Contract) -> None:
    basic = ["Basic bWU6czNjcmV0QHdvcmQ="]
    [asked_plainly] = proxied(contract, "http through a proxy with a login").server.heads
    connect, request = proxied(contract, "a tunnel through a proxy with a login").server.heads

    assert asked_plainly.values("proxy-authorization") == basic
    assert connect.values("proxy-authorization") == basic
    assert request.values("proxy-authorization") == []


def test_one_tunnel_serves_three_requests(contract: Contract) -> None:
    heads = proxied(contract, "a tunnel, three times").server.heads

    assert [head.method for head in heads] == ["CONNECT", "POST", "POST", "POST"]


def test_nothing_is_sent_through_a_proxy_that_refused(contract: Contract) -> None:
    refused = [each.name for each in CASES if each.name.startswith("a proxy that answers")]

    assert len(refused) >= 8
    for name in refused:
        heads = proxied(contract, name).server.heads
        assert [head.method for head in heads] == ["CONNECT"], name
