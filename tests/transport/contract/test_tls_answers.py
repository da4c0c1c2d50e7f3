"""TLS: who is trusted, and connections that end without the alert of their end."""

import pytest

from transport.contract.judgement import Contract
from transport.contract.outcomes import CUT, LATE, REFUSED
from transport.contract.raw_server import (
    Connection,
    Script,
    always,
    answering,
    chunked,
    head,
    whole,
)
from transport.contract.remote_asks import (
    FAR_OFF,
    LONG_AGO,
    UNKNOWN_AUTHORITY,
    RemoteCase,
    asked,
    secured,
    server_tls,
)

HERE = server_tls("127.0.0.1", "localhost")
HELLO = always(lambda _: whole())


def closing_with_an_alert(connection: Connection) -> None:
    connection.receive()
    connection.send(head() + b"hello")
    connection.end_tls()


def plain(connection: Connection) -> None:
    connection.receive_some()
    connection.send(whole(status="400 Bad"))


def silent(connection: Connection) -> None:
    connection.drain()


def case(
    name: str,
    script: Script,
    expected: str | set[str],
    host: str = "127.0.0.1",
    seconds: float = 10,
) -> RemoteCase:
    return RemoteCase(name, script, f"https://{host}:{{port}}/", expected, seconds=seconds)


CASES = (
    case("a trusted authority", secured(HERE, HELLO), "200 hello"),
    case("a trusted authority and a name", secured(HERE, HELLO), "200 hello", "localhost"),
    case(
        "an unknown authority",
        secured(server_tls("127.0.0.1", authority=UNKNOWN_AUTHORITY), HELLO),
        CUT,
    ),
    case("a certificate for another name", secured(server_tls("api.example"), HELLO), CUT),
    case(
        "a certificate for a name and not the address", secured(server_tls("localhost"), HELLO), CUT
    ),
    case(
        "an expired certificate", secured(server_tls("127.0.0.1", not_after=LONG_AGO), HELLO), CUT
    ),
    case(
        "a certificate of the future",
        secured(server_tls("127.0.0.1", not_before=FAR_OFF), HELLO),
        CUT,
    ),
    case("a server without TLS", plain, CUT),
    case("a server that closes instead of greeting", lambda connection: connection.close(), CUT),
    case("a server that resets instead of greeting", lambda connection: connection.reset(), CUT),
    case("a server that does not greet", silent, LATE, seconds=0.5),
    case(
        "a server that asks for a certificate of the client",
        secured(server_tls("127.0.0.1", asks_for_certificates=True), HELLO),
        CUT,
    ),
    case("a length and TLS cut after it", secured(HERE, answering(whole())), "200 hello"),
    case(
        "a length and TLS cut within it",
        secured(HERE, answering(head("content-length: 9") + b"hello")),
        CUT,
    ),
    case("chunks and TLS cut within them", secured(HERE, answering(chunked(b"hello")[:-5])), CUT),
    case("a head and TLS cut within it", secured(HERE, answering(head()[:-2])), CUT),
    case("no length and the alert of TLS", secured(HERE, closing_with_an_alert), "200 hello"),
    # To a reader of the body, an attacker's cut looks like its end; servers often omit the alert.
    case(
        "no length and TLS cut",
        secured(HERE, answering(head() + b"hello")),
        {"200 hello", CUT},
    ),
    RemoteCase(
        "http to a server with TLS", secured(HERE, HELLO), "http://{place}/", {CUT, REFUSED}
    ),
    RemoteCase(
        "three requests within TLS",
        secured(HERE, always(lambda request: whole(b"%d" % request.connection))),
        "https://{place}/",
        "200 0, 200 0, 200 0",
        methods=("POST",) * 3,
    ),
    RemoteCase(
        "a large body within TLS",
        secured(HERE, always(lambda request: whole(b"%d" % len(request.body)))),
        "https://{place}/",
        "200 8388608",
        bytes=2**23,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_server_with_tls_is_trusted_or_refused(contract: Contract, case: RemoteCase) -> None:
    contract.judge(asked(contract.contender, CASES)[case.name].outcome, case.expected)


def test_no_request_is_sent_to_a_server_that_is_not_trusted(contract: Contract) -> None:
    found = asked(contract.contender, CASES)
    refused = [
        each.name for each in CASES if "certificate" in each.name or "authority" in each.name
    ]
    trusted = {"a trusted authority", "a trusted authority and a name"}
    sent = {name for name in refused if found[name].server.heads}

    # In TLS 1.3 the client sends before it knows that its own certificate was missed.
    assert sent - {"a server that asks for a certificate of the client"} == trusted
