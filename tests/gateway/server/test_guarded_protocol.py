"""The HTTP server on the raw socket: requests that are not quite HTTP, or not quite sent."""

import json
import socket
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmring.gateway.http import GatewayAnswer
from served_gateway import ServedGateway, echo, eventually, parsed, read_all, read_until, request

HEAD = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedGateway]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        with ServedGateway({"endpoints.chat:answer_chat": echo}, head_timeout=0.5) as served:
            yield served


SMUGGLED = b"0\r\n\r\nPOST /v1/messages HTTP/1.1\r\nhost: localhost\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n" + SMUGGLED,
        HEAD + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n" + SMUGGLED,
        HEAD + b"content-length: 2\r\ncontent-length: 5\r\n\r\n{}xxx",
        HEAD + b"content-length: 2, 2\r\n\r\n{}",
        HEAD + b"content-length: +2\r\n\r\n{}",
        HEAD + b"content-length: -2\r\n\r\n{}",
        HEAD + b"content-length: 0x2\r\n\r\n{}",
        HEAD + b"content-length: 99999999999999999999999\r\n\r\n{}",
        HEAD + b"content-length : 2\r\n\r\n{}",
        HEAD + b"transfer-encoding: chunked, identity\r\n\r\n" + SMUGGLED,
        HEAD + b"transfer-encoding: xchunked\r\n\r\n" + SMUGGLED,
        HEAD + b"transfer-encoding : chunked\r\n\r\n" + SMUGGLED,
        HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}xx0\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        HEAD + b"x: a\x00b\r\n\r\n",
        HEAD + b"x y: a\r\n\r\n",
        HEAD + b": a\r\n\r\n",
        HEAD.replace(b"HTTP/1.1", b"HTTP/9.9") + b"\r\n",
        b"GET / \r\nhost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
def test_g158_a_request_of_doubtful_length_or_form_is_a_400_and_the_end(
    sent: bytes, gateway: ServedGateway
) -> None:
    raw = gateway.raw(sent)

    assert raw.startswith(b"HTTP/1.1 400 ")
    assert raw.count(b"HTTP/1.1 ") == 1


def test_g158_a_folded_header_is_no_second_header(gateway: ServedGateway) -> None:
    raw = gateway.raw(HEAD + b"x-a: b\r\n content-length: 5\r\nconnection: close\r\n\r\n")

    if raw.startswith(b"HTTP/1.1 200 "):
        assert "content-length" not in parsed(raw).json["headers"]
    else:
        assert raw.startswith(b"HTTP/1.1 400 ")


def test_g158_trailers_are_no_headers(gateway: ServedGateway) -> None:
    body = b"2\r\n{}\r\n0\r\nx-llmring-profile: prod\r\nhost: evil.example\r\n\r\n"
    sent = HEAD + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n" + body

    reply = parsed(gateway.raw(sent))

    assert (reply.status, reply.json["size"]) == (200, 2)
    assert "x-llmring-profile" not in reply.json["headers"]


def test_g158_requests_that_follow_at_once_are_answered_in_order(gateway: ServedGateway) -> None:
    sent = b"".join(
        request(body=b"{}", x_request_id=str(number), connection=connection)
        for number, connection in enumerate(["keep-alive", "keep-alive", "close"])
    )

    raw = gateway.raw(sent)

    assert [line for line in raw.split(b"\r\n") if line.startswith(b"x-request-id")] == [
        b"x-request-id: 0",
        b"x-request-id: 1",
        b"x-request-id: 2",
    ]


def test_g158_garbage_after_a_request_does_not_get_into_its_answer() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        import asyncio

        for _ in range(20):
            yield b"data: x\n\n"
            await asyncio.sleep(0.02)

    async def handler(**_: Any) -> GatewayAnswer:
        return GatewayAnswer(body=pieces())

    with (
        ServedGateway({"endpoints.chat:answer_chat": handler}) as served,
        served.connect() as opened,
    ):
        opened.sendall(request(body=b"{}"))
        read_until(opened, b"data: x")
        opened.sendall(b"\x00garbage\r\n\r\n")
        rest = read_all(opened)

    assert b"HTTP/1.1" not in rest
    assert not rest.endswith(b"0\r\n\r\n")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.tuples(st.integers(0, len(HEAD) + 20), st.binary(max_size=8)).map(
            lambda cut: (
                (whole := HEAD + b"content-length: 2\r\n\r\n{}")[: cut[0]]
                + cut[1]
                + whole[cut[0] :]
            )
        ),
    )
)
def test_g158_any_bytes_get_an_answer_or_the_end(data: bytes, gateway: ServedGateway) -> None:
    with gateway.connect() as opened:
        opened.sendall(data)
        opened.shutdown(socket.SHUT_WR)
        raw = read_all(opened)

    assert not raw or raw.startswith(b"HTTP/1.1 ")
    assert not raw.startswith(b"HTTP/1.1 500")


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"POST", HEAD, HEAD[:-1], b"GET /" + b"a" * 100])
def test_g159_a_head_that_is_not_complete_in_time_ends_the_connection(
    sent: bytes, gateway: ServedGateway
) -> None:
    begun = time.monotonic()
    raw = gateway.raw(sent)

    assert 0.4 < time.monotonic() - begun < 2
    assert raw == b"" if not sent else raw.startswith(b"HTTP/1.1 408 ")


