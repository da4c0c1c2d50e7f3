import re
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmring.dialects.sse import EventSplitter, LineSplitter, ServerEvent


def events_of(pieces: Iterable[bytes]) -> list[tuple[str, bytes]]:
    splitter = EventSplitter()
    events = [event for piece in pieces for event in splitter.feed(piece)]
    return [
        (event.name, event.data)
        for event in events + splitter.end()
        if event.data or not event.stray
    ]


def lines_of(pieces: Iterable[bytes]) -> list[bytes]:
    splitter = LineSplitter()
    return [line for piece in pieces for line in splitter.feed(piece)] + splitter.end()


def as_specified(body: bytes) -> list[tuple[str, bytes]]:
    """Split a whole body line by line, as the specification describes.

    Two differences are intended: an event without an empty line at the end counts, and one without
    data that has lines of no field is left to `stray`.
    """
    events = []
    name, data, stray = b"", b"", False
    for line in [*re.split(rb"\r\n|\n|\r", body.removeprefix(b"\xef\xbb\xbf")), b""]:
        if not line:
            if data and not (stray and data == b"\n"):
                events.append((name.decode("utf-8", "replace"), data[:-1]))
            name, data, stray = b"", b"", False
        elif not line.startswith(b":"):
            field, _, value = line.partition(b":")
            value = value[1:] if value.startswith(b" ") else value
            if field == b"event":
                name = value
            elif field == b"data":
                data += value + b"\n"
            elif field != b"id":
                stray = True
    return events


def cut(body: bytes, places: Iterable[int]) -> Iterator[bytes]:
    last = 0
    for place in sorted(place % (len(body) + 1) for place in places):
        yield body[last:place]
        last = place
    yield body[last:]


PIECES = [
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"data: x",
    b"data:y",
    b"data",
    b"data:  z ",
    b"event: end",
    b"event:",
    b": comment",
    b"id: 1",
    b"\xef\xbb\xbf",
    b"\xff",
    "é".encode(),
]
BODIES = st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join)
PLACES = st.lists(st.integers(0, 500), max_size=12)


@given(body=BODIES, places=PLACES)
@example(body=b"data: x\r\n\r\n", places=[10])
@example(body=b"data: x\n\r\n\ndata: y\n\n", places=[8, 9, 10])
@example(body=b"\xef\xbb\xbfdata: x\n\n", places=[1, 2])
def test_events_are_as_specified_however_the_bytes_are_cut(body: bytes, places: list[int]) -> None:
    assert events_of(cut(body, places)) == as_specified(body)


@given(body=BODIES)
def test_events_are_as_specified_byte_by_byte(body: bytes) -> None:
    assert events_of(body[at : at + 1] for at in range(len(body))) == as_specified(body)


def test_lines_that_are_no_field_are_kept() -> None:
    splitter = EventSplitter()

    assert splitter.feed(b": note\nid: 1\nretry: 2\ndata: x\ngone\n\n{\n}\n\n") == [
        ServerEvent("", b"x", b"gone"),
        ServerEvent("", b"", b"{\n}"),
    ]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_an_event_is_returned_as_soon_as_its_empty_line_arrives(line_end: bytes) -> None:
    splitter = EventSplitter()

    assert splitter.feed(b"data: now" + line_end * 2) == [ServerEvent("", b"now")]


def test_an_lf_after_a_cr_starts_no_new_line() -> None:
    assert events_of([b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n"]) == [("", b"a\nb")]


def test_lines_of_data_are_joined_with_line_feeds() -> None:
    assert events_of([b"event: note\ndata: one\ndata: two\n\n"]) == [("note", b"one\ntwo")]


def test_comments_and_unknown_fields_are_skipped() -> None:
    assert events_of([b": busy\n\n", b"id: 7\nretry: 3\ndata: x\n\n"]) == [("", b"x")]


def test_an_event_without_data_is_skipped() -> None:
    assert events_of([b"event: ping\n\n"]) == []


def test_the_last_event_may_lack_its_empty_line() -> None:
    assert events_of([b"data: one\n\ndata: ", b"two"]) == [("", b"one"), ("", b"two")]


def test_a_long_event_in_small_pieces_is_read_in_linear_time() -> None:
    body = b"data: " + b"x" * 1_000_000 + b"\n\n"
    pieces = (body[at : at + 10] for at in range(0, len(body), 10))

    assert [len(data) for _, data in events_of(pieces)] == [1_000_000]


@given(
    lines=st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b".")), max_size=9),
    places=PLACES,
)
def test_lines_are_the_same_however_the_bytes_are_cut(
    lines: list[bytes], places: list[int]
) -> None:
    body = b"\n".join(lines)

    assert lines_of(cut(body, places)) == [line for line in lines if line.strip()]


def test_a_line_is_returned_as_soon_as_its_end_arrives() -> None:
    splitter = LineSplitter()

    assert splitter.feed(b'{"a":') == []
    assert splitter.feed(b' 1}\n{"b"') == [b'{"a": 1}']


def test_the_last_line_may_lack_its_end() -> None:
    assert lines_of([b"one\n\n", b"two"]) == [b"one", b"two"]
