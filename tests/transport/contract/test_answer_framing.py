"""The end of an answer: by its length, by chunks, by the end of the connection, or by its status.

https://www.rfc-editor.org/rfc/rfc9112#name-message-body-length
"""

import pytest

from transport.contract.answer_cases import AnswerCase, assert_outcome, case
from transport.contract.judgement import Contract, Listen
from transport.contract.outcomes import BROKEN, CUT, REFUSED
from transport.contract.raw_server import chunked, chunks, head, split, whole

CHUNKED = head("transfer-encoding: chunked")
LONG = b"0123456789" * 10_000

WHOLE = [
    case("a length", whole(), "200 hello", "reuses it"),
    case("a length of 0", whole(b""), "200", "reuses it"),
    case("a length with leading zeros", head("content-length: 005") + b"hello", "200 hello"),
    case("a length between spaces", head("content-length: \t 5 \t") + b"hello", "200 hello"),
    case("a name in capitals", head("CONTENT-LENGTH: 5") + b"hello", "200 hello", "reuses it"),
    case("a name without a space", head("content-length:5") + b"hello", "200 hello", "reuses it"),
    case(
        "a name that only begins like the length",
        head("content-length-x: 0", "content-length: 5") + b"hello",
        "200 hello",
        "reuses it",
    ),
    case("a long body", whole(LONG), f"200 {len(LONG)} bytes", "reuses it"),
    case("chunks", chunked(b"he", b"llo"), "200 hello", "reuses it"),
    case("no chunk but the last", chunked(), "200", "reuses it"),
    case("a chunk a byte", chunked(*split(b"hello", range(1, 5))), "200 hello", "reuses it"),
    case("a long chunk", chunked(LONG), f"200 {len(LONG)} bytes", "reuses it"),
    case("many chunks", chunked(*[b"ab"] * 5_000), "200 10000 bytes", "reuses it"),
    case(
        "a size in capitals",
        CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n",
        "200 0123456789",
        "reuses it",
    ),
    case(
        "a size with leading zeros",
        CHUNKED + b"00005\r\nhello\r\n000\r\n\r\n",
        "200 hello",
        "reuses it",
    ),
    case("CHUNKED in capitals", head("transfer-encoding: CHUNKED") + chunks(b"hello"), "200 hello"),
    case(
        "chunks with extensions",
        CHUNKED + b"2;a\r\nhe\r\n3;b=c;d=e\r\nllo\r\n0;f=g\r\n\r\n",
        "200 hello",
        "reuses it",
    ),
    case(
        "an extension in quotes",
        CHUNKED + b'5;a="b; c";d="e"\r\nhello\r\n0\r\n\r\n',
        "200 hello",
        "reuses it",
    ),
    case(
        "line breaks within a chunk",
        chunked(b"0\r\n\r\n", b"\r\n"),
        "200 0\r\n\r\n\r\n",
        "reuses it",
    ),
    case(
        "trailers",
        CHUNKED + b"5\r\nhello\r\n0\r\nx-a: b\r\nx-c: d\r\n\r\n",
        "200 hello",
        "reuses it",
    ),
    case("no length", head() + b"hello", "200 hello"),
    case("no length and no body", head(), "200"),
    case("no length but keep-alive", head("connection: keep-alive") + b"hello", "200 hello"),
    case("no length and upgrade", head("connection: upgrade", "upgrade: h2c") + b"hi", "200 hi"),
    case("HTTP/1.0 without a length", b"HTTP/1.0 200 OK\r\n\r\nhello", "200 hello"),
    case(
        "HTTP/1.0 with keep-alive but without a length",
        b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\nhello",
        "200 hello",
    ),
    case(
        "HTTP/1.0 with a length",
        b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "200 hello",
        "opens another",
    ),
    case(
        "HTTP/1.0 with keep-alive and a length",
        b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello",
        "200 hello",
        "as it likes",
    ),
]