def test_g159_a_head_that_drips_is_late_too(gateway: ServedGateway) -> None:
    begun = time.monotonic()
    with gateway.connect() as opened:
        try:
            for byte in HEAD:
                opened.sendall(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass

    assert time.monotonic() - begun < 2


def test_g159_the_second_head_of_a_connection_has_its_own_time(gateway: ServedGateway) -> None:
    with gateway.connect() as opened:
        opened.sendall(request(body=b"{}"))
        read_until(opened, b"chat")
        time.sleep(0.7)
        opened.sendall(b"POST")
        begun = time.monotonic()
        rest = read_all(opened)

    assert b"HTTP/1.1 408 " in rest
    assert 0.4 < time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 70_000,
        HEAD + b"x: " + b"a" * 70_000,
        HEAD + b"a" * 70_000,
        HEAD + b"x: y\r\n" * 12_000,
    ],
)
def test_g159_a_head_that_is_too_large_is_refused(sent: bytes, gateway: ServedGateway) -> None:
    with gateway.connect() as opened:
        opened.sendall(sent)
        raw = read_all(opened)

    assert not raw or raw.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))


def test_g159_a_head_within_the_bounds_is_read(gateway: ServedGateway) -> None:
    headers = {f"x-{number}": "a" * 400 for number in range(120)}

    assert gateway.ask(body=b"{}", **headers).status == 200


@pytest.mark.parametrize(
    "endless",
    [b"2;" + b"x" * 70_000, b"0\r\nx: " + b"a" * 70_000, b"0\r\n" + b"x: y\r\n" * 12_000],
)
def test_g159_what_comes_around_a_body_is_bounded(endless: bytes, gateway: ServedGateway) -> None:
    sent = HEAD + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"
    with gateway.connect() as opened:
        try:
            opened.sendall(sent + endless)
            for _ in range(10):
                opened.sendall(b"a" * 70_000)
        except OSError:
            pass
        raw = read_all(opened)

    assert not raw or raw.startswith(b"HTTP/1.1 400 ")


def test_g159_a_body_that_stops_is_a_408(
    gateway: ServedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("llmring.gateway.server.body.FREE_SECONDS", 0.2)

    reply = parsed(gateway.raw(HEAD + b'content-length: 1000\r\n\r\n{"model":'))

    assert (reply.status, reply.headers["connection"]) == (408, "close")


def test_g159_an_address_has_no_more_connections_than_allowed() -> None:
    with ServedGateway({"endpoints.chat:answer_chat": echo}, most_connections=3) as served:
        three = [served.connect() for _ in range(3)]
        assert eventually(lambda: len(served.connections) == 3)
        with served.connect() as fourth:
            assert read_all(fourth) == b""
        three.pop().close()
        assert eventually(lambda: len(served.connections) == 2)
        assert served.ask(body=b"{}").status == 200
        for opened in three:
            opened.close()


def test_g003_a_request_that_offers_http_2_keeps_its_body_in_any_pieces(
    gateway: ServedGateway,
) -> None:
    sent = request(body=b'{"model":"x"}', connection="Upgrade, HTTP2-Settings", upgrade="h2c")
    chunked = (
        HEAD
        + b"connection: upgrade\r\nupgrade: h2c\r\ntransfer-encoding: chunked\r\n\r\n"
        + b'd\r\n{"model":"x"}\r\n0\r\n\r\n'
    )
    for whole in (sent, chunked):
        for size in (1, 7, 1000):
            with gateway.connect() as opened:
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                for start in range(0, len(whole), size):
                    opened.sendall(whole[start : start + size])
                first = read_until(opened, b'"arguments"')
                read_until(opened, b"}}") if not first.endswith(b"}}") else None
                opened.sendall(request(body=b"[]", connection="close"))
                second = read_all(opened)

            assert json.loads(parsed(first.split(b"}}")[0] + b"}}").json["body"]) == {"model": "x"}
            assert parsed(second).json["body"] == "[]"


def test_g086_what_is_left_of_a_complete_answer_is_dropped_if_it_is_not_read() -> None:
    async def handler(**_: Any) -> GatewayAnswer:
        return GatewayAnswer(body=b"x" * 1_500_000)

    with (
        ServedGateway({"endpoints.chat:answer_chat": handler}, write_stall=0.3) as served,
        served.connect(receive_buffer=65536) as opened,
    ):
        opened.sendall(request(body=b"{}", connection="close"))

        assert eventually(lambda: len(served.connections) == 1)
        assert eventually(lambda: len(served.connections) == 0, 3)
