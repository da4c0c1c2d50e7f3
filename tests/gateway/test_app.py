"""Calls of clients over real HTTP: what arrives, what is refused, and how each call ends."""

import asyncio
import gzip
import json
import re
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from llmring.gateway.http import GatewayAnswer, GatewayRequest
from llmring.gateway.refusals import UnknownModelError
from llmring.gateway.routes import Handler
from llmring.gateway.server.drain import Drain
from llmring.gateway.server_state import Gateway
from llmring.lockfile.gateway_table import GatewayTable
from served_gateway import (
    CHAT,
    ServedGateway,
    echo,
    eventually,
    parsed,
    read_all,
    read_until,
    request,
)

SSE = {"content-type": "text/event-stream"}
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Streams:
    """A handler whose streams a test steers.

    Attributes:
        ended: The ways in which the streams have ended, in order.
        taken: The pieces that were asked for.
    """

    def __init__(self, *pieces: bytes, then: Exception | None = None, waits: bool = False) -> None:
        self._pieces, self._then, self._waits = pieces, then, waits
        self.ended: list[str] = []
        self.ended_at = 0.0
        self.taken = 0
        self.media_type = "text/event-stream"

    async def answer(self, **_: Any) -> GatewayAnswer:
        return GatewayAnswer(headers={"content-type": self.media_type}, body=self._stream())

    async def _stream(self) -> AsyncIterator[bytes]:
        try:
            for piece in self._pieces:
                self.taken += 1
                yield piece
            if self._then is not None:
                raise self._then  # noqa: TRY301 -- the end of a stream is recorded
            if self._waits:
                await asyncio.sleep(60)
            self.ended.append("whole")
        except BaseException as error:
            self.ended.append(type(error).__name__)
            raise
        finally:
            self.ended_at = time.monotonic()


def serving(streams: Streams, **options: Any) -> ServedGateway:
    return ServedGateway({"endpoints.chat:answer_chat": streams.answer}, **options)


@pytest.fixture
def echoing(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedGateway]:
    monkeypatch.setattr("llmring.gateway.server.body.DRAIN_SECONDS", 0.3)
    table = GatewayTable(body_limit=100_000, cors=("https://chat.example.com",))
    with ServedGateway({"endpoints.chat:answer_chat": echo}, table=table) as gateway:
        yield gateway


def test_g001_a_request_arrives_whole(echoing: ServedGateway) -> None:
    reply = echoing.ask(
        "POST", f"/profiles/web{CHAT}?a=1&b=&a=2", {"model": "x"}, x_llmring_tags="t"
    )

    assert reply.status == 200
    assert reply.json["path"] == CHAT
    assert reply.json["profile"] == "web"
    assert reply.json["query"] == {"a": "2", "b": ""}
    assert reply.json["headers"]["x-llmring-tags"] == "t"
    assert json.loads(reply.json["body"]) == {"model": "x"}
    assert reply.json["client"] == "127.0.0.1"
    assert reply.json["arguments"] == {"wire": "chat"}


def test_g005_the_prefix_of_anthropic_counts_as_the_header_of_its_api() -> None:
    with ServedGateway({"endpoints.models:list_models": echo}) as gateway:
        reply = gateway.ask("GET", "/anthropic/v1/models")

    assert "anthropic-version" in reply.json["headers"]
    assert reply.headers["request-id"] == reply.headers["x-request-id"]


def test_g001_headers_that_occur_twice_are_joined(echoing: ServedGateway) -> None:
    head = request("POST", CHAT, b"{}", connection="close").replace(
        b"\r\n\r\n", b"\r\nanthropic-beta: a\r\nanthropic-beta: b\r\n\r\n", 1
    )

    assert parsed(echoing.raw(head)).json["headers"]["anthropic-beta"] == "a, b"


@pytest.mark.parametrize("asked", ["abc-1.2_3", "x" * 64])
def test_g104_the_client_s_own_request_id_is_kept(asked: str, echoing: ServedGateway) -> None:
    reply = echoing.ask(body=b"{}", x_request_id=asked)

    assert reply.headers["x-request-id"] == asked
    assert reply.json["headers"]["x-request-id"] == asked