WITHOUT_A_BODY = [
    case("HEAD with a length", head("content-length: 5"), "200", "reuses it", "HEAD"),
    case("HEAD with chunks", CHUNKED, "200", "reuses it", "HEAD"),
    case("HEAD without a length", head(), "200", "as it likes", "HEAD"),
    case(
        "HEAD of an error", head("content-length: 9", status="404 No"), "404", "reuses it", "HEAD"
    ),
    case("204", head(status="204 No Content"), "204", "reuses it"),
    case("204 with a length", head("content-length: 5", status="204 No"), "204", "as it likes"),
    case(
        "204 with chunks", head("transfer-encoding: chunked", status="204 No"), "204", "as it likes"
    ),
    case("304", head(status="304 Not Modified"), "304", "reuses it"),
    case("304 with a length", head("content-length: 5", status="304 Same"), "304", "reuses it"),
    case("205 with a length of 0", whole(b"", status="205 Reset"), "205", "reuses it"),
    case("GET with a length", whole(), "200 hello", "reuses it", "GET"),
]

# Each byte after such an answer belongs to no answer.
WITH_A_BODY_ALL_THE_SAME = [
    case("HEAD with a body", whole(), "200", "opens another", "HEAD"),
    case("204 with a body", whole(status="204 No"), "204", "opens another"),
    case("304 with a body", whole(status="304 Same"), "304", "opens another"),
]

CUT_SHORT = [
    case("a length that is too long", head("content-length: 9") + b"hello", CUT),
    case("a length and no body", head("content-length: 5"), CUT),
    case("a length and the end of the head missing", head("content-length: 0")[:-2], CUT),
    case("chunks without the last", CHUNKED + b"5\r\nhello\r\n", CUT),
    case("chunks without the empty line", CHUNKED + b"5\r\nhello\r\n0\r\n", CUT),
    case("a chunk that is cut", CHUNKED + b"9\r\nhello", CUT),
    case("a size that is cut", CHUNKED + b"5\r\nhello\r\n1", CUT),
    case("trailers that are cut", CHUNKED + b"5\r\nhello\r\n0\r\nx-a: b\r\n", CUT),
    case("no chunk at all", CHUNKED, CUT),
    case("nothing", b"", CUT),
]

DAMAGED_CHUNKS = [
    case("a size in letters", CHUNKED + b"zz\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("an empty size", CHUNKED + b"\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a negative size", CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a size with a plus", CHUNKED + b"+5\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a size with 0x", CHUNKED + b"0x5\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a size with an underscore", CHUNKED + b"0_5\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a size beyond 64 bits", CHUNKED + b"1" + b"0" * 16 + b"5\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a size of a hundred digits", CHUNKED + b"9" * 100 + b"\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a size with a null byte", CHUNKED + b"5\0\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a size with words after a space", CHUNKED + b"5 abc\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a size that is too small", CHUNKED + b"3\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a size that is too large", CHUNKED + b"6\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a chunk that ends with other bytes", CHUNKED + b"5\r\nhello__0\r\n\r\n", BROKEN),
    case("a chunk that ends with only CR", CHUNKED + b"5\r\nhello\r_0\r\n\r\n", BROKEN),
    case(
        "quotes that do not end", CHUNKED + b'5;a="b\r\nhello\r\n0\r\n\r\n', {*BROKEN, "200 hello"}
    ),
    case("a null byte in an extension", CHUNKED + b"5;a\0b\r\nhello\r\n0\r\n\r\n", BROKEN),
    case("a trailer without a colon", CHUNKED + b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n", BROKEN),
]

# A client may be lenient here, but must not read anything else.
AS_IT_LIKES = [
    case(
        "a size with a space after it",
        CHUNKED + b"5 \r\nhello\r\n0\r\n\r\n",
        {*BROKEN, "200 hello"},
    ),
    case(
        "a semicolon and no extension",
        CHUNKED + b"5;\r\nhello\r\n0\r\n\r\n",
        {*BROKEN, "200 hello"},
    ),
    case("chunks with bare LF", CHUNKED + b"5\nhello\n0\n\n", {*BROKEN, "200 hello"}),
    case(
        "HTTP/1.0 with chunks",
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks(b"hello"),
        {REFUSED, "200 hello"},
    ),
]


@pytest.mark.parametrize(
    "case",
    [*WHOLE, *WITHOUT_A_BODY, *WITH_A_BODY_ALL_THE_SAME, *CUT_SHORT, *DAMAGED_CHUNKS, *AS_IT_LIKES],
    ids=str,
)
def test_an_answer_ends_where_it_ends(contract: Contract, listen: Listen, case: AnswerCase) -> None:
    assert_outcome(contract, listen, case)
