"""Requests as the server receives them, and answers that come before a request is sent."""

import asyncio
import gc
import hashlib
import warnings

import pytest

from llmring.exceptions import ProviderConnectionError
from llmring.wire import HttpRequest
from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen, may_leave_sockets, ours_only
from transport.contract.outcomes import CUT, LATE, outcome_of, request_to
from transport.contract.raw_server import Connection, Received, always, head, whole

LARGE = b"0123456789abcdef" * 2**19  # 8 MiB: more than the kernel takes at once

TOO_LARGE = whole(b"too large", status="413 Too Large")


def digest(request: Received) -> bytes:
    return whole(hashlib.sha256(request.body).hexdigest()[:16].encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"a", bytes(range(256)), b"b" * 70_000, b"c" * (2**20 + 1), LARGE],
    ids=["nothing", "a byte", "all bytes", "70 kB", "over 1 MiB", "8 MiB"],
)
def test_a_body_arrives_as_it_is(contract: Contract, listen: Listen, body: bytes) -> None:
    server = listen(always(digest))

    async def ask(client: ContractClient) -> list[str]:
        return [await outcome_of(client, request_to(server.url, body=body)) for _ in range(2)]

    assert contract.run(ask) == [f"200 {hashlib.sha256(body).hexdigest()[:16]}"] * 2
    assert server.connections == 1
    lengths = {each for request in server.requests for each in request.values("content-length")}
    # Only an empty body needs no length.
    assert lengths == {str(len(body))} or (not body and not lengths)


def test_a_large_body_arrives_at_a_server_that_reads_slowly(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        connection.receive_head()
        connection.pause(0.3)
        received = 0
        while received < len(LARGE):
            received += len(connection.receive_some())
        connection.send(whole(b"%d" % received))

    server = listen(script)
    found = contract.run(lambda client: outcome_of(client, request_to(server.url, body=LARGE)))

    assert found == f"200 {len(LARGE)}"


def refusing(connection: Connection) -> None:
    """Answer without reading the body."""
    connection.receive_head()
    connection.send(TOO_LARGE)


def then_another(connection: Connection) -> None:
    always(lambda request: whole(b"%d bytes" % len(request.body)))(connection)


async def twice(client: ContractClient, url: str) -> tuple[str, str]:
    found = await outcome_of(client, request_to(url, body=LARGE))
    return found, await outcome_of(client, request_to(url))


@may_leave_sockets
def test_an_answer_to_a_body_that_the_server_does_not_read_is_given(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        refusing(connection)
        connection.pause(20)

    server = listen(script, then_another)
    found, after = contract.run(lambda client: twice(client, server.url))

    contract.judge(found, "413 too large")
    assert after == "200 2 bytes"


@may_leave_sockets
def test_an_answer_to_a_body_that_the_server_reads_later_is_given(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        refusing(connection)
        connection.half_close()
        connection.drain()

    server = listen(script, then_another)
    found, after = contract.run(lambda client: twice(client, server.url))

    contract.judge(found, "413 too large")
    assert after == "200 2 bytes"


@may_leave_sockets
def test_an_answer_of_a_server_that_closes_on_a_body_is_given_or_the_cut_is_shown(
    contract: Contract, listen: Listen
) -> None:
    """Send bytes that the server does not read, so that its kernel resets the connection."""
    server = listen(refusing, then_another)
    found, after = contract.run(lambda client: twice(client, server.url))

    assert found in {"413 too large", CUT}
    assert after == "200 2 bytes"


@may_leave_sockets
def test_an_early_answer_whose_body_is_long_is_read_to_its_end(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        connection.receive_head()
        connection.send(head("content-length: 300000", status="400 Bad"), b"a" * 300_000)
        connection.drain()

    server = listen(script)
    found = contract.run(lambda client: outcome_of(client, request_to(server.url, body=LARGE)))

    contract.judge(found, "400 300000 bytes")


@may_leave_sockets
def test_a_server_that_closes_while_it_receives_is_an_error(
    contract: Contract, listen: Listen
) -> None:
    server = listen(lambda connection: connection.receive_head())

    found = contract.run(lambda client: outcome_of(client, request_to(server.url, body=LARGE)))

    assert found == CUT


def test_a_request_has_one_host_and_the_length_of_its_body(
    contract: Contract, listen: Listen
) -> None:
    server = listen(always(lambda _: whole()))
    headers = {"Authorization": "Bearer sk-1", "content-type": "application/json"}
    request = HttpRequest("POST", f"{server.url}v1/chat?a=b%20c&d", headers, b"hello")

    contract.run(lambda client: outcome_of(client, request))

    [received] = server.requests
    assert received.line == "POST /v1/chat?a=b%20c&d HTTP/1.1"
    assert received.values("host") == [server.url.removeprefix("http://").rstrip("/")]
    assert received.values("content-length") == ["5"]
    assert received.values("transfer-encoding") == []
    assert received.values("authorization") == ["Bearer sk-1"]
    assert received.values("content-type") == ["application/json"]
    assert received.values("user-agent") == ["llmring"]
    assert received.values("accept-encoding") == ["gzip, deflate"]
    assert received.values("cookie") == []


def test_a_header_of_the_request_takes_the_place_of_the_client_s_own(
    contract: Contract, listen: Listen
) -> None:
    server = listen(always(lambda _: whole()))
    headers = {"user-agent": "mine", "accept-encoding": "identity", "host": "api.example"}

    contract.run(lambda client: outcome_of(client, request_to(server.url, headers=headers)))

    [received] = server.requests
    assert received.values("user-agent") == ["mine"]
    assert received.values("accept-encoding") == ["identity"]
    assert received.values("host") == ["api.example"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_a_request_has_the_method_that_it_names(
    contract: Contract, listen: Listen, method: str
) -> None:
    server = listen(always(lambda _: head("content-length: 0")))

    found = contract.run(lambda client: outcome_of(client, request_to(server.url, method)))

    assert found == "200"
    assert [request.method for request in server.requests] == [method]


@pytest.mark.parametrize("sign", ["\r\nx-evil: 1", "\n", "\r", "\0"])
def test_a_header_with_a_line_break_is_not_sent(
    contract: Contract, listen: Listen, sign: str
) -> None:
    server = listen(always(lambda _: whole()))
    request = request_to(server.url, headers={"x-a": f"b{sign}"})

    async def ask(client: ContractClient) -> str:
        async with asyncio.timeout(10):
            return await outcome_of(client, request)

    found = contract.run(ask)

    assert found != "200 hello"
    assert [each for each in server.heads if each.values("x-evil")] == []
    assert server.requests == []


@ours_only
def test_what_the_client_says_of_a_request_names_no_key(contract: Contract, listen: Listen) -> None:
    server = listen(lambda connection: connection.receive())
    request = request_to(f"{server.url}?key=sk-secret", headers={"x-key": "sk-secret"})

    async def ask(client: ContractClient) -> str:
        with pytest.raises(ProviderConnectionError) as caught:
            await client.open(request, 10)
        return f"{caught.value!r} {caught.value}"

    assert "sk-secret" not in contract.run(ask)


@ours_only
def test_an_upload_that_was_given_up_leaves_no_socket_open(
    contract: Contract, listen: Listen
) -> None:
    server = listen(lambda connection: connection.pause(20))
    request = request_to(server.url, body=LARGE)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = contract.run(lambda client: outcome_of(client, request, seconds=0.2))
        gc.collect()

    contract.judge(f"{found}, {len(caught)} warnings", f"{LATE}, 0 warnings")