@pytest.mark.parametrize("asked", ["x" * 65, "a b", "a/b", "é", ""])
def test_g104_another_request_id_is_replaced_by_a_uuid_of_version_7(
    asked: str, echoing: ServedGateway
) -> None:
    replies = [echoing.ask(body=b"{}", x_request_id=asked) for _ in range(2)]
    ids = [reply.headers["x-request-id"] for reply in replies]

    assert all(UUID7.fullmatch(each) for each in ids)
    assert ids[0] != ids[1]
    assert replies[0].json["headers"]["x-request-id"] == ids[0]


def test_g003_a_websocket_is_refused_at_once_and_the_next_connection_is_served(
    echoing: ServedGateway,
) -> None:
    asked = time.monotonic()
    reply = echoing.ask(
        "GET",
        "/v1/responses",
        connection="Upgrade",
        upgrade="websocket",
        sec_websocket_version="13",
        sec_websocket_key="dGhlIHNhbXBsZSBub25jZQ==",
    )

    assert time.monotonic() - asked < 0.2
    assert reply.status == 426
    assert "upgrade" in reply.headers
    assert reply.json["error"]["type"] == "invalid_request_error"
    assert echoing.ask("POST", "/v1/responses", b"{}").status == 200


def test_g003_a_request_that_offers_http_2_is_answered_by_http_1(echoing: ServedGateway) -> None:
    reply = echoing.ask(
        body=b'{"model":"x"}', connection="Upgrade, HTTP2-Settings, close", upgrade="h2c"
    )

    assert (reply.status, reply.json["size"]) == (200, 13)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/v1/messages/x", {"type", "error", "request_id"}),
        ("/v1/responses/x", {"error"}),
        ("/api/x", {"error"}),
        ("/v1beta/x", {"error"}),
    ],
)
def test_g020_an_unknown_path_is_a_404_in_the_form_of_its_api(
    path: str, form: set[str], echoing: ServedGateway
) -> None:
    reply = echoing.ask("POST", path, b"{}")

    assert reply.status == 404
    assert set(reply.json) == form


def test_g020_a_connection_goes_on_after_a_small_body_that_nobody_read(
    echoing: ServedGateway,
) -> None:
    with echoing.connect() as opened:
        opened.sendall(request("POST", "/nowhere", b"x" * 50_000, content_type="text/plain"))
        first = read_until(opened, b"/nowhere")
        opened.sendall(request(body=b"{}", connection="close"))
        second = read_all(opened)

    assert b" 404 " in first
    assert b"connection: close" not in first
    assert b" 200 " in second


def test_g020_after_a_large_body_that_nobody_read_the_answer_arrives_and_then_the_end(
    echoing: ServedGateway,
) -> None:
    with echoing.connect() as opened:
        opened.sendall(request("POST", "/nowhere", b"", content_length=str(10**9)))
        opened.sendall(b"x" * (2 * 2**20))
        reply = parsed(read_all(opened))

    assert reply.status == 404
    assert reply.headers["connection"] == "close"


def test_g020_a_wrong_method_names_the_right_one(echoing: ServedGateway) -> None:
    reply = echoing.ask("GET", "/v1/messages")

    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def test_g010_g018_what_is_refused_is_refused_in_the_form_of_its_api(
    echoing: ServedGateway,
) -> None:
    assert echoing.ask("POST", "/api/pull", b"{}").status == 403
    assert isinstance(echoing.ask("DELETE", "/api/delete", b"{}").json["error"], str)
    assert echoing.ask("POST", "/v1/messages/batches", b"{}").status == 501


