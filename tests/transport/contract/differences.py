"""Cases in which llmring differs from aiohttp, and those in which it is not yet as it should be."""

from __future__ import annotations

from typing import NamedTuple


class Difference(NamedTuple):
    """A case with another outcome than aiohttp's.

    Attributes:
        case: The ID of the case.
        ours: The outcome that the contract demands.
        theirs: The outcome of aiohttp.
        reason: Why llmring does not do the same.
    """

    case: str
    ours: str
    theirs: str
    reason: str


_CUT, _REFUSED = "ProviderConnectionError", "ProviderResponseError"
_CHUNKS = "200 5\r\nhello\r\n0\r\n\r\n"

_COMPLETE = "the answer was complete; bytes behind it, in the same packet or not, do not damage it"
_STILL_PACKED = "the body is packed in a way that was not asked for, and would be taken for plain"
_NOT_CHUNKED = "the framing of chunks would be taken for the body"
_ENDS = "what has arrived is given before the error, so that no text of a stream is lost"

DIFFERENCES = (
    Difference(
        "HEAD with a body", "200, and opens another", f"{_REFUSED}, and opens another", _COMPLETE
    ),
    Difference(
        "204 with a body", "204, and opens another", f"{_REFUSED}, and opens another", _COMPLETE
    ),
    Difference(
        "304 with a body", "304, and opens another", f"{_REFUSED}, and opens another", _COMPLETE
    ),
    Difference(
        "a length that is too short",
        "200 hel, and opens another",
        f"{_REFUSED}, and opens another",
        _COMPLETE,
    ),
    Difference(
        "a length of 0 with a body",
        "200, and opens another",
        f"{_REFUSED}, and opens another",
        _COMPLETE,
    ),
    Difference(
        "the end of a chunked body with more behind it is where it ends",
        "200 on connection 1",
        f"{_REFUSED} to the first request",
        _COMPLETE,
    ),
    Difference(
        "a size that is too large",
        _REFUSED,
        "200 hello\r",
        "LF alone after a chunk hides that the chunk has another size",
    ),
    Difference(
        "a header of 16,000 bytes",
        "200 hello",
        _REFUSED,
        "policies and cookies of gateways are this long; browsers, curl and Go read them",
    ),
    Difference("RTSP", _REFUSED, "200 hello", "another protocol answers"),
    Difference("ICE", _REFUSED, "200 hello", "another protocol answers"),
    Difference("status 000", _REFUSED, "0 hello", "a status has three digits, from 100"),
    Difference("chunks that are packed", _REFUSED, "200 hello", _STILL_PACKED),
    Difference("chunks that are packed, in two lines", _REFUSED, "200 hello", _STILL_PACKED),
    Difference("chunks in chunks", _REFUSED, "200 hello", "only one layer would be taken off"),
    Difference(
        "chunks in chunks, in two lines", _REFUSED, "200 hello", "only one layer would be taken off"
    ),
    Difference("an encoding after chunks", _REFUSED, _CHUNKS, _STILL_PACKED),
    Difference("an encoding after chunks, in two lines", _REFUSED, _CHUNKS, _STILL_PACKED),
    Difference("identity after chunks", _REFUSED, _CHUNKS, _NOT_CHUNKED),
    Difference("an unknown transfer encoding", _REFUSED, _CHUNKS, _STILL_PACKED),
    Difference("xchunked", _REFUSED, _CHUNKS, _NOT_CHUNKED),
    Difference("chunkedchunked", _REFUSED, _CHUNKS, _NOT_CHUNKED),
    Difference("chunked in quotes", _REFUSED, _CHUNKS, _NOT_CHUNKED),
    Difference("chunked with a parameter", _REFUSED, _CHUNKS, _NOT_CHUNKED),
    Difference("a vertical tab before chunked", _REFUSED, _CHUNKS, _NOT_CHUNKED),
    Difference("chunked, folded", _REFUSED, _CHUNKS, _NOT_CHUNKED),
    Difference("chunked between tabs", "200 hello", _CHUNKS, _NOT_CHUNKED),
    Difference(
        "what arrived before a cut is given before the error",
        f"hello, then {_CUT}",
        f", then {_CUT}",
        _ENDS,
    ),
    Difference(
        "what arrived before a damaged chunk is given before the error",
        f"hello, then {_REFUSED}",
        "hello, then RuntimeError",
        "a damaged answer is an error of the provider, never one of the program",
    ),
    Difference(
        "a chunk that is damaged after the head is an error at once",
        "an error",
        "no end",
        "a reader would wait for ever, on a connection that is closed",
    ),
    Difference(
        "an answer on an idle connection is not that of the next request",
        "200 on connection 1",
        "200 junk",
        "an answer that no one asked for would be taken for that of another call",
    ),
    Difference(
        "an answer that came unnoticed on an idle connection is not that of the next request",
        "200 on connection 1",
        "200 junk",
        "an answer that no one asked for would be taken for that of another call",
    ),
    Difference(
        "a tunnel with bytes before TLS",
        _CUT,
        "200 hello",
        "bytes of the proxy within the tunnel are not skipped as if they were not there",
    ),
    Difference(
        "http through a proxy that answers 407",
        _CUT,
        "407 hello",
        "the proxy refuses, not the provider, so that its settings are named",
    ),
)

_SAME = "llmring's client does it as aiohttp until it has a parser of its own"

# Cases, with the reason, that llmring's client fails for now; each one is a strict xfail.
NOT_YET: dict[str, str] = {}
