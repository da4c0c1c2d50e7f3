"""Interim answers (1xx) before the answer.

https://www.rfc-editor.org/rfc/rfc9110#name-informational-1xx
"""

import pytest

from transport.contract.answer_cases import AnswerCase, assert_outcome, case
from transport.contract.judgement import Contract, Listen
from transport.contract.outcomes import CUT, LATE, REFUSED, outcome_of, request_to
from transport.contract.raw_server import Connection, chunked, head, whole

CONTINUE = head(status="100 Continue")
PROCESSING = head(status="102 Processing")
HINTS = head("link: </a>; rel=preload", status="103 Early Hints")
FINE = whole()

CASES = [
    case("100 before", CONTINUE + FINE, "200 hello", "reuses it"),
    case("100 before, in a piece of its own", (CONTINUE, FINE), "200 hello", "reuses it"),
    case("102 before", (PROCESSING, FINE), "200 hello", "reuses it"),
    case("103 before", (HINTS, FINE), "200 hello", "reuses it"),
    case("103 before, in the same piece", HINTS + FINE, "200 hello", "reuses it"),
    case("199 before", (head(status="199 Odd"), FINE), "200 hello", "reuses it"),
    case(
        "several before",
        (CONTINUE, PROCESSING + PROCESSING, HINTS + HINTS, FINE),
        "200 hello",
        "reuses it",
    ),
    case("103 before chunks", HINTS + chunked(b"he", b"llo"), "200 hello", "reuses it"),
    case("103 before 204", HINTS + head(status="204 No"), "204", "reuses it"),
    case("103 before HEAD", HINTS + head("content-length: 5"), "200", "reuses it", "HEAD"),
    case("100 before an error", CONTINUE + whole(status="500 Bad"), "500 hello", "reuses it"),
    case("103 split in its middle", (HINTS[:20], HINTS[20:] + FINE), "200 hello", "reuses it"),
    case("100 and the end", CONTINUE, CUT),
    case("100 after the answer", FINE + CONTINUE, "200 hello", "opens another"),
    # Not asked for, and what follows is not HTTP: it is an error, or an answer of that status.
    case(
        "101",
        head("upgrade: h2c", "connection: upgrade", status="101 Switching") + FINE,
        {REFUSED, "101"},
        "opens another",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_interim_answers_are_read_over(
    contract: Contract, listen: Listen, case: AnswerCase
) -> None:
    assert_outcome(contract, listen, case)


def test_interim_answers_without_end_end_at_the_deadline_or_before(
    contract: Contract, listen: Listen
) -> None:
    def script(connection: Connection) -> None:
        connection.receive()
        while connection.send(PROCESSING):
            connection.pause(0.01)

    server = listen(script)
    found = contract.run(lambda client: outcome_of(client, request_to(server.url), seconds=0.2))

    contract.judge(found, {LATE, REFUSED})