def test_g020_a_function_that_is_missing_fails_its_own_path_only(
    echoing: ServedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    def missing(name: str) -> Any:
        raise ImportError(name)

    with ServedGateway(
        {"endpoints.chat:answer_chat": echo, "endpoints.models:list_models": missing}
    ) as gateway:
        assert gateway.ask("GET", "/v1/models").status == 500
        assert gateway.ask(body=b"{}").status == 200


def test_g103_an_error_of_a_function_is_answered_in_the_form_of_the_client() -> None:
    async def fail(**_: Any) -> GatewayAnswer:
        raise UnknownModelError("no alias 'x'", ["fast"])

    with ServedGateway({"endpoints.chat:answer_chat": fail}) as gateway:
        replies = {
            path: gateway.ask("POST", path, b"{}")
            for path in (CHAT, "/v1/messages", "/api/chat", "/v1beta/models/x:generateContent")
        }

    assert {reply.status for reply in replies.values()} == {404}
    assert replies[CHAT].json["error"]["code"] == "model_not_found"
    assert replies["/v1/messages"].json["error"]["type"] == "not_found_error"
    assert "fast" in replies["/api/chat"].json["error"]


def test_g103_a_fault_of_the_gateway_shows_no_traceback() -> None:
    async def fail(**_: Any) -> GatewayAnswer:
        raise ZeroDivisionError("a secret detail")

    with ServedGateway({"endpoints.chat:answer_chat": fail}) as gateway:
        reply = gateway.ask(body=b"{}")

    assert reply.status == 500
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body


def test_g094_a_body_that_is_too_large_is_a_413_that_the_client_can_read(
    echoing: ServedGateway,
) -> None:
    by_length = echoing.ask(body=b"x" * 100_001)
    by_bytes = parsed(
        echoing.raw(
            request(transfer_encoding="chunked", content_type="application/json")
            + b"%x\r\n%b\r\n" % (100_001, b"x" * 100_001)
        )
    )

    for reply in (by_length, by_bytes):
        assert reply.status == 413
        assert reply.headers["connection"] == "close"
        assert reply.json["error"]["message"]


def test_g094_a_client_that_asks_before_it_sends_is_refused_before_it_sends(
    echoing: ServedGateway,
) -> None:
    with echoing.connect() as opened:
        opened.sendall(request(content_length="100001", expect="100-continue"))
        refused = read_all(opened)
    with echoing.connect() as opened:
        opened.sendall(
            request(
                content_length="2",
                expect="100-continue",
                content_type="application/json",
                connection="close",
            )
        )
        asked = read_until(opened, b"\r\n\r\n")
        opened.sendall(b"{}")
        answered = parsed(read_all(opened))

    assert refused.startswith(b"HTTP/1.1 413 ")
    assert asked == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answered.status == 200


def test_g070_a_packed_body_arrives_unpacked_and_a_bomb_is_a_413(echoing: ServedGateway) -> None:
    reply = echoing.ask(body=gzip.compress(b'{"model": "x"}'), content_encoding="gzip")
    bomb = echoing.ask(body=gzip.compress(bytes(10**6)), content_encoding="gzip")
    unknown = echoing.ask(body=b"{}", content_encoding="br")

    assert json.loads(reply.json["body"]) == {"model": "x"}
    assert (bomb.status, unknown.status) == (413, 415)


def test_g070_a_damaged_packed_body_is_a_400_and_the_connection_goes_on(
    echoing: ServedGateway,
) -> None:
    with echoing.connect() as opened:
        opened.sendall(request(body=gzip.compress(b"{}")[:-3], content_encoding="gzip"))
        first = read_until(opened, b"}}")
        opened.sendall(request(body=b"{}", connection="close"))
        second = read_all(opened)

    assert first.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" not in first
    assert second.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("accepted", ["gzip", "deflate, gzip;q=0.5", "GZIP, br"])
def test_g070_a_large_whole_answer_is_packed_for_a_client_that_can_unpack_it(
    accepted: str,
) -> None:
    with answering(GatewayAnswer(body=b"a word " * 1000)) as gateway:
        reply = gateway.ask(body=b"{}", accept_encoding=accepted)

    assert reply.headers["content-encoding"] == "gzip"
    assert gzip.decompress(reply.body) == b"a word " * 1000
    assert "accept-encoding" in reply.headers["vary"]


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity, gzip; q=0.0", "notgzip"])
def test_g070_other_clients_get_a_large_answer_as_it_is(accepted: str) -> None:
    with answering(GatewayAnswer(body=b"a word " * 1000)) as gateway:
        reply = gateway.ask(body=b"{}", accept_encoding=accepted)

    assert "content-encoding" not in reply.headers
    assert reply.body == b"a word " * 1000


def test_g070_small_answers_and_streams_are_never_packed() -> None:
    streams = Streams(b"data: " + b"a" * 5000 + b"\n\n")
    with answering(GatewayAnswer(body=b"a" * 1024)) as gateway:
        assert gateway.ask(body=b"{}", accept_encoding="gzip").body == b"a" * 1024
    with serving(streams) as gateway:
        reply = gateway.ask(body=b"{}", accept_encoding="gzip")

    assert "content-encoding" not in reply.headers
    assert len(reply.body) == 5008


def test_g125_the_aliases_that_are_called_are_reported() -> None:
    called: list[tuple[str, str]] = []
    headers = {"x-llmring-alias": "fast", "x-llmring-profile": "prod"}

    async def handler(**_: Any) -> GatewayAnswer:
        return GatewayAnswer(headers=headers)

    with ServedGateway(
        {"endpoints.chat:answer_chat": handler}, on_call=lambda *each: called.append(each)
    ) as gateway:
        gateway.ask(body=b"{}")
        gateway.ask("GET", "/healthz")

    assert called == [("prod", "fast")]


def answering(answer: GatewayAnswer) -> ServedGateway:
    async def handler(**_: Any) -> GatewayAnswer:
        return answer

    return ServedGateway(
        {"endpoints.chat:answer_chat": handler, "endpoints.health:answer_root": handler}
    )


def test_g158_g166_no_header_that_is_sent_can_begin_another_one() -> None:
    headers = {
        "x-llmring-model": "openai:x\r\nset-cookie: a=b\r\n\r\n<html>",
        "x-llmring-notes": "é\u2028\x1b[31m" + "n" * 5000,
        "bad name": "x",
        "x\r\ny": "x",
    }
    with answering(GatewayAnswer(headers=headers, body=b"ok")) as gateway:
        reply = gateway.ask(body=b"{}")

    assert reply.body == b"ok"
    assert set(reply.headers) & {"set-cookie", "bad name", "y"} == set()
    assert reply.headers["x-llmring-model"].startswith("openai:x??set-cookie")
    assert len(reply.headers["x-llmring-notes"]) == 2048
    assert reply.headers["x-llmring-notes"].isascii()


def test_g166_a_line_end_in_the_path_is_part_of_the_model_s_name_and_of_no_header() -> None:
    with ServedGateway() as gateway:
        reply = gateway.ask("POST", "/v1beta/models/a%0d%0aX-Evil:%20b:sing", b"{}")

    assert reply.status == 404
    assert "x-evil" not in reply.headers


def test_g015_a_head_request_is_answered_without_a_body() -> None:
    with answering(GatewayAnswer(body=b"a pointer")) as gateway:
        reply = gateway.ask("HEAD", "/")

    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == "9"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "evil.example"}, 403),
        ({"host": "a b"}, 400),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_g156_a_web_page_can_make_no_call(
    headers: Mapping[str, str], status: int, echoing: ServedGateway
) -> None:
    assert echoing.ask(body=b"{}", **headers).status == status


