"""The status line and the headers of an answer: those that are read, and those that are not HTTP.

https://www.rfc-editor.org/rfc/rfc9112#name-status-line
"""

import pytest

from transport.contract.answer_cases import AnswerCase, assert_outcome, case
from transport.contract.contenders import ContractClient
from transport.contract.judgement import Contract, Listen
from transport.contract.outcomes import CUT, REFUSED, request_to
from transport.contract.raw_server import answering, head, whole

END = b"\r\ncontent-length: 5\r\n\r\nhello"


def line(status_line: bytes) -> bytes:
    return status_line + END


def with_header(name_and_value: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + name_and_value + END


READ = [
    case("a status without a reason", line(b"HTTP/1.1 200 "), "200 hello", "reuses it"),
    case("a status without a space after it", line(b"HTTP/1.1 200"), "200 hello", "reuses it"),
    case("a reason after two spaces", line(b"HTTP/1.1 200  OK"), "200 hello", "reuses it"),
    case("a reason in Latin-1", line(b"HTTP/1.1 200 d\xe9j\xe0"), "200 hello", "reuses it"),
    case("a reason of 1,000 bytes", line(b"HTTP/1.1 200 " + b"a" * 1_000), "200 hello"),
    case("a status of no known meaning", line(b"HTTP/1.1 299 Odd"), "299 hello", "reuses it"),
    case("status 599", line(b"HTTP/1.1 599 Odd"), "599 hello", "reuses it"),
    case("a header without a value", with_header(b"x-a:"), "200 hello", "reuses it"),
    case("a header of spaces", with_header(b"x-a: \t \t"), "200 hello", "reuses it"),
    case("a header in Latin-1", with_header(b"x-a: caf\xe9"), "200 hello", "reuses it"),
    case("a header in UTF-8", with_header("x-a: café".encode()), "200 hello", "reuses it"),
    case("a name with odd signs", with_header(b"x-$_.!a: b"), "200 hello", "reuses it"),
    case("a header twice", with_header(b"x-a: b\r\nx-a: c"), "200 hello", "reuses it"),
    case("90 headers", with_header(b"\r\n".join([b"x-a: b"] * 90)), "200 hello", "reuses it"),
    case("a header of 8,000 bytes", with_header(b"x-a: " + b"b" * 8_000), "200 hello", "reuses it"),
    case("a header of 16,000 bytes", with_header(b"x-a: " + b"b" * 16_000), "200 hello"),
    case("a redirect is not followed", whole(b"", "location: /b", status="302 Go"), "302"),
]

# It is neither read as something else nor waited for.
REFUSED_AT_ONCE = [
    case("no HTTP but words", b"220 smtp.example ESMTP\r\n\r\n", REFUSED),
    case("SSH", b"SSH-2.0-OpenSSH_9.9\r\n", REFUSED),
    case("a page without a head", b"<html>hello</html>\r\n\r\n", REFUSED),
    case("an alert of TLS", b"\x15\x03\x01\x00\x02\x02\x46", {REFUSED, CUT}),
    case("a frame of HTTP/2", b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64", {REFUSED, CUT}),
    case("HTP", line(b"HTP/1.1 200 OK"), REFUSED),
    case("HTTPER", line(b"HTTPER/1.1 200 OK"), REFUSED),
    case("http in small letters", line(b"http/1.1 200 OK"), REFUSED),
    case("RTSP", line(b"RTSP/1.1 200 OK"), REFUSED),
    case("ICE", line(b"ICE/1.1 200 OK"), REFUSED),
    case("ICY", line(b"ICY 200 OK"), REFUSED),
    case("HTTP/01.1", line(b"HTTP/01.1 200 OK"), REFUSED),
    case("HTTP/11.1", line(b"HTTP/11.1 200 OK"), REFUSED),
    case("HTTP/1.01", line(b"HTTP/1.01 200 OK"), REFUSED),
    case("HTTP/5.6", line(b"HTTP/5.6 200 OK"), REFUSED),
    case("HTTP/2 without a minor version", line(b"HTTP/2 200 OK"), REFUSED),
    case("HTTP/1", line(b"HTTP/1 200 OK"), REFUSED),
    case("a tab after the version", line(b"HTTP/1.1\t200 OK"), REFUSED),
    case("two spaces after the version", line(b"HTTP/1.1  200 OK"), REFUSED),
    case("a status of one digit", line(b"HTTP/1.1 2 OK"), REFUSED),
    case("a status of four digits", line(b"HTTP/1.1 2000 OK"), REFUSED),
    case("a status of letters", line(b"HTTP/1.1 abc OK"), REFUSED),
    case("a negative status", line(b"HTTP/1.1 -20 OK"), REFUSED),
    case("status 000", line(b"HTTP/1.1 000 Zero"), REFUSED),
    case("CR in the reason", line(b"HTTP/1.1 200 O\rK"), REFUSED),
    case("a null byte in a header", with_header(b"x-a: b\0c"), REFUSED),
    case("CR in a header", with_header(b"x-a: b\rx-c: d"), REFUSED),
    case("CR before the end of a header", with_header(b"x-a: b\r"), REFUSED),
    case("a header without a colon", with_header(b"nonsense"), REFUSED),
    case("a header without a name", with_header(b": b"), REFUSED),
    case("a space in a name", with_header(b"x a: b"), REFUSED),
    case("a null byte in a name", with_header(b"x\0a: b"), REFUSED),
    case("brackets in a name", with_header(b"x(a): b"), REFUSED),
    case("Latin-1 in a name", with_header(b"caf\xe9: b"), REFUSED),
    case("a header of 1 MiB", with_header(b"x-a: " + b"b" * 2**20), REFUSED),
    case("a name of 1 MiB", with_header(b"b" * 2**20 + b": b"), REFUSED),
    case("a reason of 1 MiB", line(b"HTTP/1.1 200 " + b"a" * 2**20), REFUSED),
    case("100,000 headers", with_header(b"\r\n".join([b"x-a: b"] * 100_000)), REFUSED),
]

# A client may be lenient here, but must not read anything else.
AS_IT_LIKES = [
    case("bare LF", (b"HTTP/1.1 200 OK" + END).replace(b"\r", b""), {REFUSED, "200 hello"}),
    case("bare LF after a header", with_header(b"x-a: b\nx-c: d"), {REFUSED, "200 hello"}),
    case("an empty line first", b"\r\n" + line(b"HTTP/1.1 200 OK"), {REFUSED, "200 hello"}),
    case("a folded header", with_header(b"x-a: b\r\n c"), {REFUSED, "200 hello"}),
    case("a header folded by a tab", with_header(b"x-a:\r\n\tb"), {REFUSED, "200 hello"}),
    case("a space before a colon", with_header(b"x-a : b"), {REFUSED, "200 hello"}),
    case("a control character in a header", with_header(b"x-a: b\x01c"), {REFUSED, "200 hello"}),
    case(
        "a space before the colon of the length",
        b"HTTP/1.1 200 OK\r\ncontent-length : 5\r\n\r\nhello",
        {REFUSED, "200 hello"},
        "as it likes",
    ),
    case(
        "a folded length",
        b"HTTP/1.1 200 OK\r\ncontent-length:\r\n 5\r\n\r\nhello",
        {REFUSED, "200 hello"},
        "as it likes",
    ),
    case("a null byte in the reason", line(b"HTTP/1.1 200 O\0K"), {REFUSED, "200 hello"}),
    case("a space before the first header", with_header(b" x-a: b"), {REFUSED, "200 hello"}),
    case("500 headers", with_header(b"\r\n".join([b"x-a: b"] * 500)), {REFUSED, "200 hello"}),
    case("status 999", line(b"HTTP/1.1 999 Odd"), {REFUSED, "999 hello"}),
    case("HTTP/1.2", line(b"HTTP/1.2 200 OK"), {REFUSED, "200 hello"}),
    case("HTTP/2.0 in words", line(b"HTTP/2.0 200 OK"), {REFUSED, "200 hello"}),
]


@pytest.mark.parametrize("case", [*READ, *REFUSED_AT_ONCE, *AS_IT_LIKES], ids=str)
def test_a_head_is_read_or_refused(contract: Contract, listen: Listen, case: AnswerCase) -> None:
    assert_outcome(contract, listen, case)


def test_the_names_of_headers_are_lower_case_and_trailers_are_none_of_them(
    contract: Contract, listen: Listen
) -> None:
    answer = head("X-Name: Value", "Transfer-Encoding: chunked") + b"0\r\nX-Late: b\r\n\r\n"
    server = listen(answering(answer))

    async def ask(client: ContractClient) -> dict[str, str]:
        exchange = await client.open(request_to(server.url), 10)
        await exchange.read()
        exchange.close()
        return dict(exchange.head.headers)

    headers = contract.run(ask)
    assert headers["x-name"] == "Value"
    assert all(name == name.lower() for name in headers)
    assert "x-late" not in headers


def test_a_folded_value_is_joined_by_spaces(contract: Contract, listen: Listen) -> None:
    answer = head("x-a: one\r\n two\r\n\tthree", "content-length: 0")
    server = listen(answering(answer))

    async def ask(client: ContractClient) -> str:
        try:
            exchange = await client.open(request_to(server.url), 10)
        except Exception as error:  # noqa: BLE001 - judged by its name
            return type(error).__name__
        exchange.close()
        return " ".join(exchange.head.headers["x-a"].split())

    contract.judge(contract.run(ask), {"one two three", REFUSED})
