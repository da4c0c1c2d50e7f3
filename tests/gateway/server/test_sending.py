"""Answers on their way to the client."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.gateway.http import GatewayAnswer
from llmring.gateway.server.sending import (
    LONGEST_HEADER,
    accepts_gzip,
    header_value,
    send_bytes,
    send_head,
    send_pieces,
)


class Sent:
    """What is sent to a client."""

    def __init__(self) -> None:
        self.messages: list[MutableMapping[str, Any]] = []

    async def __call__(self, message: MutableMapping[str, Any]) -> None:
        self.messages.append(message)


@given(st.text())
def test_g107_any_header_is_one_line_of_ascii_of_bounded_length(value: str) -> None:
    sent = header_value(value)

    assert len(sent) <= LONGEST_HEADER
    assert all(byte == 9 or 32 <= byte < 127 for byte in sent)


def test_g107_a_usual_header_is_sent_as_it_is() -> None:
    assert header_value("openai:gpt-4o 503 120ms; ok") == b"openai:gpt-4o 503 120ms; ok"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip", "x-gzip", "gzip;q=0.001", "GZIP ; q=1"])
def test_g070_gzip_is_accepted(accepted: str) -> None:
    assert accepts_gzip(accepted)


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.000", "gzipped", "a-gzip"])
def test_g070_gzip_is_not_accepted(accepted: str) -> None:
    assert not accepts_gzip(accepted)


def head_of(answer: GatewayAnswer) -> dict[bytes, bytes]:
    sent = Sent()
    asyncio.run(send_head(answer, sent))
    return dict(sent.messages[0]["headers"])


def test_g087_only_a_stream_has_the_headers_of_a_stream() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b""

    whole = head_of(GatewayAnswer(body=b"abc"))
    streamed = head_of(GatewayAnswer(body=pieces()))

    assert whole == {b"content-length": b"3"}
    assert streamed == {b"cache-control": b"no-store", b"x-accel-buffering": b"no"}
    assert head_of(GatewayAnswer(status=204)) == {}


def test_g086_a_large_body_is_sent_in_pieces() -> None:
    sent, body = Sent(), bytes(200_000)
    asyncio.run(send_bytes(body, sent))

    assert b"".join(message["body"] for message in sent.messages) == body
    assert max(len(message["body"]) for message in sent.messages) <= 65536
    assert all(message["more_body"] for message in sent.messages)


def test_g085_a_stream_is_closed_when_it_can_t_be_sent() -> None:
    closed = []

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"1"
            yield b"2"
        finally:
            closed.append(True)

    async def fail(_: MutableMapping[str, Any]) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        asyncio.run(send_pieces(pieces(), fail))
    assert closed == [True]
