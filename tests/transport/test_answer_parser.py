"""Answers of HTTP/1.1, read from bytes that are cut anywhere."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.transport.answer_parser import AnswerParser, BadAnswerError

OK = b"HTTP/1.1 200 OK\r\n"


def read(*pieces: bytes, method: str = "POST") -> tuple[AnswerParser, bytes]:
    parser = AnswerParser(method)
    body = b""
    for piece in pieces:
        parser.feed(piece)
        body += parser.take() if parser.pieces else b""
    return parser, body


@st.composite
def cut_answers(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    """Draw the pieces of an answer, and its body."""
    parts = draw(st.lists(st.binary(min_size=1, max_size=30), max_size=5))
    body = b"".join(parts)
    if draw(st.booleans()):
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
        data = OK + b"Transfer-Encoding: chunked\r\nX-A: b\r\n\r\n" + chunks + b"0\r\n\r\n"
    else:
        data = OK + b"X-A: b\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    data = draw(st.sampled_from([b"", b"HTTP/1.1 103 Early\r\nlink: a\r\n\r\n"])) + data
    places = sorted({0, len(data), *draw(st.lists(st.integers(0, len(data)), max_size=6))})
    return [data[a:b] for a, b in pairwise(places)], body


@given(cut_answers())
def test_where_the_bytes_are_cut_makes_no_difference(answer: tuple[list[bytes], bytes]) -> None:
    pieces, body = answer
    parser, found = read(*pieces)

    assert (parser.status, found, parser.complete, parser.keeps_alive) == (200, body, True, True)
    assert parser.headers["x-a"] == "b"
    assert "link" not in parser.headers


@given(cut_answers(), st.data())
def test_an_answer_that_is_cut_is_never_complete(
    answer: tuple[list[bytes], bytes], data: st.DataObject
) -> None:
    whole = b"".join(answer[0])
    parser, _ = read(whole[: data.draw(st.integers(0, len(whole) - 1))])

    assert not parser.complete
    assert not parser.end()


def test_headers_with_one_name_are_joined_and_folded_lines_are_one() -> None:
    lines = b"X-A: b\r\nx-a: c\r\n  d\r\nretry-after: 5\r\nretry-after: 5\r\n"
    parser, _ = read(OK + lines + b"content-length: 0\r\n\r\n")

    assert parser.headers["x-a"] == "b, c  d"
    assert parser.headers["retry-after"] == "5"


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    parser, body = read(OK + b"\r\nabc")

    assert (body, parser.complete, parser.end(), parser.keeps_alive) == (b"abc", False, True, False)


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked "])
def test_the_end_of_the_connection_does_not_end_chunks(coding: bytes) -> None:
    parser, _ = read(OK + b"transfer-encoding: " + coding + b"\r\n\r\n1\r\na\r\n")

    assert not parser.end()


@pytest.mark.parametrize("more", [b"junk", OK + b"content-length: 1\r\n\r\nb"])
@pytest.mark.parametrize("at_once", [True, False])
def test_bytes_after_an_answer_are_no_part_of_it(more: bytes, at_once: bool) -> None:
    data = OK + b"content-length: 1\r\n\r\na"
    parser, body = read(data + more) if at_once else read(data, more)

    assert (parser.status, body, parser.complete, parser.keeps_alive) == (200, b"a", True, False)


@pytest.mark.parametrize("status", [b"204", b"304"])
def test_an_answer_without_a_body_ends_with_its_head(status: bytes) -> None:
    parser, _ = read(b"HTTP/1.1 " + status + b" X\r\n\r\n")

    assert (parser.complete, parser.keeps_alive) == (True, True)


def test_an_answer_to_HEAD_has_a_length_and_no_body() -> None:
    parser, _ = read(OK + b"content-length: 10\r\n\r\n", method="HEAD")
    surplus, body = read(OK + b"content-length: 3\r\n\r\nabc", method="HEAD")

    assert (parser.complete, parser.keeps_alive) == (True, True)
    assert (body, surplus.keeps_alive) == (b"", False)


BAD = {
    "another protocol": b"220 smtp.example\r\n",
    "a switch": b"HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    "a null byte": OK + b"x-a: \0\r\n\r\n",
    "two lengths": OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\n",
    "a negative length": OK + b"content-length: -1\r\n\r\n",
    "length and chunks": OK + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
    "packed chunks": OK + b"transfer-encoding: gzip, chunked\r\n\r\n",
    "a line end in the place of a chunk's": OK
    + b"transfer-encoding: chunked\r\n\r\n6\r\nhello\r\n0\r\n\r\n",
    "RTSP": b"RTSP/1.0 200 OK\r\n\r\n",
    "a status of 0": b"HTTP/1.1 000 X\r\n\r\n",
    "a chunk without a size": OK + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    "a space in a name": OK + b"x a: b\r\n\r\n",
    "a head without an end": OK + b"x-a: " + b"b" * 70_000,
    "a large head": OK + b"".join(b"x-%d: b\r\n" % n for n in range(9000)) + b"\r\n",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_bytes_that_are_not_HTTP_are_refused(data: bytes) -> None:
    with pytest.raises(BadAnswerError):
        read(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(BadAnswerError):
        parser, _ = read(OK + data)
        assert parser.begun
