"""The bytes of the events of a stream that is cut anywhere."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmring.client.replies.event_bytes import ENDS, EventBytes

SSE = ENDS["text/event-stream"]
LINES = ENDS["application/x-ndjson"]


def split(data: bytes, cuts: list[int], kind: object = SSE) -> tuple[list[bytes], bytes]:
    splitter = EventBytes(SSE if kind is SSE else LINES)
    places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    events = [
        event
        for begin, end in itertools.pairwise(places)
        for event in splitter.feed(data[begin:end])
    ]
    return events, splitter.end()


BITS = st.sampled_from([b"data: x", b"\n", b"\r\n", b"\r", b": c", b"\n\n", b"event: y"])


@given(st.lists(BITS, max_size=20).map(b"".join), st.lists(st.integers(0, 90)))
def test_no_byte_is_lost_or_moved_wherever_the_stream_is_cut(data: bytes, cuts: list[int]) -> None:
    events, rest = split(data, cuts)

    assert b"".join(events) + rest == data
    assert all(event.endswith((b"\n\n", b"\n\r\n", b"\r\r")) for event in events)


@given(
    st.lists(st.sampled_from([b"a", b"\n", b"\r\n"]), max_size=20).map(b"".join), st.integers(0, 9)
)
def test_lines_are_the_same_wherever_the_stream_is_cut(data: bytes, cut: int) -> None:
    assert split(data, [cut], LINES) == split(data, [], LINES)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_each_event_comes_with_its_own_end(end: bytes) -> None:
    data = b"data: 1" + end + b"data: 2" + end + b"data: 3"

    for cuts in ([], [*range(len(data))]):
        events, rest = split(data, cuts)
        assert events == [b"data: 1" + end, b"data: 2" + end]
        assert rest == b"data: 3"


def test_the_bytes_of_an_event_that_has_not_ended_are_counted() -> None:
    splitter = EventBytes(SSE)

    splitter.feed(b"data: 1\n\ndata")
    assert splitter.unfinished == 4
    splitter.feed(b": 2")
    assert splitter.unfinished == 7
    splitter.feed(b"\n\n")
    assert splitter.unfinished == 0