def test_g156_a_program_that_names_no_type_of_its_body_is_answered(echoing: ServedGateway) -> None:
    sent = request(path="/api/chat", body=b"{}", user_agent="litellm/1.81.10", connection="close")

    assert b" 200 " in echoing.raw(sent.replace(b"content-type: application/json\r\n", b""))


def test_g156_two_hosts_or_none_are_a_400(echoing: ServedGateway) -> None:
    two = request(body=b"{}").replace(b"\r\n\r\n", b"\r\nhost: localhost\r\n\r\n", 1)
    none = request(body=b"{}", connection="close").replace(b"host: localhost\r\n", b"", 1)

    assert b" 400 " in echoing.raw(two.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
    assert b" 400 " in echoing.raw(none)


def test_g156_a_listed_page_is_allowed_to_ask_and_to_read(echoing: ServedGateway) -> None:
    origin = "https://chat.example.com"
    asked = echoing.ask(
        "OPTIONS",
        "/v1/messages",
        origin=origin,
        access_control_request_method="POST",
        access_control_request_headers="x-api-key",
    )
    called = echoing.ask(body=b"{}", origin=origin)
    failed = echoing.ask("POST", "/v1/nothing", b"{}", origin=origin)
    other = echoing.ask(
        "OPTIONS", CHAT, origin="https://evil.example", access_control_request_method="POST"
    )

    assert (asked.status, asked.headers["access-control-allow-headers"]) == (204, "x-api-key")
    for reply in (asked, called, failed):
        assert reply.headers["access-control-allow-origin"] == origin
    assert "x-request-id" in called.headers["access-control-expose-headers"]
    assert other.status == 403
    assert "access-control-allow-origin" not in other.headers


def test_g087_each_piece_of_a_stream_is_sent_at_once() -> None:
    gates = [threading.Event() for _ in range(3)]

    async def pieces() -> AsyncIterator[bytes]:
        for number, gate in enumerate(gates):
            yield b"data: %d\n\n" % number
            await asyncio.to_thread(gate.wait, 10)

    async def handler(**_: Any) -> GatewayAnswer:
        return GatewayAnswer(headers=SSE, body=pieces())

    with (
        ServedGateway({"endpoints.chat:answer_chat": handler}) as gateway,
        gateway.connect() as opened,
    ):
        opened.sendall(request(body=b"{}", connection="close"))
        head = read_until(opened, b"data: 0\n\n\r\n")
        for number, gate in enumerate(gates[:-1]):
            gate.set()
            read_until(opened, b"data: %d\n\n\r\n" % (number + 1))
        gates[-1].set()
        rest = read_all(opened)

    assert b"cache-control: no-store\r\n" in head
    assert b"x-accel-buffering: no\r\n" in head
    assert b"transfer-encoding: chunked" in head
    assert rest == b"0\r\n\r\n"


def test_g087_a_stream_ends_whole_and_the_connection_goes_on() -> None:
    streams = Streams(b"data: 1\n\n", b"", b"data: 2\n\n")
    with serving(streams) as gateway, gateway.connect() as opened:
        for _ in range(3):
            opened.sendall(request(body=b"{}"))
            raw = read_until(opened, b"0\r\n\r\n")
            assert parsed(raw).body == b"data: 1\n\ndata: 2\n\n"

    assert streams.ended == ["whole"] * 3


@pytest.mark.parametrize("pieces", [(), (b"data: 1\n\n",), (b"data: " + b"x" * 200_000,)])
def test_g083_a_stream_that_fails_is_cut_so_that_it_does_not_look_whole(
    pieces: tuple[bytes, ...],
) -> None:
    streams = Streams(*pieces, then=RuntimeError("upstream has broken off"))
    with serving(streams) as gateway:
        raw = gateway.raw(request(body=b"{}"))

    assert raw.startswith(b"HTTP/1.1 200 ")
    assert b"0\r\n\r\n" not in raw[-5:]
    for piece in pieces:
        assert piece in raw


def test_g083_a_client_of_http_1_0_sees_that_a_stream_is_cut() -> None:
    streams = Streams(b"data: 1\n\n", then=RuntimeError("broken off"))
    with serving(streams) as gateway, gateway.connect() as opened:
        opened.sendall(request(body=b"{}").replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        read_until(opened, b"data: 1\n\n")
        with pytest.raises(ConnectionResetError):
            opened.recv(65536)


def leave(opened: socket.socket, *, reset: bool) -> float:
    """Close a connection; return the time."""
    if reset:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.close()
    return time.monotonic()


@pytest.mark.parametrize("reset", [False, True])
def test_g085_a_client_that_leaves_before_the_answer_ends_the_call_at_once(reset: bool) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def handler(**_: Any) -> GatewayAnswer:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.set()
            raise
        return GatewayAnswer()

    with ServedGateway({"endpoints.chat:answer_chat": handler}) as gateway:
        opened = gateway.connect()
        opened.sendall(request(body=b"{}"))
        assert begun.wait(5)
        left = leave(opened, reset=reset)
        assert ended.wait(5)
        assert time.monotonic() - left < 0.1


@pytest.mark.parametrize("reset", [False, True])
def test_g085_a_client_that_leaves_within_a_stream_ends_it_at_once(reset: bool) -> None:
    streams = Streams(b"data: 1\n\n", waits=True)
    with serving(streams) as gateway:
        opened = gateway.connect()
        opened.sendall(request(body=b"{}"))
        read_until(opened, b"data: 1\n\n")
        left = leave(opened, reset=reset)

        assert eventually(lambda: streams.ended != [])
        assert streams.ended == ["CancelledError"]
        assert streams.ended_at - left < 0.1
        assert eventually(lambda: gateway.drain.running == 0)


def test_g085_a_client_that_leaves_while_it_is_sent_to_closes_the_stream() -> None:
    streams = Streams(*[b"x" * 100_000] * 1000)
    with serving(streams) as gateway:
        opened = gateway.connect()
        opened.sendall(request(body=b"{}"))
        read_until(opened, b"xxx")
        assert eventually(lambda: is_still(lambda: streams.taken))
        leave(opened, reset=False)

        assert eventually(lambda: streams.ended == ["GeneratorExit"])
        assert eventually(lambda: gateway.drain.running == 0)


def is_still(value: Any) -> bool:
    before = value()
    time.sleep(0.1)
    return bool(value() == before)


def test_g086_a_client_that_reads_nothing_stops_the_stream() -> None:
    streams = Streams(*[b"x" * 50_000] * 400)
    with serving(streams) as gateway, gateway.connect(receive_buffer=65536) as opened:
        opened.sendall(request(body=b"{}", connection="close"))
        assert eventually(lambda: streams.taken > 1 and is_still(lambda: streams.taken))
        taken = streams.taken
        reply = parsed(read_all(opened))

    # 64 KiB of ours, twice 256 KiB of the kernel for us, and what it keeps for the client.
    assert taken * 50_000 < 1.5 * 2**20
    assert len(reply.body) == 400 * 50_000
    assert streams.ended == ["whole"]


def test_g086_a_client_that_reads_nothing_for_long_is_dropped() -> None:
    streams = Streams(*[b"x" * 50_000] * 400)
    with (
        serving(streams, write_stall=0.3) as gateway,
        gateway.connect(receive_buffer=65536) as opened,
    ):
        opened.sendall(request(body=b"{}"))

        assert eventually(lambda: streams.ended == ["GeneratorExit"])
        assert not read_all(opened).endswith(b"0\r\n\r\n")


def test_g086_a_large_whole_answer_waits_for_its_reader_too() -> None:
    body = b"x" * (20 * 2**20)
    with (
        answering(GatewayAnswer(body=body)) as gateway,
        gateway.connect(receive_buffer=65536) as opened,
    ):
        opened.sendall(request(body=b"{}", connection="close"))
        assert eventually(lambda: gateway.drain.running == 1)
        time.sleep(0.2)
        assert gateway.drain.running == 1
        assert len(parsed(read_all(opened)).body) == len(body)


def test_g195_many_calls_that_end_in_every_way_leave_nothing_behind() -> None:
    streams = Streams(b"data: 1\n\n", waits=True)

    async def whole(gateway: Gateway, request: GatewayRequest, **_: Any) -> GatewayAnswer:
        await asyncio.sleep(float(request.query.get("sleep", "0")))
        return GatewayAnswer(body=b"ok")

    handlers: dict[str, Handler] = {
        "endpoints.chat:answer_chat": streams.answer,
        "endpoints.models:list_models": whole,
    }
    with ServedGateway(handlers) as gateway:
        for number in range(60):
            opened = gateway.connect()
            match number % 4:
                case 0:
                    opened.sendall(request(body=b"{}"))
                    read_until(opened, b"data: 1")
                case 1:
                    opened.sendall(request("GET", "/v1/models?sleep=30"))
                case 2:
                    opened.sendall(request(body=b"{}", content_length="100"))
                case 3:
                    opened.sendall(request("GET", "/v1/models"))
                    read_until(opened, b"ok")
            leave(opened, reset=number % 2 == 0)

        assert eventually(lambda: gateway.drain.running == 0)
        assert eventually(lambda: gateway.connections == set())


def test_g102_a_gateway_that_has_drained_answers_503_in_the_client_s_form() -> None:
    moments = iter([0.0, 0.0])
    drain = Drain(3600, monotonic=lambda: next(moments, 0.0))
    with ServedGateway({"endpoints.chat:answer_chat": echo}, drain=drain) as gateway:
        drain.begin()
        ready = gateway.ask("GET", "/readyz")
        called = gateway.ask(body=b"{}")

    assert (ready.status, ready.headers["retry-after"]) == (503, "1")
    assert (called.status, called.headers["connection"]) == (200, "close")


@pytest.mark.parametrize(
    ("path", "media_type", "last"),
    [
        ("/v1/messages", "text/event-stream", b"event: error\ndata: "),
        (CHAT, "text/event-stream", b'data: {"error":'),
        ("/v1/responses", "text/event-stream", b"event: response.failed\ndata: "),
        ("/v1beta/models/x:streamGenerateContent", "text/event-stream", b'data: {"error":'),
        ("/api/chat", "application/x-ndjson", b'{"error":'),
    ],
)
def test_g174_a_stream_whose_time_is_over_ends_with_an_error_of_its_api(
    path: str, media_type: str, last: bytes
) -> None:
    streams = Streams(b"something\n", waits=True)
    streams.media_type = media_type
    drain = Drain(0, limit=0.1)
    with serving(streams, drain=drain) as gateway, gateway.connect() as opened:
        opened.sendall(request("POST", path, b"{}"))
        read_until(opened, b"something\n")
        drain.begin()
        rest = read_all(opened)

    assert rest.endswith(b"0\r\n\r\n")
    assert last in rest
    assert streams.ended == ["CancelledError"]


def test_g174_a_call_whose_time_is_over_before_its_answer_is_a_503() -> None:
    async def handler(**_: Any) -> GatewayAnswer:
        await asyncio.sleep(60)
        return GatewayAnswer()

    drain = Drain(0, limit=0.1)
    with (
        ServedGateway({"endpoints.chat:answer_chat": handler}, drain=drain) as gateway,
        gateway.connect() as opened,
    ):
        opened.sendall(request("POST", "/v1/messages", b"{}"))
        assert eventually(lambda: drain.running == 1)
        drain.begin()
        reply = parsed(read_all(opened))

    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert reply.json["error"]["type"] == "overloaded_error"


def test_g174_a_call_in_progress_is_answered_while_the_gateway_ends() -> None:
    async def handler(**_: Any) -> GatewayAnswer:
        await asyncio.sleep(0.5)
        return GatewayAnswer(body=b"done")

    with (
        ServedGateway({"endpoints.chat:answer_chat": handler}) as gateway,
        gateway.connect() as opened,
    ):
        opened.sendall(request(body=b"{}"))
        assert eventually(lambda: gateway.drain.running == 1)
        gateway.drain.begin()
        reply = parsed(read_all(opened))

    assert (reply.status, reply.body) == (200, b"done")


@pytest.mark.parametrize("requests_before", [0, 1])
def test_g174_a_request_on_its_way_while_the_gateway_ends_is_answered(
    requests_before: int,
) -> None:
    with (
        ServedGateway({"endpoints.chat:answer_chat": echo}) as gateway,
        gateway.connect() as opened,
    ):
        assert eventually(lambda: len(gateway.connections) == 1)
        for _ in range(requests_before):
            opened.sendall(request("GET", "/healthz"))
            read_until(opened, b"ok")
        gateway.drain.begin()
        # By now, the gateway takes no connections.
        time.sleep(0.5)
        opened.sendall(request(body=b"{}"))
        reply = parsed(read_all(opened))

    assert (reply.status, reply.headers["connection"]) == (200, "close")


def test_g174_streams_in_progress_end_whole_while_the_gateway_ends() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(20):
            yield b"data: %d\n\n" % number
            await asyncio.sleep(0.03)

    async def handler(**_: Any) -> GatewayAnswer:
        return GatewayAnswer(headers=SSE, body=pieces())

    with ServedGateway({"endpoints.chat:answer_chat": handler}) as gateway:
        opened = [gateway.connect() for _ in range(64)]
        for each in opened:
            each.sendall(request(body=b"{}"))
        begun = [read_until(each, b"data: 0\n\n") for each in opened]
        gateway.drain.begin()
        replies = [
            parsed(first + read_all(each)) for first, each in zip(begun, opened, strict=True)
        ]
        for each in opened:
            each.close()

    assert {reply.body.count(b"data: ") for reply in replies} == {20}
