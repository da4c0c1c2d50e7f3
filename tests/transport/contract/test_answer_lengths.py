"""Lengths and transfer encodings that are wrong, doubled, or at odds with one another.

https://www.rfc-editor.org/rfc/rfc9112#section-6.3-2.5
"""

import pytest

from transport.contract.answer_cases import AnswerCase, assert_outcome, case
from transport.contract.judgement import Contract, Listen
from transport.contract.outcomes import CUT, REFUSED
from transport.contract.raw_server import chunks, head


def length(*values: str) -> bytes:
    return head(*(f"content-length: {value}" for value in values)) + b"hello"


def encoded(*values: str, body: bytes = b"5\r\nhello\r\n0\r\n\r\n") -> bytes:
    return head(*(f"transfer-encoding: {value}" for value in values)) + body


BOTH = head("transfer-encoding: chunked", "content-length: 5") + chunks(b"hello")
BOTH_TURNED = head("content-length: 5", "transfer-encoding: chunked") + chunks(b"hello")

WRONG_LENGTHS = [
    case("a negative length", length("-5"), REFUSED),
    case("a length with a plus", length("+5"), REFUSED),
    case("a length with 0x", length("0x10"), REFUSED),
    case("a length with a point", length("5.0"), REFUSED),
    case("a length with an underscore", length("0_5"), REFUSED),
    case("a length with a space in it", length("5 5"), REFUSED),
    case("a length with a tab in it", length("5\t5"), REFUSED),
    case("a length in words", length("five"), REFUSED),
    case("a length in superscript", length("\xb2"), REFUSED),
    case("an empty length", length(""), REFUSED),
    case("a length beyond 64 bits", length("18446744073709551621"), REFUSED),
    case("a length of a hundred digits", length("9" * 100), REFUSED),
    case("a length of 2^63 - 1", length("9223372036854775807"), {CUT, REFUSED}),
    case("two different lengths", length("5", "6"), REFUSED),
    case("two different lengths in a list", length("5, 6"), REFUSED),
    case("a list with an empty end", length("5,"), {"200 hello", REFUSED}),
    case("two equal lengths", length("5", "5"), {"200 hello", REFUSED}),
    case("two equal lengths in a list", length("5, 5"), {"200 hello", REFUSED}),
    # The rest of the bytes belong to no answer.
    case("a length that is too short", length("3"), "200 hel", "opens another"),
    case("a length of 0 with a body", length("0"), "200", "opens another"),
]

TRANSFER_ENCODINGS = [
    case("length and chunks", BOTH, {"200 hello", REFUSED}, "opens another"),
    case("chunks and length", BOTH_TURNED, {"200 hello", REFUSED}, "opens another"),
    case("chunks that are packed", encoded("gzip, chunked"), REFUSED),
    case("chunks that are packed, in two lines", encoded("gzip", "chunked"), REFUSED),
    case("an encoding after chunks", encoded("chunked, gzip"), REFUSED),
    case("an encoding after chunks, in two lines", encoded("chunked", "gzip"), REFUSED),
    case("chunks in chunks", encoded("chunked, chunked"), REFUSED),
    case("chunks in chunks, in two lines", encoded("chunked", "chunked"), REFUSED),
    case("identity after chunks", encoded("chunked", "identity"), REFUSED),
    case("an unknown transfer encoding", encoded("foo"), REFUSED),
    case("xchunked", encoded("xchunked"), REFUSED),
    case("chunkedchunked", encoded("chunkedchunked"), REFUSED),
    case("chunked in quotes", encoded('"chunked"'), REFUSED),
    case("chunked with a parameter", encoded("chunked;a=b"), REFUSED),
    case("a vertical tab before chunked", encoded("\x0bchunked"), REFUSED),
    case(
        "an unknown transfer encoding and a length",
        length("5").replace(b"\r\n\r\n", b"\r\ntransfer-encoding: foo\r\n\r\n"),
        REFUSED,
    ),
    case("chunked, folded", head("transfer-encoding: chunked\r\n abc") + chunks(b"hello"), REFUSED),
    case("identity", encoded("identity", body=b"hello"), {"200 hello", REFUSED}),
    case(
        "identity and a length",
        head("transfer-encoding: identity", "content-length: 5") + b"hello",
        {"200 hello", REFUSED},
    ),
    case(
        "an empty transfer encoding",
        head("transfer-encoding:", "content-length: 5") + b"hello",
        {"200 hello", REFUSED},
    ),
    case("chunked after an empty part", encoded(", chunked"), {"200 hello", REFUSED}),
    case("chunked between tabs", encoded("\tchunked\t"), {"200 hello", REFUSED}),
]


@pytest.mark.parametrize("case", [*WRONG_LENGTHS, *TRANSFER_ENCODINGS], ids=str)
def test_an_answer_of_doubtful_length_is_refused(
    contract: Contract, listen: Listen, case: AnswerCase
) -> None:
    assert_outcome(contract, listen, case)
